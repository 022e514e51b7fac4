"""`python -m benchmarks.flood`: software that registers itself at each start, with and without sharing, beside lag."""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local

from benchmarks.cold_start.settings import settings_of
from benchmarks.timed import tell_times
from emulator.server import EntraEmulator
from shared.application import Application
from shared.clock import SystemClock
from shared.http.exchange import Exchange
from shared.http.message import Request
from shared.retry import Deadline

SHAPES, THREADS, LAG = 20, 16, (0.2, 2.0)
BUDGET = 30.0
_thread = local()


@dataclass(slots=True)
class Flood:
    """What came of one flood. `repeats`: milliseconds of processor time of registrations that took no call."""

    registrations: int
    seconds: float = 0.0
    applications: int = 0
    writes: int = 0
    refused_writes: int = 0
    reads: int = 0
    repeats: list[float] = field(default_factory=list)


def bodies(registrations: int) -> Iterator[bytes]:
    """Twenty kinds of software, each of which listens at another port at every start."""
    for number in range(registrations):
        body = {
            "client_name": f"Agent {number % SHAPES}",
            "redirect_uris": [f"http://localhost:{49152 + number % 16384}/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        yield json.dumps(body).encode()


def flood(registrations: int, sharing: str) -> Flood:
    """Register with sixteen threads at once, in one worker."""
    result = Flood(registrations)
    policy = {"share_public_clients": sharing, "auth_methods": ["none"], "grant_types": ["authorization_code", "refresh_token"]}
    with EntraEmulator(lag=LAG) as entra:
        entra.assumptions.directory_object_quota = None
        settings = {
            **settings_of(entra),
            "REGISTRATION_POLICIES": json.dumps({"flood": policy}),
            "REGISTRATION_OPEN_POLICY": "flood",
        }
        application = Application(settings)

        def note_call(_: float) -> None:
            _thread.calls = getattr(_thread, "calls", 0) + 1

        tell_times(application.session, note_call)

        def register(body: bytes) -> None:
            _thread.calls = 0
            request = Request("POST", "/register", {"content-type": "application/json"}, body=body)
            begun = time.thread_time()
            answer = application.registration.register(Exchange(request, Deadline.after(SystemClock(), BUDGET)))
            own = time.thread_time() - begun
            assert answer.status == 201, answer.body
            if not _thread.calls:
                result.repeats.append(1000 * own)

        begun = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            for done in pool.map(register, bodies(registrations)):
                assert done is None
        result.seconds = time.perf_counter() - begun
        application.close()
        graph = [call for call in entra.requests if call.path.startswith("/v1.0/")]
        result.writes = sum(call.method != "GET" and call.status < 400 for call in graph)
        result.refused_writes = sum(call.method != "GET" and call.status >= 400 for call in graph)
        result.reads = sum(call.method == "GET" for call in graph)
        live = entra.directory.applications.live.values()
        result.applications = sum("entra-dcr-bridge" in record.state.get("tags", ()) for record in live)
    return result


def main() -> None:
    """Measures and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood")
    parser.add_argument("--count", type=int, default=100_000)
    registrations = parser.parse_args().count
    shared, apart = flood(registrations, "localhost"), flood(max(registrations // 250, SHAPES), "never")
    print(f"| {SHAPES} kinds of software, {THREADS} at once, replicas {LAG[0]} to {LAG[1]} s behind | shared | not shared |")
    print("|---|---|---|")
    for name, member in (
        ("registrations", "registrations"),
        ("applications", "applications"),
        ("writes that Graph carried out", "writes"),
        ("writes that Graph refused, for its replicas were behind", "refused_writes"),
        ("reads", "reads"),
    ):
        print(f"| {name} | {getattr(shared, member):,} | {getattr(apart, member):,} |")
    rates = [f"{result.registrations / result.seconds:,.0f} /s" for result in (shared, apart)]
    print(f"| registrations, with the emulator on the same cores | {rates[0]} | {rates[1]} |")
    print(f"| a repetition without a call, processor time, median | {statistics.median(shared.repeats):.2f} ms | |")


if __name__ == "__main__":
    main()
