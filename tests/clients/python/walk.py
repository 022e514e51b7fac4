"""Starts the bridge with open registration and initial access tokens, and lets the clients of clients.py loose on it."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.sandbox import sandbox
from shared.registration import tokens
from shared.registration.tokens import InitialAccess, Key, KeyRing

SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))


def main() -> int:
    settings = {
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_INITIAL_TOKEN_KEYS": json.dumps([{"id": key.id, "secret": key.secret} for key in SIGNING]),
    }
    with sandbox(settings=settings) as place:
        now = datetime.now(UTC)
        access = InitialAccess("j1", "pyoidc", "default", now + timedelta(hours=1))
        told = {"url": place.url, "initial_token": tokens.mint_initial_token(access, place.url, SIGNING, now)}
        command = [sys.argv[1], str(Path(__file__).with_name("clients.py"))]
        return subprocess.run(command, input=json.dumps(told), text=True, timeout=120, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
