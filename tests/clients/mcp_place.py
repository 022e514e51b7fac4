"""The bridge as docs/mcp.md sets it up for one MCP server, which whoever walks here starts at `resource`."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.sandbox import Sandbox, free_port, sandbox

API = "3c9e7b51-8d2a-4f6e-9b10-7a5d4c3e2f18"
GATEWAY, SECRET = "mcp-server", "secret-of-the-mcp-server"
USER = ("ada@example.com", "correct horse")


@contextmanager
def mcp_place(*, offline: bool) -> Iterator[tuple[Sandbox, dict[str, Any]]]:
    """The sandbox, and what servers and clients are told of it; `offline`: whether the metadata list offline_access."""
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    settings = {
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_RESOURCE_APIS": json.dumps([{"app_id": API, "prefix": f"{resource}/"}]),
        "INTROSPECTION_CALLERS": json.dumps([{"client_id": GATEWAY, "secret_sha256": [digest], "audiences": [API]}]),
        "INTROSPECTION_OPTIONS": json.dumps({"grants": "enforce"}),
        "BRIDGE_OFFERS_OFFLINE_ACCESS": str(offline).lower(),
    }
    with sandbox(settings=settings, lag=(0, 0)) as place:
        place.entra.add_resource_api("MCP server", resource, scopes=("tools.read",), app_id=API)
        place.entra.add_user(*USER)
        told = {"server": resource, "port": port, "api": API, "entra": place.entra.url, "user": USER, "offline": offline}
        yield place, {**told, "bridge": place.url, "gateway": {"id": GATEWAY, "secret": SECRET}}
