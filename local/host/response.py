"""What a function returned, as the HTTP response that the host makes of it.

Azure/azure-functions-host: HttpBinding.cs (a returned text), RawScriptResult.cs (headers and body),
GrpcMessageExtensionUtilities.cs (cookies), CustomHttpHeadersMiddleware.cs.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from local.host import protos

# What Kestrel lets through in a header it sends.
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json; charset=utf-8"
_BODILESS = frozenset({204, 205, 304})


@dataclass(slots=True)
class HostResponse:
    """A response: status, header pairs in order, body. Without a Content-Length it goes out in chunks, as from the real host."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header by its name in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def add_if_absent(self, name: str, value: str) -> None:
        """Add a header unless the response has one of that name."""
        if self.header(name) is None:
            self.headers.append((name, value))


def empty_response(status: int) -> HostResponse:
    """The host's own answer (401, 404, 500, ...): no body, and a Content-Length that says so."""
    return HostResponse(status, [("Content-Length", "0")])


def response_of(value: protos.TypedData | None) -> HostResponse:
    """The response for what a function returned or set, None if it did neither.

    Without any the answer is 204 (Microsoft Learn, "Azure Functions HTTP triggers and bindings overview"). A header that must not
    go over the wire makes it a 500, as Kestrel throws on it.
    """
    if value is None or value.kind is None:
        return HostResponse(204)
    response = _response_of_http(value.value) if value.kind == "http" else _response_of_text(value.value)
    for name, text in response.headers:
        if not _HEADER_VALUE.fullmatch(text) or not _HEADER_NAME.fullmatch(name):
            return empty_response(500)
    if response.status in _BODILESS:
        response.body = b""
    return response


def _response_of_http(http: protos.RpcHttp) -> HostResponse:
    # The dictionary on its way through has one value a name: names that differ in case only are one header to the host too.
    headers = list({name.lower(): (name, value) for name, value in http.headers.items()}.values())
    headers.extend(("Set-Cookie", _set_cookie(cookie)) for cookie in http.cookies or ())
    try:
        status = int(http.status_code)
    except ValueError:
        status = 200
    body: bytes = http.body.value if http.body is not None and http.body.kind == "bytes" else b""
    return HostResponse(status, headers, body)


def _response_of_text(returned: Any) -> HostResponse:
    """A function that returns a text: the host reads it as JSON, and an object with `body` in it as a response."""
    content: Any = returned
    if isinstance(returned, str):
        try:
            content = json.loads(returned)
        except ValueError:
            content = returned
    status = 200
    headers: dict[str, Any] = {}
    if isinstance(content, dict):
        parts = {name.lower(): value for name, value in content.items()}
        if "body" in parts:
            content = parts["body"]
            headers = parts["headers"] if isinstance(parts.get("headers"), dict) else {}
            status = _status(parts.get("statuscode", parts.get("status")))
    response = HostResponse(status, [(str(name), str(value)) for name, value in headers.items()])
    if content is None:
        response.status = 204 if status == 200 else status
    elif isinstance(content, str):
        response.add_if_absent("Content-Type", _TEXT)
        response.body = content.encode()
    else:
        response.add_if_absent("Content-Type", _JSON)
        response.body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return response


def _status(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 200


def _set_cookie(cookie: protos.RpcHttpCookie) -> str:
    # ASP.NET Core's SetCookieHeaderValue: the value percent-encoded, the attributes in this order.
    parts = [f"{cookie.name}={quote(cookie.value, safe='')}"]
    if cookie.expires is not None:
        parts.append(f"expires={format_datetime(datetime.fromtimestamp(cookie.expires.value.seconds, UTC), usegmt=True)}")
    if cookie.max_age is not None:
        parts.append(f"max-age={int(cookie.max_age.value)}")
    if cookie.domain is not None and cookie.domain.value:
        parts.append(f"domain={cookie.domain.value}")
    if cookie.path is not None and cookie.path.value:
        parts.append(f"path={cookie.path.value}")
    if cookie.secure is not None and cookie.secure.value:
        parts.append("secure")
    same_site = {1: "lax", 2: "strict", 3: "none"}.get(cookie.same_site)
    if same_site:
        parts.append(f"samesite={same_site}")
    if cookie.http_only is not None and cookie.http_only.value:
        parts.append("httponly")
    return "; ".join(parts)
