"""`python -m benchmarks.deadlines`: how long callers wait while Graph, the token service or the network misbehave.

The whole bridge behind the local host in a process of its own, on real sockets of the loopback address; before Graph and before
the token service of the emulator a gate that hangs, drips, stalls, refuses, resets and floods (`gate.py`). For each way, twice at
once a registration, a read, a rotation and a deletion, several rounds. Prints a table; 1 where an answer was later than promised.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.bridge_process import AUTHORIZATION, BridgeProcess, bridge_settings
from benchmarks.deadlines.gate import BEHAVIOURS, Gate
from emulator.certificates import Authority
from emulator.server import EntraEmulator
from local.sandbox import free_port

BUDGET = 1.5
PROMISE = 0.25
METADATA = {"redirect_uris": ["https://a.example/callback"], "client_name": "Deadlines"}


class Measured(NamedTuple):
    """What one way of misbehaving did. `late`: seconds of the longest answer beyond the budget; below zero it was in time."""

    late: float
    statuses: tuple[int, ...]
    unmarked: int
    threads: int
    megabytes: float


def ask(port: int, method: str, path: str, body: object = None) -> tuple[float, int, dict[str, str], bytes]:
    """Seconds until the whole answer was there, its status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = b"" if body is None else json.dumps(body).encode()
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    started = time.monotonic()
    try:
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        content = answer.read()
        return time.monotonic() - started, answer.status, {k.lower(): v for k, v in answer.getheaders()}, content
    finally:
        connection.close()


class Bench:
    """The emulator, its gates and the bridge."""

    def __init__(self, bridge: BridgeProcess, graph: Gate, tokens: Gate) -> None:
        self._bridge, self._graph, self._tokens = bridge, graph, tokens
        self._clients = [self._register() for _ in range(6)]
        self._ready()

    def measure(self, behaviour: str, where: str, rounds: int) -> Measured:
        """Behave so for some rounds, then well again."""
        if "token" in where:
            # As after a restart: no token is cached, so that each request needs the token service.
            self._bridge.ask("forget")
        else:
            self._ready()
        before = self._bridge.ask("stats")
        peak = before["kilobytes"]
        answers: list[tuple[float, int, dict[str, str], bytes]] = []
        self._behave(behaviour, where)
        with ThreadPoolExecutor(8) as callers:
            for number in range(rounds):
                read, rotated, deleted = (self._clients[(number + n) % len(self._clients)] for n in range(3))
                calls = [
                    ("POST", "/register", METADATA),
                    ("GET", f"/register/{read}", None),
                    ("POST", f"/register/{rotated}/new-secret", None),
                    ("DELETE", f"/register/{deleted}", None),
                ]
                answers += callers.map(lambda call: ask(self._bridge.port, *call), calls * 2)
                peak = max(peak, self._bridge.ask("stats")["kilobytes"])
        self._behave("", where)
        left = self._left_behind()
        statuses = tuple(sorted({status for _, status, _, _ in answers}))
        unmarked = sum(status in (429, 503) and "retry-after" not in headers for _, status, headers, _ in answers)
        late = max(seconds for seconds, *_ in answers) - BUDGET
        return Measured(late, statuses, unmarked, left, (peak - before["kilobytes"]) / 1024)

    def _behave(self, behaviour: str, where: str) -> None:
        if behaviour == "late names":
            self._bridge.ask("late names", 4.0)
            for gate in (self._graph, self._tokens):
                gate.behave("")  # ends the connections, so that names are looked up
            return
        self._bridge.ask("late names", 0)
        for gate, name in ((self._graph, "Graph"), (self._tokens, "token")):
            if name in where:
                gate.behave(behaviour)

    def _left_behind(self) -> int:
        """Threads that still wait, up to three seconds after the network is well again."""
        for _ in range(30):
            if not self._bridge.ask("stats")["stuck"]:
                return 0
            time.sleep(0.1)
        return int(self._bridge.ask("stats")["stuck"])

    def _ready(self) -> None:
        """The pool is full, and a token is cached."""
        for _ in range(60):
            with ThreadPoolExecutor(24) as callers:
                paths = [f"/register/{self._clients[0]}"] * 24
                if all(status == 200 for _, status, _, _ in callers.map(lambda path: ask(self._bridge.port, "GET", path), paths)):
                    return
            time.sleep(0.5)
        raise RuntimeError("the bridge did not heal within half a minute")

    def _register(self) -> str:
        for _ in range(40):
            _, status, _, content = ask(self._bridge.port, "POST", "/register", METADATA)
            if status == 201:
                return str(json.loads(content)["client_id"])
            time.sleep(0.25)
        raise RuntimeError(f"no registration came about: {content.decode()}")


def ways(only: str) -> Iterator[tuple[str, str]]:
    """Each way of misbehaving, and where."""
    for behaviour in BEHAVIOURS:
        for where in ("Graph", "token service", "Graph and token service"):
            if only in f"{where} {behaviour}":
                yield behaviour, where
    if only in "late names":
        yield "late names", "network"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of eight requests each, for each row")
    parser.add_argument("--only", default="", help="rows that contain this text")
    options = parser.parse_args()
    authority, port = Authority(()), free_port()
    print("| where | what | longest answer beyond the budget | threads left | memory at the most | answers |")
    print("|---|---|---|---|---|---|")
    broken = 0
    # No lag: it is the network that is measured here.
    with EntraEmulator(lag=(0, 0)) as entra, tempfile.TemporaryDirectory() as directory:
        bundle = Path(directory, "ca.pem")
        bundle.write_text(Path(entra.ca_file).read_text() + Path(authority.ca_file).read_text())
        target = int(entra.url.rpartition(":")[2])
        graph, tokens = (Gate(target, authority.server_context()) for _ in range(2))
        entra.tenant.url = graph.url  # the name under which Graph is asked for
        own = bridge_settings(entra, port, BUDGET, graph=graph.url, tokens=tokens.url, bundle=str(bundle))
        with BridgeProcess(own, port) as bridge:
            bench = Bench(bridge, graph, tokens)
            for behaviour, where in ways(options.only):
                found = bench.measure(behaviour, where, options.rounds)
                broken += found.late > PROMISE or bool(found.unmarked)
                mark = " **late**" if found.late > PROMISE else ""
                unmarked = f", {found.unmarked} without Retry-After" if found.unmarked else ""
                statuses = ", ".join(map(str, found.statuses)) + unmarked
                row = f"{found.late * 1000:+.0f} ms{mark} | {found.threads} | {found.megabytes:+.0f} MB | {statuses}"
                print(f"| {where} | {behaviour} | {row} |", flush=True)
    authority.close()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
