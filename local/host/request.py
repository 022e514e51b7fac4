"""An HTTP request as the host sees it, and as it hands it to a function.

Azure/azure-functions-host, GrpcMessageConversionExtensions.cs (ToRpcHttp); path rules as in ASP.NET Core's Kestrel.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

from local.host import protos

_ENCODED_SLASH = re.compile(r"(%2[fF])")
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|$)")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@-]*")
_SAFE_IN_PATH = "/%!$&'()*+,;=:@~"


@dataclass(slots=True)
class HostRequest:
    """A request whose path is decoded and whose headers have lower-case names, each with one value."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    scheme: str = "http"

    @classmethod
    def received(
        cls, method: str, raw_path: str, query_string: str, headers: Iterable[tuple[str, str]], body: bytes, scheme: str = "http"
    ) -> "HostRequest":
        """Make a request of what came over the wire: path and query still encoded, headers as sent, in order.

        A body counts only with a Content-Length: a chunked one is lost on its way to a worker in another process
        (Azure/azure-functions-host issues 4926 and 7930). Scheme and host are those the platform's front end forwards.
        """
        joined: dict[str, str] = {}
        for name, value in headers:
            name = name.lower()
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        if "content-length" not in joined:
            body = b""
        if "disguised-host" in joined:
            joined["host"] = joined["disguised-host"]
        return cls(method, decoded_path(raw_path), query_string, joined, body, joined.get("x-forwarded-proto", scheme))

    @property
    def url(self) -> str:
        """The absolute URL that the function gets."""
        path = self.path if _PLAIN_PATH.fullmatch(self.path) else quote(self.path, safe=_SAFE_IN_PATH)
        query = f"?{self.query_string}" if self.query_string else ""
        return f"{self.scheme}://{self.headers.get('host', 'localhost')}{path}{query}"

    @property
    def query(self) -> dict[str, str]:
        """Query parameters: repeated ones joined by a comma (names in any case), those without a value left out."""
        if not self.query_string:
            return {}
        names: dict[str, str] = {}
        values: dict[str, str] = {}
        for pair in self.query_string.split("&"):
            if not pair:
                continue
            name, _, value = pair.partition("=")
            name, value = unquote_plus(name), unquote_plus(value)
            name = names.setdefault(name.lower(), name)
            values[name] = f"{values[name]},{value}" if name in values else value
        return {name: value for name, value in values.items() if value}

    def for_worker(self, route_values: dict[str, str]) -> protos.TypedData:
        """The message that a function's HTTP trigger is given."""
        http = protos.RpcHttp(
            method=self.method,
            url=self.url,
            headers=self.headers,
            params=route_values,
            query=self.query,
            body=protos.TypedData(bytes=self.body) if self.body else protos.TypedData(),
        )
        return protos.TypedData(http=http)


def decoded_path(raw_path: str) -> str:
    """Decode a path, but for an encoded slash, which stays encoded; then take out `.` and `..` segments."""
    path = raw_path or "/"
    if "%" in path:
        path = "".join(part if _ENCODED_SLASH.fullmatch(part) else _decoded(part) for part in _ENCODED_SLASH.split(path))
    if "/." in path and _DOT_SEGMENT.search(path):
        path = _without_dot_segments(path)
    return path


def _decoded(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        # What is no UTF-8 stays as it was sent.
        return part


def _without_dot_segments(path: str) -> str:
    # RFC 3986, section 5.2.4.
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
