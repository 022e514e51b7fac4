"""Runs in an environment that has the packages of requirements.txt alone: loads a deployed app and asks it two things.

Usage: python driver.py APP_DIRECTORY. Prints one JSON object: the load error of each function (null for none), and the answers.
"""

import asyncio
import json
import sys
from pathlib import Path

from local.host.app import FunctionsHost


async def ask(host: FunctionsHost, method: str, path: str) -> dict[str, object]:
    answer = await host.request(method, path)
    return {"status": answer.status, "body": json.loads(answer.body)}


def main() -> None:
    with FunctionsHost(Path(sys.argv[1])) as host:
        errors = {function.name: function.load_error for function in host.functions}
        health = asyncio.run(ask(host, "GET", "/health"))
        registration = asyncio.run(ask(host, "POST", "/register"))
        print(json.dumps({"errors": errors, "health": health, "registration": registration}))


main()
