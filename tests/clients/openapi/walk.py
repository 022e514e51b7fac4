"""Starts the bridge and has Schemathesis call every operation of its description, by a portal's credential and by a gateway's."""

import os
import subprocess
import sys
from pathlib import Path

from local.sandbox import sandbox

HERE = Path(__file__).parent
CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance,answered_by_the_bridge"


def main() -> int:
    with sandbox() as place:
        gateway = place.introspection_client
        calls = {
            "a portal": ["--header", f"Authorization: {place.authorization}"],
            "a gateway": ["--include-path", "/introspect", "--auth", f"{gateway.client_id}:{gateway.secret}"],
            "nobody": [],
        }
        codes = []
        for caller, options in calls.items():
            sys.stdout.write(f"-- as {caller}\n")
            sys.stdout.flush()
            command = [sys.argv[1], "run", f"{place.url}/openapi.json", "--checks", CHECKS, "--generation-database", "none"]
            command += ["--max-examples", "15", "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color", *options]
            environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.clients.openapi.hooks", "PYTHONPATH": str(HERE.parents[2])}
            done = subprocess.run([*command, *sys.argv[2:]], env=environment, timeout=1200, check=False)
            codes.append(done.returncode)
        return max(codes)


if __name__ == "__main__":
    sys.exit(main())
