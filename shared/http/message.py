"""The bridge's own HTTP request and response: what doors hand to endpoints and take back from them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from shared.errors import InvalidRequest, OAuthError, PayloadTooLarge
from shared.secret import repr_without
from shared.strict_json import Ambiguous, JsonObject, read_object

JSON = "application/json"
# RFC 7591 section 3.2.1 and RFC 7662 section 4: answers that carry credentials or token state must not be stored.
NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store", "Pragma": "no-cache"})
# Bytes and levels of a JSON body.
LARGEST_BODY = 256 * 1024
DEEPEST_NESTING = 16


class Request(NamedTuple):
    """An HTTP request as the Functions host delivers it.

    `headers` have lower-case names; repeated ones are joined with a comma, and so are repeated query parameters. `params` are
    the values of the route's templates. `body` is empty when the request came without a Content-Length, whatever was sent.
    """

    method: str
    path: str
    headers: Mapping[str, str] = MappingProxyType({})
    query: Mapping[str, str] = MappingProxyType({})
    params: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""

    def __repr__(self) -> str:
        return repr_without(self, "body")

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without its parameters; empty when none is given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Response:
    """An HTTP response: status, body and one value for each header name, Content-Type among them.

    Not frozen: making a frozen one costs as much as several of introspection's checks.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps. The media type has no charset: some MuleSoft policies misread JSON that has one."""
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, encoded, {"Content-Type": JSON, **NO_STORE, **(headers or {})})


def public_response(body: object, seconds: int = 300) -> Response:
    """A JSON answer that anybody may have, and any cache may keep for so long."""
    answer = json_response(200, body)
    return Response(200, answer.body, {"Content-Type": JSON, "Cache-Control": f"public, max-age={seconds}"})


def error_response(error: OAuthError) -> Response:
    """RFC 7591 section 3.2.2 and RFC 6749 section 5.2: both members are always there, in ASCII."""
    return json_response(error.status, {"error": error.error, "error_description": error.description}, error.headers)


def parse_object(body: bytes, *, largest: int = LARGEST_BODY, deepest: int = DEEPEST_NESTING) -> JsonObject:
    """The one JSON object that a request's body is. Raises PayloadTooLarge above `largest` bytes, and InvalidRequest for an empty
    body and everything that isn't unambiguously one object (`shared.strict_json.read_object`)."""
    if len(body) > largest:
        raise PayloadTooLarge(f"the body is larger than {largest} bytes")
    if not body.strip():
        raise InvalidRequest("the body is empty; it must be a JSON object")
    try:
        return read_object(body, deepest)
    except Ambiguous as reason:
        raise InvalidRequest(f"the body is not acceptable JSON: {reason}") from None
