"""`python -m benchmarks.audit`: how long an audit takes, what it asks of Graph and what memory it needs, by number of clients.

The tenant runs in a process of its own behind TLS, the audit in another, started anew for each figure. Absolute times are those
of this machine and of an emulator; what carries over is how they grow.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def measure(count: int, scope: str) -> dict[str, Any]:
    """The figures for one size: two audits, one for time and resident memory, one with allocations traced."""
    tenant = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.audit.tenant", str(count), scope],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert tenant.stdin is not None
    assert tenant.stdout is not None
    words = [*tenant.stdout.readline().split(), scope]
    try:
        plain = _audit(words)
        tenant.stdin.write("calls\n")
        tenant.stdin.flush()
        calls = int(tenant.stdout.readline())
        traced = _audit([*words, "trace"])
    finally:
        tenant.stdin.close()
        tenant.wait(30)
    return {**plain, "graph_calls": calls, "allocated_mib_peak": traced["allocated_mib_peak"]}


def _audit(words: list[str]) -> dict[str, Any]:
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.audit.measure", *words], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    figures: dict[str, Any] = json.loads(output)
    return figures


def main() -> None:
    """Measure the sizes given, print a table and the ratios, and write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit")
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--json", type=Path, help="write the figures into this file too")
    parser.add_argument("--scope", choices=["bridge", "owned", "tenant"], default="bridge", help="AUDIT_SCOPE (default: bridge)")
    options = parser.parse_args()
    results = {size: measure(size, options.scope) for size in options.sizes}
    columns = ("seconds", "processor_seconds", "graph_calls", "resident_mib_peak", "allocated_mib_peak", "findings", "in_trouble")
    print(f"{'clients':>9} " + " ".join(f"{column:>19}" for column in columns))
    for size, figures in results.items():
        assert figures["complete"]
        print(f"{size:>9,} " + " ".join(f"{figures[column]:>19,}" for column in columns))
    small, large = results[min(results)], results[max(results)]
    print(f"\nfrom {min(results):,} to {max(results):,} clients:")
    for column in ("resident_mib_peak", "allocated_mib_peak"):
        print(f"  {column} grows {large[column] / small[column]:.2f} times")
    per_client = [1e6 * figures["seconds"] / size for size, figures in results.items()]
    print(f"  microseconds a client: {', '.join(f'{figure:.0f}' for figure in per_client)}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
