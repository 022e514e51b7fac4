"""`python -m benchmarks.load`: 32 connections of mixed traffic while Entra lags and fails, and workers die.

Each connection registers, reads, rotates, introspects, asks for metadata and deletes, over and over, at a bridge in a process of
its own; the emulated Entra lags 0.2 to 2 s of real time on every channel and fails one call in a hundred. Twice the bridge is
killed in the middle and started again. Prints answers by kind, and what the last process holds at its start, middle and end; 1 if
there are answers that neither lag and faults nor a killed worker explain, or memory, threads or files grow.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from benchmarks.bridge_process import AUTHORIZATION, BridgeProcess, bridge_settings
from emulator.server import EntraEmulator
from local.sandbox import free_port

CONNECTIONS = 32
LAG = (0.2, 2.0)
FAILING = 0.01
BUDGET = 4.5
JSON = "application/json"
KINDS: dict[str, dict[str, Any]] = {
    "throttle": {"retry_after": 1},
    "error": {"status": 503},
    "slow": {"seconds": 60.0},
    "hang": {"before": False},
    "header_drip": {"seconds": 60.0},
    "body_drip": {"seconds": 60.0},
    "endless_body": {"megabytes": 64},
    **{kind: {} for kind in ("truncated", "garbage", "reset_before", "reset_after", "concurrency", "concurrency_503")},
    **{kind: {} for kind in ("expired_token", "claims_challenge")},
}
SECRET = "a-gateway-of-this-benchmark-0123456789"
METADATA = {"redirect_uris": ["https://a.example/callback"], "grant_types": ["authorization_code", "client_credentials"]}
BASIC = "Basic " + b64encode(f"gateway:{SECRET}".encode()).decode()
# What answers may be. Beyond them: 503 with Retry-After, where lag or a fault took all the time.
EXPECTED: dict[str, set[int]] = {
    "register": {201},
    "read": {200},
    "rotate": {200},
    "delete": {204},
    "delete again": {204, 404},
    "introspect": {200},
    "metadata": {200},
}


class Tally:
    """Answers by kind, from all connections."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers: Counter[tuple[str, str]] = Counter()
        self.slowest: dict[str, float] = {}
        self.unexplained: list[str] = []
        # What answers 503 say of themselves, by action.
        self.busy: Counter[tuple[str, str]] = Counter()
        self.dying = False

    def count(self, action: str, status: int, headers: dict[str, str], body: bytes, seconds: float) -> None:
        passing = status == 503 and "retry-after" in headers
        with self._lock:
            self.answers[action, str(status)] += 1
            self.slowest[action] = max(self.slowest.get(action, 0.0), seconds)
            if passing:
                self.busy[action, json.loads(body)["error_description"]] += 1
            elif status not in EXPECTED[action]:
                self.unexplained.append(f"{action} {status} {body[:200].decode('utf-8', 'replace')}")

    def lost(self, action: str, failure: Exception) -> None:
        with self._lock:
            self.answers[action, "no answer"] += 1
            if not self.dying:
                self.unexplained.append(f"{action}: {type(failure).__name__}: {failure}")


