"""Starts the bridge with open registration and lets the node clients of walk.mjs loose on it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from local.sandbox import sandbox


def main() -> int:
    with sandbox(settings={"REGISTRATION_OPEN_POLICY": "open"}) as place:
        told = {
            "url": place.url,
            "initialToken": place.authorization.removeprefix("Bearer "),
            "scope": place.scope,
            "gateway": {"id": place.introspection_client.client_id, "secret": place.introspection_client.secret},
        }
        command = ["node", str(Path(__file__).with_name("walk.mjs"))]
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": place.entra.ca_file}
        return subprocess.run(command, input=json.dumps(told), text=True, env=environment, timeout=120, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
