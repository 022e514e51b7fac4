"""Starts the bridge and has Schemathesis call the operations of its description: as a portal, as a gateway, and as nobody."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import requests

from local.sandbox import sandbox

ROOT = Path(__file__).parents[3]
CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance,answered_by_the_bridge"


def main() -> int:
    """Schemathesis's exit code, the worst of the three."""
    codes = []
    with sandbox(lag=(0, 0)) as place:
        # A line for each refusal would hide what Schemathesis says.
        logging.disable(logging.ERROR)
        headers = {"Authorization": place.authorization}
        client = requests.post(f"{place.url}/register", json={"grant_types": ["client_credentials"]}, headers=headers, timeout=30)
        gateway = place.introspection_client
        calls = {
            # A deletion would leave the others nothing to be about; tests/e2e has it.
            "a portal": ["--exclude-method", "DELETE", "--header", f"Authorization: {place.authorization}"],
            "a gateway": ["--include-path", "/introspect", "--auth", f"{gateway.client_id}:{gateway.secret}"],
            "nobody": [],
        }
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.clients.openapi.hooks",
            "PYTHONPATH": str(ROOT),
            "CLIENT_ID": client.json()["client_id"],
        }
        for caller, options in calls.items():
            sys.stdout.write(f"-- as {caller}\n")
            sys.stdout.flush()
            command = [sys.argv[1], "run", f"{place.url}/openapi.json", "--checks", CHECKS, "--generation-database", "none"]
            command += [
                "--phases",
                "coverage,fuzzing",
                "--max-examples",
                "10",
                "--seed",
                "1",
                "--no-color",
                *options,
                *sys.argv[2:],
            ]
            codes.append(subprocess.run(command, env=environment, timeout=600, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
