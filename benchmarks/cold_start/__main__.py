"""`python -m benchmarks.cold_start`: how long the first answers of a worker take that loads all functions, as ratios.

Each figure is the median over new processes that take turns. The tenant is emulated in this process; its calls are counted in.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cold_start.settings import settings_of
from emulator.server import EntraEmulator

ROOT = Path(__file__).resolve().parents[2]
MODES = ("alone", "all", "beside a probe", "libraries", "registration")


def measure(rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds until the functions are loaded, and from there to the first answer, by mode."""
    figures: dict[str, list[dict[str, float]]] = {mode: [] for mode in MODES}
    with EntraEmulator(lag=(0, 0)) as entra, tempfile.TemporaryDirectory() as compiled:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        # Compiled code, as a deployment has it; the first round compiles.
        environment = {**kept, **settings_of(entra), "PYTHONPYCACHEPREFIX": compiled}
        for _ in range(rounds + 1):
            for mode, samples in figures.items():
                command = [sys.executable, "-m", "benchmarks.cold_start.worker", mode]
                done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
                samples.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        mode: (statistics.median(s["loaded"] for s in samples[1:]), statistics.median(s["answered"] for s in samples[1:]))
        for mode, samples in figures.items()
    }


def main() -> None:
    """Measures and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start")
    parser.add_argument("--rounds", type=int, default=5)
    figures = measure(parser.parse_args().rounds)
    alone, together, probed = (sum(figures[mode]) for mode in ("alone", "all", "beside a probe"))
    libraries, registration = figures["libraries"][0], figures["registration"][1]
    rows = [
        ("first introspection, `introspect` alone", f"{alone:.0f} ms", ""),
        ("first introspection, all functions", f"{together / alone:.2f} x alone ({together:.0f} ms)", "<= 1.25"),
        ("the same beside the first probe, which checks all settings", f"{probed / alone:.2f} x alone ({probed:.0f} ms)", ""),
        ("import of msal, requests and pydantic", f"{libraries:.0f} ms", ""),
        (
            "first registration, all functions loaded",
            f"{registration / libraries:.2f} x import ({registration:.0f} ms)",
            "<= 1.5",
        ),
    ]
    print("| | measured | target |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
