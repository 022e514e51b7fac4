"""Starts the bridge with open registration and initial access tokens, and lets the clients of clients.py loose on it; then an MCP
server beside it, to which the MCP SDK's client finds its way from a 401 by itself."""

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from local.sandbox import free_port, sandbox
from shared.registration import tokens
from shared.registration.tokens import InitialAccess, Key, KeyRing

SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))
MCP_API = "3c9e7b51-8d2a-4f6e-9b10-7a5d4c3e2f18"
GATEWAY, SECRET = "mcp-server", "secret-of-the-mcp-server"
USER = ("ada@example.com", "correct horse")
HERE = Path(__file__).parent


def register(python: str) -> int:
    """Clients that register, each in its own way."""
    settings = {
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_INITIAL_TOKEN_KEYS": json.dumps([{"id": key.id, "secret": key.secret} for key in SIGNING]),
    }
    with sandbox(settings=settings) as place:
        now = datetime.now(UTC)
        access = InitialAccess("j1", "pyoidc", "default", now + timedelta(hours=1))
        told = {"url": place.url, "initial_token": tokens.mint_initial_token(access, place.url, SIGNING, now)}
        return _run([python, str(HERE / "clients.py")], told)


def call_a_tool(python: str, *, offline: bool) -> int:
    """An MCP server that is set up as docs/mcp.md says, and a client that knows nothing but its URL."""
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    settings = {
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_RESOURCE_APIS": json.dumps([{"app_id": MCP_API, "prefix": f"{resource}/"}]),
        "INTROSPECTION_CALLERS": json.dumps([{"client_id": GATEWAY, "secret_sha256": [digest], "audiences": [MCP_API]}]),
        "INTROSPECTION_OPTIONS": json.dumps({"grants": "enforce"}),
        "BRIDGE_OFFERS_OFFLINE_ACCESS": str(offline).lower(),
    }
    with sandbox(settings=settings) as place:
        place.entra.add_resource_api("MCP server", resource, scopes=("tools.read",), app_id=MCP_API)
        place.entra.add_user(*USER)
        command = [python, str(HERE / "mcp_server.py"), str(port), place.url, GATEWAY, SECRET]
        server = subprocess.Popen(command)
        try:
            _wait_for(resource)
            told = {"server": resource, "api": MCP_API, "entra": place.entra.url, "user": USER, "offline": offline}
            return _run([python, str(HERE / "mcp_client.py")], told, SSL_CERT_FILE=place.entra.ca_file)
        finally:
            server.terminate()
            server.wait(10)


def _wait_for(url: str) -> None:
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
