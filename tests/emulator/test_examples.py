"""The recorded calls in examples/: each is replayed, or listed below with the reason why it is not.

They were written from Microsoft's documentation, public issue reports and the code of production clients; each file names its
source and how far it can be trusted. Shape, status and error texts count; echoed values do not.
"""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from requests import Response

from tests.emulator.stages import CALLER, STAGES, Stage

EXAMPLES = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(Path(__file__).with_name("examples").glob("*.json"))}
# A first delta query has nothing to report as removed, though the example shows such an entry: test_delta.py has those.
EXAMPLES["graph_45_delta"]["response"]["body"]["value"].pop()
ELSEWHERE = {
    "sts_02_client_credentials_assertion": "its assertion must be signed: test_clients.py has MSAL make it",
    "token_01_v1_app_only": "a token, not a call: test_tokens.py",
    "token_02_v2_app_only": "a token, not a call: test_tokens.py",
    "token_03_v1_user": "a token, not a call: test_tokens.py",
    "token_04_v2_user": "a token, not a call: test_tokens.py",
    "token_05_graph_audience_app_only": "a token, not a call: test_tokens.py",
}
"""Examples that other tests cover, and where."""
NOT_COVERED: dict[str, str] = {}
"""Examples that nothing covers, and why."""
SHORTENED = {"graph_33_sp_create", "graph_45_delta", "graph_46_batch", "graph_51_restore", "graph_66_tenant_app_policy"}
"""Examples that show part of the answer: it may have more members."""


def test_every_example_is_replayed_or_accounted_for() -> None:
    assert set(EXAMPLES) == {*STAGES, *ELSEWHERE, *NOT_COVERED}


@pytest.mark.parametrize("name", sorted(STAGES))
def test_answers_like_the_example(name: str) -> None:
    example = EXAMPLES[name]
    stage = Stage()
    STAGES[name](stage)
    answer = replay(stage, example["request"], secret="wrong" if name == "sts_10_invalid_secret" else stage.caller_secret)
    expected = example["response"]
    assert answer.status_code == expected["status"], answer.text
    check_headers(answer, expected)
    if "body" not in expected:
        assert answer.content == b""
    elif isinstance(expected["body"], str):
        assert re.fullmatch(r"\d+", answer.text)
    elif name.startswith("oidc"):
        assert answer.json() == expected["body"]
    elif answer.status_code >= 400:
        assert comparable_error(answer.json()) == comparable_error(expected["body"])
    else:
        check_shape(answer.json(), expected["body"], exact=name not in SHORTENED)


def replay(stage: Stage, request: dict[str, Any], secret: str) -> Response:
    """Send an example's request to the host that it names, with the real token and secret in the places held for them."""
    headers = {name: value.replace("{token}", graph_token(stage)) for name, value in request.get("headers", {}).items()}
    form = {name: value.replace("{secret}", secret) for name, value in request["form"].items()} if "form" in request else None
    body = orjson.dumps(request["body"]) if "body" in request else None
    return stage.entra.session().request(request["method"], request["url"], headers=headers, data=form or body)


def graph_token(stage: Stage) -> str:
    """A token of the calling client, past the token service."""
    roles = stage.entra.directory.assigned_roles(stage.caller.id, stage.entra.directory.graph)
    return stage.entra.mint(audience="https://graph.microsoft.com", client_id=CALLER, version=1, roles=roles)


def check_headers(answer: Response, expected: dict[str, Any]) -> None:
    """Every header of the example is there; a body's content type is the same."""
    wanted = set(expected.get("headers", {})) - ({"Content-Type"} if answer.status_code == 204 else set())
    assert [name for name in sorted(wanted) if name not in answer.headers] == []
    for name in ("Content-Type", "Retry-After", "WWW-Authenticate", "x-ms-throttle-information"):
        if name in wanted:
            assert answer.headers[name] == expected["headers"][name]


def comparable_error(body: dict[str, Any]) -> dict[str, Any]:
    """An error body without what differs from call to call."""
    if "error_codes" in body:
        text = body["error_description"].partition(" Trace ID:")[0]
        same = {name: body[name] for name in ("error", "error_codes", "timestamp", "error_uri")}
        return {**same, "members": sorted(body), "text": text}
    error = body["error"]
    return {**error, "innerError": sorted(error["innerError"]), "members": sorted(error)}


def check_shape(actual: Any, expected: Any, exact: bool, path: str = "$") -> None:
    """The same members with the same JSON types; a null stands for a value of any type, an empty list for any list."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), path
        missing = set(expected) - set(actual)
        assert not missing, f"{path} lacks {missing}"
        assert not exact or set(actual) == set(expected), f"{path} has more: {set(actual) - set(expected)}"
        for name, value in expected.items():
            check_shape(actual[name], value, exact, f"{path}.{name}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), path
        for index, (one, other) in enumerate(zip(actual, expected, strict=False)):
            check_shape(one, other, exact, f"{path}[{index}]")
    elif actual is not None and expected is not None:
        assert type(actual) is type(expected), path
