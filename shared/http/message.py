"""The bridge's own HTTP request and response: what doors hand to use cases and take back from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as the Functions host delivers it.

    `headers` have lower-case names; repeated ones are joined with a comma, and so are repeated query parameters. `params` are
    the values of the route's templates. `body` is empty when the request came without a Content-Length, whatever was sent.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

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
