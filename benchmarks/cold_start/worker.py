"""One worker that starts, loads the functions of an app through the platform's worker library, and answers its first request.

Run in a process of its own: `python -m benchmarks.cold_start.worker MODE`, settings in the environment. Prints JSON: milliseconds
from nothing loaded to the functions loaded, and from there to the first answer. The worker library itself is there before.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.cold_start.settings import AUDITOR, GATEWAY, PORTAL, registration_body
from local.host.app import FunctionsHost

ROOT = Path(__file__).resolve().parents[2]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def app_of(directory: Path, functions: list[str]) -> Path:
    """An app of these functions alone."""
    shutil.copy(ROOT / "host.json", directory)
    for name in functions:
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    return directory


def with_empty_functions(directory: Path, names: list[str]) -> Path:
    """An app with functions besides that do nothing: what the platform's worker costs by itself."""
    for name in names:
        trigger = {"authLevel": "anonymous", "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"]}
        bindings = [{**trigger, "route": name}, {"type": "http", "direction": "out", "name": "$return"}]
        (directory / name).mkdir()
        (directory / name / "function.json").write_text(json.dumps({"scriptFile": "__init__.py", "bindings": bindings}))
        (directory / name / "__init__.py").write_text(
            "import azure.functions as func\n\n\nasync def main(req: func.HttpRequest) -> func.HttpResponse:\n"
            '    return func.HttpResponse("")\n'
        )
    return directory


async def first_answer(host: FunctionsHost, method: str, path: str) -> Any:
    """One call of a door, by who may."""
    if path == "/introspect":
        return await host.request(method, path, {**FORM, "Authorization": GATEWAY}, b"token=x")
    body = registration_body("Orders") if path == "/register" or method == "PUT" else b""
    headers = {**(JSON if body else {}), "Authorization": AUDITOR if path == "/audit" else PORTAL}
    return await host.request(method, path, headers, body)


async def answers(host: FunctionsHost, mode: str) -> float:
    """The time at which the first answer is there."""
    probe = asyncio.create_task(host.request("GET", "/health")) if mode == "beside a probe" else None
    if probe is not None:
        await asyncio.sleep(0)
    if mode.startswith("door "):
        answer = await first_answer(host, *mode.split()[1:])
    elif mode == "empty":
        answer = await host.request("GET", "/empty")
    elif mode == "registration":
        answer = await host.request("POST", "/register", {**JSON, "Authorization": PORTAL}, registration_body("Orders"))
    else:
        # A token that isn't one: what is measured is the worker, not the network.
        answer = await host.request("POST", "/introspect", {**FORM, "Authorization": GATEWAY}, b"token=x")
    done = time.perf_counter()
    assert answer.status in (200, 201), answer.body
    if probe is not None:
        await probe
    return done


def main(mode: str) -> None:
    """Measures and prints."""
    sys.path.insert(0, str(ROOT))
    if mode == "libraries":
        begun = time.perf_counter()
        import msal  # noqa: F401
        import requests  # noqa: F401
        from pydantic import BaseModel, Field, TypeAdapter  # noqa: F401 - the package loads what its names are first asked for

        print(json.dumps({"loaded": (time.perf_counter() - begun) * 1000, "answered": 0.0}))
        return
    with tempfile.TemporaryDirectory() as directory:
        names = sorted(path.parent.name for path in ROOT.glob("*/function.json"))
        real = {"alone": ["introspect"], "padded": ["introspect"], "empty": []}.get(mode, names)
        empty = {"padded": [f"empty{number}" for number in range(len(names) - 1)], "empty": ["empty"]}.get(mode, [])
        app = with_empty_functions(app_of(Path(directory), real), empty)
        begun = time.perf_counter()
        with FunctionsHost(app) as host:
            loaded = time.perf_counter()
            done = asyncio.run(answers(host, mode))
    print(json.dumps({"loaded": (loaded - begun) * 1000, "answered": (done - loaded) * 1000}))


if __name__ == "__main__":
    main(sys.argv[1])
