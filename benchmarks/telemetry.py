"""`python -m benchmarks.telemetry`: what traces and metrics cost, off and on, at a worker's start and afterwards, as ratios.

Cold: new processes that take turns, medians. Warm: one event, recorded by OpenTelemetry's SDK whose exporter throws it away.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cold_start.settings import settings_of
from emulator.server import EntraEmulator
from shared import telemetry
from shared.open_telemetry import OpenTelemetryRecorder

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = {"all": "introspection", "registration": "registration"}
# Nobody listens there: what is exported is lost, as while a collector is away.
AWAY = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=11111111-2222-4333-8444-555555555555;"
    "IngestionEndpoint=http://127.0.0.1:9/",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
}


def cold(rounds: int) -> dict[tuple[str, str], float]:
    """Milliseconds from nothing to the first answer, by kind of answer and of telemetry."""
    samples: dict[tuple[str, str], list[float]] = {(mode, kind): [] for mode in ANSWERS for kind in ("off", "otlp", "azure")}
    with EntraEmulator(lag=(0, 0)) as entra, tempfile.TemporaryDirectory() as compiled:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, **settings_of(entra), **AWAY, "PYTHONPYCACHEPREFIX": compiled}
        for _ in range(rounds + 1):
            for (mode, kind), found in samples.items():
                command = [sys.executable, "-m", "benchmarks.cold_start.worker", mode]
                own = {**environment, "BRIDGE_TELEMETRY": kind}
                done = subprocess.run(command, cwd=ROOT, env=own, check=True, capture_output=True, text=True)
                figures = json.loads(done.stdout.splitlines()[0])
                found.append(figures["loaded"] + figures["answered"])
    return {key: statistics.median(found[1:]) for key, found in samples.items()}


def warm(count: int) -> dict[str, float]:
    """Microseconds of one event."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002
            return SpanExportResult.SUCCESS

    again = telemetry.Count("bridge.introspections", (("outcome", "active"),))
    events: dict[str, Callable[[], None]] = {
        "an introspection's count": lambda: telemetry.count_again(again),
        "a call's span and duration": lambda: telemetry.note_call("graph", "GET", "https://graph.example/v1.0/x", 200, 0.1),
    }

    def each() -> dict[str, float]:
        found = {}
        for name, event in events.items():
            begun = time.perf_counter()
            for _ in range(count):
                event()
            found[name] = (time.perf_counter() - begun) / count * 1e6
        return found

    off = each()
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(Nowhere()))
    telemetry.record_to(OpenTelemetryRecorder(traces, MeterProvider()))
    on = each()
    telemetry.close()
    return {**{f"{name}, off": value for name, value in off.items()}, **{f"{name}, on": value for name, value in on.items()}}


def main() -> None:
    """Measures and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.telemetry")
    parser.add_argument("--rounds", type=int, default=5)
    found = cold(parser.parse_args().rounds)
    print("| | off | `otlp` | `azure` |\n|---|---|---|---|")
    for mode, name in ANSWERS.items():
        off = found[mode, "off"]
        ratios = " | ".join(f"{found[mode, kind] / off:.2f} x" for kind in ("otlp", "azure"))
        print(f"| first {name} of a worker | {off:.0f} ms | {ratios} |")
    print("\n| | microseconds |\n|---|---|")
    for name, value in warm(50_000).items():
        print(f"| {name} | {value:.2f} |")


if __name__ == "__main__":
    main()
