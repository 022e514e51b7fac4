"""Runs in an environment that has the packages of requirements.txt alone: loads a deployed app and asks it for its health.

Usage: python driver.py APP_DIRECTORY. Prints one JSON object: the load error of each function (null for none), and the answer.
"""

import asyncio
import json
import sys
from pathlib import Path

from local.host.app import FunctionsHost


async def ask(host: FunctionsHost) -> dict[str, object]:
    answer = await host.request("GET", "/health")
    return {"status": answer.status, "body": answer.body.decode()}


def main() -> None:
    with FunctionsHost(Path(sys.argv[1])) as host:
        errors = {function.name: function.load_error for function in host.functions}
        print(json.dumps({"errors": errors, "health": asyncio.run(ask(host))}))


main()
