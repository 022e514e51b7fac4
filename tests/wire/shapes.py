"""The recorded requests of real callers, ready to be sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests

from tests.wire.patience import eventually

FILE = Path(__file__).with_name("shapes.json")


@dataclass(frozen=True, slots=True)
class Shape:
    """One request: `headers` and `json` may hold placeholders; `needs` are the members that the caller can't do without."""

    product: str
    operation: str
    method: str
    path: str
    headers: Mapping[str, str]
    json: Any
    form: Mapping[str, str] | None
    status: int
    needs: tuple[str, ...]


@cache
def all_shapes() -> dict[tuple[str, str], Shape]:
    """The shapes by product and operation."""
    shapes = {}
    for entry in json.loads(FILE.read_text(encoding="utf-8")):
        request, expected = entry["request"], entry["expected_response"] or {}
        shape = Shape(
            entry["product"],
            entry["op"],
            request["method"],
            request["path"],
            request["headers"],
            request["json"],
            request["form"],
            expected.get("status", 0),
            tuple(expected.get("needs", ())),
        )
        shapes[shape.product, shape.operation] = shape
    return shapes


def replaced(value: Any, values: Mapping[str, str]) -> Any:
    """`value` with its placeholders, whole texts or parts of them, replaced."""
    if isinstance(value, dict):
        return {name: replaced(member, values) for name, member in value.items()}
    if isinstance(value, list):
        return [replaced(member, values) for member in value]
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(name, text)
    return value


def send(
    session: requests.Session, product: str, operation: str, url: str, values: Mapping[str, str], authorization: str | None
) -> requests.Response:
    """Send a shape to `url` with the caller's own headers; `authorization` is the value where the shape has a placeholder, or the
    header that every call of this caller carries."""
    shape = all_shapes()[product, operation]
    headers = {name: text for name, text in shape.headers.items() if name != "Authorization"}
    if authorization is not None:
        headers["Authorization"] = authorization
    body = None if shape.json is None else json.dumps(replaced(shape.json, values)).encode()

    def call() -> requests.Response:
        return session.request(shape.method, url, data=body, headers=headers, timeout=30)

    # 503 with Retry-After while replicas are behind, which whoever uses the portal meets as well.
    return eventually(call, lambda answer: answer.status_code != 503)


def check(response: requests.Response, product: str, operation: str, spared: str = "") -> dict[str, Any]:
    """The answer's JSON, when it has the status and all members that the caller needs, but for those that begin with
    `spared`; {} for an answer without a body."""
    shape = all_shapes()[product, operation]
    assert response.status_code == shape.status, (product, operation, response.status_code, response.text)
    if shape.status == 204:
        assert response.content == b""
        return {}
    assert response.headers["Content-Type"] == "application/json"
    answer: dict[str, Any] = response.json()
    for need in shape.needs:
        member, _, kind = need.partition(":")
        member = member.partition(" ")[0]
        if member == "full":
            assert {"client_id", "client_secret", "registration_access_token", "registration_client_uri"} <= answer.keys()
            assert {"redirect_uris", "grant_types", "response_types", "application_type"} <= answer.keys()
            continue
        if spared and member.startswith(spared):
            continue
        assert answer.get(member), (product, operation, member)
        if kind == "number":
            assert type(answer[member]) is int
    assert None not in answer.values()
    return answer
