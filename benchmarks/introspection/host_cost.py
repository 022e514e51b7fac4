"""What introspection adds to an empty async function in the local host, on Microsoft's worker library.

Run in a process of its own: `python -m benchmarks.introspection.host_cost MATERIAL` prints JSON with microseconds.
"""

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.introspection.material import AUTHORIZATION, FORM, TENANT, make_introspection, read_material
from local.host.app import FunctionsHost
from shared.application import application

ROOT = Path(__file__).resolve().parents[2]
EMPTY = """import azure.functions as func


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return func.HttpResponse(b"{}", mimetype="application/json")
"""
ROUNDS, COUNT = 15, 200


def build_app(directory: Path) -> None:
    """The real door beside an empty function."""
    shutil.copy(ROOT / "host.json", directory)
    shutil.copytree(ROOT / "introspect", directory / "introspect", ignore=shutil.ignore_patterns("__pycache__"))
    empty = directory / "empty"
    shutil.copytree(directory / "introspect", empty)
    (empty / "__init__.py").write_text(EMPTY)
    description = (empty / "function.json").read_text().replace('"route": "introspect"', '"route": "empty"')
    (empty / "function.json").write_text(description)


async def measure(host: FunctionsHost, bodies: list[bytes]) -> dict[str, list[float]]:
    """Microseconds of each call, by target, in turns."""
    headers = {"Authorization": AUTHORIZATION, "Content-Type": FORM}
    times: dict[str, list[float]] = {"empty": [], "introspect": []}
    for round_number in range(ROUNDS + 1):
        for target, samples in times.items():
            for body in bodies[:COUNT]:
                begun = time.perf_counter()
                answer = await host.request("POST", f"/{target}", headers, body)
                if round_number:
                    samples.append((time.perf_counter() - begun) * 1e6)
                assert answer.status == 200, answer.status
        assert b'"active":true' in answer.body
    return times


def main() -> None:
    """Measures and prints."""
    material = read_material(Path(sys.argv[1]))
    bodies = [f"token={token}".encode() for token in material.tokens]
    with tempfile.TemporaryDirectory() as directory:
        build_app(Path(directory))
        sys.path.insert(0, str(ROOT))
        with FunctionsHost(Path(directory), {"TENANT_ID": TENANT}) as host:
            # The keys in memory; everything else is the deployed path.
            application().__dict__["introspection"] = make_introspection(material, 0)
            times = asyncio.run(measure(host, bodies))
    print(json.dumps({name: statistics.median(samples) for name, samples in times.items()}))


if __name__ == "__main__":
    main()
