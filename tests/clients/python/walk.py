"""Starts the bridge with open registration and initial access tokens, and lets the clients of clients.py loose on it; then an MCP
server beside it, to which the MCP SDK's client finds its way from a 401 by itself."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from local.sandbox import sandbox
from shared.registration import tokens
from shared.registration.tokens import InitialAccess, Key, KeyRing
from tests.clients.mcp_place import mcp_place

SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))
HERE = Path(__file__).parent


def register(python: str) -> int:
    """Clients that register, each in its own way."""
    settings = {
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_INITIAL_TOKEN_KEYS": json.dumps([{"id": key.id, "secret": key.secret} for key in SIGNING]),
    }
    with sandbox(settings=settings, lag=(0, 0)) as place:
        now = datetime.now(UTC)
        access = InitialAccess("j1", "pyoidc", "default", now + timedelta(hours=1))
        told = {"url": place.url, "initial_token": tokens.mint_initial_token(access, place.url, SIGNING, now)}
        return _run([python, str(HERE / "clients.py")], told)


def call_a_tool(python: str, *, offline: bool) -> int:
    """An MCP server that is set up as docs/mcp.md says, and a client that knows nothing but its URL."""
    with mcp_place(offline=offline) as (place, told):
        gateway = told["gateway"]
        command = [python, str(HERE / "mcp_server.py"), str(told["port"]), place.url, gateway["id"], gateway["secret"]]
        server = subprocess.Popen(command)
        try:
            wait_for(told["server"])
            return _run([python, str(HERE / "mcp_client.py")], told, SSL_CERT_FILE=place.entra.ca_file)
        finally:
            server.terminate()
            server.wait(10)


def wait_for(url: str) -> None:
    """Until something answers there."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing answers at {url}")


def _run(command: list[str], told: object, **variables: str) -> int:
    environment = {**os.environ, **variables}
    return subprocess.run(command, input=json.dumps(told), text=True, env=environment, timeout=120, check=False).returncode


def main() -> int:
    python = sys.argv[1]
    return register(python) or call_a_tool(python, offline=True) or call_a_tool(python, offline=False)


if __name__ == "__main__":
    sys.exit(main())
