"""Messages that people meet, each with its cause and cure: the page in the docs, and what `explain` says of them."""

import inspect
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.sts.errors import ERRORS
from local.sandbox import ROOT
from shared import errors
from shared.commands.describe_errors import main as describe
from shared.commands.explain import main as explain
from shared.commands.messages import as_text, find_messages, known_messages
from shared.http.message import error_response


def explained(text: str) -> tuple[int, str]:
    output = io.StringIO()
    status = explain([], {}, io.StringIO(text), output)
    return status, output.getvalue()


def test_the_page_is_current() -> None:
    assert describe(["--check"]) == 0


def test_a_page_that_is_not_current_is_named_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert describe(["--check"], tmp_path) == 1
    assert describe([], tmp_path) == 0
    assert "docs/errors.md" in capsys.readouterr().out
    assert describe(["--check"], tmp_path) == 0


def test_each_message_has_a_cause_and_is_found_by_itself() -> None:
    for section in known_messages():
        for row in section.rows:
            assert row.cause, row.message
            assert row.codes or row.match, row.message
            for code in row.codes:
                assert find_messages(f"AADSTS{code}: something went wrong.")[0] == row
            for part in row.match:
                assert row in find_messages(f"It says: {part.upper()}!"), part


def test_links_lead_somewhere() -> None:
    for section in known_messages():
        for row in section.rows:
            for target in re.findall(r"\]\(([^)#]+)", f"{row.cause} {row.cure}"):
                assert (ROOT / "docs" / target).is_file(), target


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_that_clients_of_the_bridge_meet_is_known(code: int) -> None:
    """As Entra writes it, as its JSON has it, and within a portal's own text."""
    for text in (
        f"AADSTS{code}: {ERRORS[code][2]}",
        json.dumps({"error": ERRORS[code][1], "error_codes": [code], "error_description": "..."}),
        f"Login failed (AADSTS{code}). Contact your administrator.",
    ):
        status, said = explained(text)
        assert status == 0
        assert str(code) in said.splitlines()[0]
        assert "cause:" in said and "cure:" in said


def every_error(kind: type[errors.OAuthError] = errors.OAuthError) -> Iterator[type[errors.OAuthError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from every_error(sub)


@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_every_error_of_the_bridge_is_known(kind: type[errors.OAuthError]) -> None:
    usual: dict[str, Any] = {"description": "something", "allowed": ("GET",), "retry_after": 5}
    wanted = {name: usual[name] for name in inspect.signature(kind).parameters if name in usual}
    answer = error_response(kind(**wanted))
    status, said = explained(answer.body.decode())
    assert status == 0, answer.body
    assert "cause:" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Anypoint: 401 {"error": "Token has been revoked."}', "introspection said inactive"),
        ("Unexpected error processing Authentication Server response", "what answers isn't the bridge"),
        ("inactive token: reason=graph_audience", "api://<your API>/.default"),
        ("AADSTS 7000215", "secret"),
        (
            '{"error":"invalid_redirect_uri","error_description":"redirect_uris is missing, and a grant type needs it"}',
            "authorization_code",
        ),
        ("POST /v1.0/applications answered 403 Directory_QuotaExceeded: the quota", "directory role"),
        ("requests.exceptions.SSLError: CERTIFICATE_VERIFY_FAILED", "ENTRA_CA_BUNDLE"),
    ],
)
def test_says_cause_and_cure(text: str, expected: str) -> None:
    status, said = explained(text)
    assert (status, expected in said) == (0, True), said


@pytest.mark.parametrize("text", ["what?", "42", "AADSTS99999999: never heard of", "{}", "a b c"])
def test_what_is_neither_a_token_nor_known_is_looked_at_as_a_token(text: str) -> None:
    status, said = explained(text)
    assert status in (1, 2)
    assert "cause:" not in said


def test_a_message_never_shows_a_token() -> None:
    token = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln"
    status, said = explained(f'AADSTS700016 while sending "{token}"')
    assert status == 0
    assert token not in said


def test_several_messages_are_told_one_below_the_other() -> None:
    status, said = explained("AADSTS700016 and then AADSTS7000215")
    assert status == 0
    assert said.endswith("\n")
    lines = said.splitlines()
    assert [line.partition(":")[0] for line in lines if line.startswith("  ")] == ["  cause", "  cure"] * (len(lines) // 3)
    assert len(lines) % 3 == 0
    assert len(lines) >= 6


def test_a_terminal_is_shown_messages_without_markup() -> None:
    for message in (message for section in known_messages() for message in section.rows):
        first, cause, cure = as_text(message).split("\n")
        assert first == message.message.replace("`", "")
        assert (cause[:9], cure[:9]) == ("  cause: ", "  cure:  ")
        assert "`" not in cause + cure
