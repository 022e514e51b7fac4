"""One authenticated call to Graph, as the functions that answer it see it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from emulator.graph.errors import bad_request
from emulator.message import Request, Response
from emulator.tenant import Tenant

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Key:
    """A key in a path: `name` is "id", or the property of an alternate key."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client id, its service principal's id, the application permissions (roles) and delegated ones (scopes)."""

    app_id: str
    principal_id: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    user_id: str | None = None

    def has(self, *permissions: str) -> bool:
        """Whether the caller holds any of `permissions`."""
        return not self.roles.isdisjoint(permissions)


@dataclass
class Call:
    """A request with its caller, the keys of its path, and the tenant it is about."""

    tenant: Tenant
    request: Request
    caller: Caller
    keys: list[Key] = field(default_factory=list)

    @cached_property
    def base(self) -> str:
        """The address of the service in links: scheme, host and /v1.0."""
        return f"{self.tenant.endpoint_base(self.request)}/v1.0"

    @cached_property
    def query(self) -> dict[str, str]:
        """The query parameters."""
        return self.request.query

    @property
    def key(self) -> Key:
        """The first key of the path."""
        return self.keys[0]

    def body(self) -> dict[str, Any]:
        """The JSON object that the request carries; GraphError when it carries none."""
        if not self.request.headers.get("content-type", "").lower().startswith("application/json"):
            raise bad_request("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
        try:
            content = self.request.json()
        except ValueError:
            raise bad_request("Unable to read JSON request payload. Please ensure Content-Type header is set.") from None
        if not isinstance(content, dict):
            raise bad_request("Unable to read JSON request payload. Please ensure payload is valid JSON object.")
        return content


def answer(status: int, content: dict[str, Any] | None = None, **headers: str) -> Response:
    """A Graph answer; without content it has no body."""
    if content is None:
        return Response(status, b"", dict(headers))
    return Response(status, orjson.dumps(content), {"Content-Type": CONTENT_TYPE, **headers})
