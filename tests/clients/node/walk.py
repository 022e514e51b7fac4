"""Starts the bridge with open registration and lets the node clients of walk.mjs loose on it; then those of mcp.mjs on a bridge
that is set up for an MCP server."""

import json
import os
import subprocess
import sys
from pathlib import Path

from local.sandbox import Sandbox, sandbox
from tests.clients.mcp_place import mcp_place


def run(script: str, place: Sandbox, told: object) -> int:
    """One script in node, which is told where everything is."""
    command = ["node", str(Path(__file__).with_name(script))]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": place.entra.ca_file}
    return subprocess.run(command, input=json.dumps(told), text=True, env=environment, timeout=120, check=False).returncode


def main() -> int:
    with sandbox(settings={"REGISTRATION_OPEN_POLICY": "open"}, lag=(0, 0)) as place:
        told = {
            "url": place.url,
            "initialToken": place.authorization.removeprefix("Bearer "),
            "scope": place.scope,
            "gateway": {"id": place.introspection_client.client_id, "secret": place.introspection_client.secret},
        }
        failed = run("walk.mjs", place, told)
    for offline in (True, False):
        if not failed:
            with mcp_place(offline=offline) as (place, address):
                failed = run("mcp.mjs", place, address)
    return failed


if __name__ == "__main__":
    sys.exit(main())