class Caller(threading.Thread):
    """One connection that is kept as long as it lasts."""

    def __init__(self, port: int, token: Callable[[], str], tally: Tally, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._port, self._token, self._tally, self._stop_asked = port, token, tally, stop
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self._stop_asked.is_set():
            client = self._call("register", "POST", "/register", json.dumps(METADATA).encode())
            for _ in range(3):
                form = f"token={self._token()}".encode()
                self._call("introspect", "POST", "/introspect", form, BASIC, "application/x-www-form-urlencoded")
                self._call("metadata", "GET", "/.well-known/oauth-authorization-server")
                if client is not None:
                    self._call("read", "GET", f"/register/{client['client_id']}")
            if client is not None:
                path = f"/register/{client['client_id']}"
                self._call("rotate", "POST", f"{path}/new-secret", b"{}")
                deleted = self._call("delete", "DELETE", path)
                while deleted is None and not self._stop_asked.is_set():
                    # Perhaps carried out all the same, so that it isn't found any longer.
                    deleted = self._call("delete again", "DELETE", path)

    def _call(
        self,
        action: str,
        method: str,
        path: str,
        body: bytes = b"",
        credential: str = AUTHORIZATION,
        media: str = JSON,
    ) -> dict[str, str] | None:
        """The JSON of an expected answer, None of any other."""
        started = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._connection.request(method, path, body, {"Authorization": credential, "Content-Type": media})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as failure:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._tally.lost(action, failure)
            time.sleep(0.5)
            return None
        headers = {name.lower(): value for name, value in answer.getheaders()}
        self._tally.count(action, answer.status, headers, content, time.monotonic() - started)
        if answer.status not in EXPECTED[action]:
            time.sleep(0.2)
            return None
        found: dict[str, str] = json.loads(content or b"{}")
        return found


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    port = free_port()
    with EntraEmulator(lag=LAG) as entra:
        # Clients come and go faster than deleted objects leave the quota, which would refuse them: that is not measured here.
        entra.assumptions.directory_object_quota = None
        api = entra.add_resource_api("Orders API", "api://orders", app_roles=("Orders.Read.All",))
        account = entra.add_caller("A client", roles=())
        own = bridge_settings(entra, port, BUDGET)
        caller = {
            "client_id": "gateway",
            "secret_sha256": [sha256(SECRET.encode()).hexdigest()],
            "audiences": [api.app_id, "api://orders"],
        }
        own["INTROSPECTION_CALLERS"] = json.dumps([caller])
        token = entra.token_for(account, "api://orders/.default")
        for kind, details in KINDS.items():
            entra.faults.add(kind, times=None, probability=FAILING / len(KINDS), **details)
        tally, stop, held = Tally(), threading.Event(), []
        bridge = BridgeProcess(own, port)
        callers = [Caller(port, lambda: token, tally, stop) for _ in range(CONNECTIONS)]
        for thread in callers:
            thread.start()
        lives = (0.2, 0.2, 0.6)
        for life, share in enumerate(lives):
            for moment in range(6):
                time.sleep(options.seconds * share / 6)
                # The first sixth of a life is its start: pools fill, libraries are loaded.
                held.append((life + 1, moment, bridge.ask("stats")))
            if life < len(lives) - 1:
                tally.dying = True
                bridge.kill()
                bridge = BridgeProcess(own, port)
                time.sleep(0.5)
                tally.dying = False
        stop.set()
        for thread in callers:
            thread.join(15)
        bridge.kill()
        struck = Counter({fault.kind: fault.hits for fault in entra.faults.all})
    return report(tally, [entry for _, _, entry in held[-6:]], struck)


def report(tally: Tally, last: list[dict[str, int]], struck: Counter[str]) -> int:
    """Print what was counted; 1 where something is amiss."""
    print("| action | answers | slowest |\n|---|---|---|")
    for action in EXPECTED:
        found = ", ".join(f"{status}: {count}" for (name, status), count in sorted(tally.answers.items()) if name == action)
        print(f"| {action} | {found} | {tally.slowest.get(action, 0):.2f} s |")
    for (action, said), count in tally.busy.most_common():
        print(f"\n503 of {action}, {count} times: {said}", end="")
    print(f"\n\nFaults of the emulator: {', '.join(f'{kind} {hits}' for kind, hits in struck.items())}\n")
    print("| of the last worker | start | middle | end |\n|---|---|---|---|")
    start, middle, end = last[0], last[3], last[-1]
    for name, shown in (("kilobytes", "resident KB"), ("threads", "threads"), ("files", "open files and sockets")):
        print(f"| {shown} | {start[name]} | {middle[name]} | {end[name]} |")
    for line in tally.unexplained[:20]:
        print(f"unexplained: {line}")
    # Heaps settle; what grows without an end grows in the second half as in the first.
    room = {"kilobytes": middle["kilobytes"] // 10, "threads": 2, "files": 16}
    growing = any(end[name] > middle[name] + more for name, more in room.items())
    if growing:
        print("the worker grows")
    return 1 if tally.unexplained or growing else 0


if __name__ == "__main__":
    sys.exit(main())
