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
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cold_start.settings import PORTAL, registration_body, settings_of
from emulator.server import EntraEmulator
from shared.application import Application
from shared.clock import SystemClock
from shared.http.exchange import Exchange
from shared.http.message import Request
from shared.retry import Deadline

ROOT = Path(__file__).resolve().parents[2]
MODES = ("alone", "padded", "all", "beside a probe", "libraries", "registration")
# The doors that take none of registration's libraries, and those that call Graph by them.
LIGHT = (
    "GET /health",
    "GET /.well-known/oauth-authorization-server",
    "GET /introspect/keys",
    "POST /introspect",
    "GET /openapi.json",
)
HEAVY = ("POST /register", "GET /register/{id}", "PUT /register/{id}", "POST /register/{id}/new-secret", "GET /audit")


def a_client(settings: dict[str, str]) -> str:
    """The id of a client of the portal's."""
    application = Application(settings)
    headers = {"authorization": PORTAL, "content-type": "application/json"}
    request = Request("POST", "/register", headers, body=registration_body("Orders"))
    answer = application.registration.register(Exchange(request, Deadline.after(SystemClock(), 30)))
    application.close()
    return str(json.loads(answer.body)["client_id"])


def measure(rounds: int, modes: Sequence[str] = MODES) -> dict[str, tuple[float, float]]:
    """Milliseconds until the functions are loaded, and from there to the first answer, by mode."""
    figures: dict[str, list[dict[str, float]]] = {mode: [] for mode in modes}
    with EntraEmulator(lag=(0, 0)) as entra, tempfile.TemporaryDirectory() as compiled:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        # Compiled code, as a deployment has it; the first round compiles.
        settings = settings_of(entra)
        environment = {**kept, **settings, "PYTHONPYCACHEPREFIX": compiled}
        client_id = a_client(settings) if any("{id}" in mode for mode in modes) else ""
        for _ in range(rounds + 1):
            for mode, samples in figures.items():
                command = [sys.executable, "-m", "benchmarks.cold_start.worker", mode.replace("{id}", client_id)]
                done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
                samples.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        mode: (statistics.median(s["loaded"] for s in samples[1:]), statistics.median(s["answered"] for s in samples[1:]))
        for mode, samples in figures.items()
    }


def show_doors(rounds: int) -> None:
    """Print the first answer of a worker at each door: beside a function that does nothing, and beside its libraries too."""
    figures = measure(rounds, ("empty", "libraries", *(f"door {door}" for door in (*LIGHT, *HEAVY))))
    empty, libraries = sum(figures["empty"]), figures["libraries"][0]
    print(
        f"| first answer at | milliseconds | beside its floor |\n|---|---|---|\n| a function that does nothing | {empty:.0f} | |"
    )
    for doors, floor in ((LIGHT, empty), (HEAVY, empty + libraries)):
        for door in doors:
            whole = sum(figures[f"door {door}"])
            print(f"| `{door}` | {whole:.0f} | {whole / floor:.2f} x |")


def main() -> None:
    """Measures and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--doors", action="store_true", help="the first answer of each door instead, beside its floor")
    options = parser.parse_args()
    if options.doors:
        show_doors(options.rounds)
        return
    figures = measure(options.rounds)
    alone, padded, together, probed = (sum(figures[mode]) for mode in ("alone", "padded", "all", "beside a probe"))
    libraries, registration = figures["libraries"][0], figures["registration"][1]
    rows = [
        ("first introspection, `introspect` alone", f"{alone:.0f} ms", ""),
        ("the same beside as many empty functions as there are others", f"{padded / alone:.2f} x alone ({padded:.0f} ms)", ""),
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
