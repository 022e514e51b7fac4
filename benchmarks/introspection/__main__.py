"""`sh benchmarks/run.sh`: introspection beside what it could be compared with, ratios from one run, targets beside them.

Absolute figures are those of this machine; the ratios carry over. Rounds take turns and medians are shown, so that what else the
machine does falls on all alike. --quick shortens the rounds; --only names parts: operations, servers, imports, host.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.introspection.imports import import_cost
from benchmarks.introspection.material import Material, make_material
from benchmarks.introspection.operations import measure_operations, ratio
from benchmarks.introspection.serving import measure_servers

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("operations", "servers", "imports", "host")
Row = tuple[str, str, str, str]  # what, measured, target, met


def verdict(value: float, target: float, *, at_least: bool = False) -> str:
    """Whether the target is met."""
    return "yes" if (value >= target if at_least else value <= target) else "NO"


def operation_rows(material: Material, rounds: int) -> list[Row]:
    """One operation in one process."""
    good, hostile = measure_operations(material, rounds)
    rows: list[Row] = [("bare verification, RSA-2048", f"{statistics.median(good['bare verification']):.1f} us", "", "")]
    for name, target in (("whole, memory off", 2.2), ("whole, first sight", 2.2), ("repeated", 0.3)):
        value = ratio(good, name, "bare verification")
        time = statistics.median(good[name])
        rows.append((f"introspection, {name}", f"{value:.2f} x bare ({time:.1f} us)", f"<= {target}", verdict(value, target)))
    for name in ("PyJWT with PyJWKClient", "PyJWT with the key found by hand"):
        value = ratio(good, name, "bare verification")
        rows.append((f"the same by {name}", f"{value:.2f} x bare ({statistics.median(good[name]):.1f} us)", "", ""))
    made_up = [name for name in hostile if not name.startswith("good")]
    for base, size, target in (("good, 28 KB", "28 KB, about its own size", 2), ("good", "1.6 KB, a twentieth of its size", 5)):
        ratios = {name: ratio(hostile, name, base) for name in made_up}
        worst = max(ratios, key=lambda name: ratios[name])
        measured = f"{ratios[worst]:.2f} x a good one of {size}"
        rows.append((f"worst hostile token: {worst}", measured, f"<= {target}", verdict(ratios[worst], target)))
    return rows


def server_rows(material: Material, path: Path, rounds: int, seconds: float) -> list[Row]:
    """Requests per second on one core."""
    rates = measure_servers(material, path, rounds, seconds)
    bridge = rates["bridge"]
    rows: list[Row] = [("bridge behind a bare ASGI front", f"{bridge:,.0f} req/s", "", "")]
    for name, target in (
        ("PyJWT with PyJWKClient, same front", 2.3),
        ("PyJWT with the key found by hand, same front", None),
        ("FastAPI + PyJWT", 2.5),
        ("node + jose", 1.0),
    ):
        if name in rates:
            value = bridge / rates[name]
            measured = f"{rates[name]:,.0f} req/s: bridge {value:.2f} x"
            met = "" if target is None else verdict(value, target, at_least=True)
            rows.append((name, measured, "" if target is None else f">= {target}", met))
    repeated = rates["bridge, repeated tokens"]
    rows.append(("bridge, repeated tokens", f"{repeated:,.0f} req/s", "", ""))
    rows.append(("bridge in the local host, on the worker library", f"{rates['local host']:,.0f} req/s", "", ""))
    return rows


def import_rows(rounds: int) -> list[Row]:
    """What a cold start pays."""
    cost = import_cost("introspect", rounds)
    return [("import introspect after azure.functions", f"{cost:.1f} ms", "<= 30 ms", verdict(cost, 30))]


def host_rows(path: Path) -> list[Row]:
    """Through the worker's own library."""
    command = [sys.executable, "-m", "benchmarks.introspection.host_cost", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return [("added cost in the local host", f"not measured: {done.stderr.strip().splitlines()[-1]}", "<= 120 us", "")]
    times = json.loads(done.stdout.strip().splitlines()[-1])
    added = times["introspect"] - times["empty"]
    return [
        ("an empty async function in the local host", f"{times['empty']:.0f} us", "", ""),
        ("added by introspection, median", f"{added:.0f} us", "<= 120 us", verdict(added, 120)),
    ]


def main() -> None:
    """Measures what was asked for and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="benchmarks.introspection")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    arguments = parser.parse_args()
    rounds, seconds = (3, 1.0) if arguments.quick else (7, 2.0)
    material = make_material()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "material.json"
        material.write(path)
        if "operations" in arguments.only:
            rows += operation_rows(material, 40 if arguments.quick else 150)
        if "imports" in arguments.only:
            rows += import_rows(5 if arguments.quick else 15)
        if "host" in arguments.only:
            rows += host_rows(path)
        if "servers" in arguments.only:
            rows += server_rows(material, path, rounds, seconds)
    print(f"tokens of {len(material.tokens[0]):,} bytes, {len(material.tokens)} distinct; Python {sys.version.split()[0]}\n")
    print("| | measured | target | met |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
