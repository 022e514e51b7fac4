"""Requests below the prefix of a dialect, as its door hands them over."""

import json
from collections.abc import Mapping
from typing import Protocol

from shared.errors import OAuthError
from shared.http.exchange import Exchange
from shared.http.message import Request, Response, error_response
from tests.functional.registration.bridge import Bridge


class Portal(Protocol):
    """What the dialects have in common."""

    def answer(self, exchange: Exchange) -> Response: ...


def call(
    bridge: Bridge,
    portal: Portal,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: object = None,
    query: Mapping[str, str] | None = None,
) -> Response:
    """The answer, an error rendered. `body` is bytes as they are, or anything else as JSON."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json", **headers}
    request = Request(method, f"/{path}", sent, query or {}, {"path": path}, raw)
    try:
        return portal.answer(Exchange(request, bridge.deadline()))
    except OAuthError as error:
        return error_response(error)
    finally:
        bridge.work_behind()
