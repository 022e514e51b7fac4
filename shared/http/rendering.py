"""Answers as bytes: JSON without a charset, never cached, errors with `error` and `error_description`."""

import json
from collections.abc import Mapping
from types import MappingProxyType

from shared.errors import OAuthError
from shared.http.message import JSON, Response

# RFC 7591 section 3.2.1 and RFC 7662 section 4: answers that carry credentials or token state must not be stored.
NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store", "Pragma": "no-cache"})


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps. The media type has no charset: some MuleSoft policies misread JSON that has one."""
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, encoded, {"Content-Type": JSON, **NO_STORE, **(headers or {})})


def error_response(error: OAuthError) -> Response:
    """RFC 7591 section 3.2.2 and RFC 6749 section 5.2: both members are always there, in ASCII."""
    return json_response(error.status, {"error": error.error, "error_description": error.description}, error.headers)
