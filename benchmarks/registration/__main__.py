"""`python -m benchmarks.registration`: what a registration costs beside its calls to Graph, and how many calls there are."""

import argparse
import json
import statistics
import time

from benchmarks.cold_start.settings import PORTAL, registration_body, settings_of
from benchmarks.timed import tell_times
from emulator.server import EntraEmulator
from shared.application import Application
from shared.clock import SystemClock
from shared.http.exchange import Exchange
from shared.http.message import Request
from shared.retry import Deadline


def main() -> None:
    """Measures and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.registration")
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    calls: list[float] = []
    own: list[float] = []
    with EntraEmulator(lag=(0, 0)) as entra:
        application = Application(settings_of(entra))
        tell_times(application.session, calls.append)
        headers = {"authorization": PORTAL, "content-type": "application/json"}
        for number in range(count + 10):
            body = registration_body(f"client {number}")
            del calls[:]
            request = Request("POST", "/register", headers, body=body)
            begun = time.perf_counter()
            answer = application.registration.register(Exchange(request, Deadline.after(SystemClock(), 30)))
            own.append(time.perf_counter() - begun - sum(calls))
            assert answer.status == 201, json.loads(answer.body)
    # The first ones load libraries, get a token and connect.
    cost = 1000 * statistics.median(own[10:])
    print("| | measured | target |\n|---|---|---|")
    print(f"| own cost of a registration, beside its {len(calls)} calls | {cost:.2f} ms | <= 1 ms |")


if __name__ == "__main__":
    main()
