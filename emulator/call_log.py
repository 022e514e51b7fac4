"""The log of calls that the emulator received, for tests and people to look at."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from emulator.message import Request, Response

HIDDEN = frozenset(
    {"client_secret", "client_assertion", "password", "code", "refresh_token", "code_verifier", "device_code", "access_token"}
)
LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """One call: decoded path, query, body (JSON or form; secrets replaced), the answer's status, when, and how it ended."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    body: Any = field(repr=False)
    at: float
    outcome: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)


class CallLog(list[ReceivedCall]):
    """The calls in the order received; the oldest go when there are too many."""

    def note(self, request: Request, response: Response, at: float, outcome: str) -> None:
        """Add one call."""
        if len(self) >= LIMIT:
            del self[: LIMIT // 2]
        headers = {name: value for name, value in request.headers.items() if name not in ("authorization", "cookie")}
        path = "/" + "/".join(request.segments)
        self.append(ReceivedCall(request.method, path, request.query, response.status, _body(request), at, outcome, headers))

    def of(self, method: str, path: str) -> list[ReceivedCall]:
        """The calls of one method whose path ends with `path`."""
        return [call for call in self if call.method == method and call.path.endswith(path)]


def _body(request: Request) -> Any:
    if not request.body:
        return None
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {name: "***" if name in HIDDEN else value for name, value in request.form.items()}
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None
