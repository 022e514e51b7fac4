"""The HTTP request and response that pass between the listener and the emulated services."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

JSON_CONTENT = "application/json; charset=utf-8"


@dataclass(slots=True)
class Request:
    """One request. `path` and `query_string` are as sent (percent-encoded); header names are lower-case."""

    method: str
    path: str
    query_string: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def segments(self) -> list[str]:
        """The path's segments, each decoded on its own, so that an encoded slash stays inside its segment."""
        return [unquote(part) for part in self.path.split("/") if part]

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last of a repeated name wins."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body read as application/x-www-form-urlencoded."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def host(self) -> str:
        """The Host header, with its port."""
        return self.headers.get("host", "")

    def json(self) -> Any:
        """The body read as JSON; None when empty; ValueError when it is not JSON."""
        return orjson.loads(self.body) if self.body else None


@dataclass(slots=True)
class Response:
    """One response, and what the listener does to it on the wire: a delay in seconds, or a cut.

    `cut` is "" (none), "reset" (the connection breaks, nothing is sent), "truncate" (half of the body is sent, then the end),
    "hang" (nothing is sent for `pace` seconds), "header_drip" or "body_drip" (they take `pace` seconds), "endless" (a body of
    `size` bytes without an announced end) or "garbage" (bytes that are not HTTP).
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: str = ""
    pace: float = 0.0
    size: int = 0

    @classmethod
    def of_json(cls, status: int, content: Any, headers: dict[str, str] | None = None) -> "Response":
        """`content` as JSON with the content type of the token service."""
        return cls(status, orjson.dumps(content), {"Content-Type": JSON_CONTENT, **(headers or {})})

    def json(self) -> Any:
        """The body read as JSON; None when empty."""
        return orjson.loads(self.body) if self.body else None
