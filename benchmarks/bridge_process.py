"""The bridge in a process of its own, as a worker of the Functions host: started, measured and killed by the benchmarks.

with BridgeProcess(settings, port) as bridge:
    bridge.ask("stats")   # {"threads": 9, "stuck": 0, "kilobytes": 81234, "files": 12}
"""

import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulator.server import EntraEmulator
from shared.http import door

ROOT = Path(__file__).parents[1]


# Of the one caller of registration.
AUTHORIZATION = "Bearer " + secrets.token_urlsafe(24)


def bridge_settings(
    entra: EntraEmulator, port: int, budget: float, *, graph: str = "", tokens: str = "", bundle: str = ""
) -> dict[str, str]:
    """The settings of a bridge at `port` for an emulated tenant, whose Graph and token service may be reached by other URLs."""
    own = entra.add_caller("Entra DCR Bridge", roles=("Application.ReadWrite.OwnedBy",))
    return {
        "BRIDGE_BASE_URL": f"http://127.0.0.1:{port}",
        "ENTRA_TENANT_ID": entra.tenant_id,
        "ENTRA_AUTHORITY_URL": tokens or entra.url,
        "ENTRA_GRAPH_URL": graph or entra.url,
        "ENTRA_CA_BUNDLE": bundle or entra.ca_file,
        "ENTRA_CLIENT_ID": own.client_id,
        "ENTRA_CLIENT_SECRET": own.client_secret or "",
        "REGISTRATION_CREDENTIALS": json.dumps([{"name": "portal", "authorization": AUTHORIZATION}]),
        "REGISTRATION_SEALING_KEYS": secrets.token_urlsafe(32),
        "REGISTRATION_BUDGET_MILLISECONDS": str(int(budget * 1000)),
        "AUDIT_SCHEDULE": "0 0 3 1 1 *",
    }


class BridgeProcess:
    """The whole function app behind the local host, on a loopback port."""

    def __init__(self, settings: Mapping[str, str], port: int) -> None:
        self.port = port
        command = [sys.executable, "-m", "benchmarks.bridge_process", str(port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._send(json.dumps(dict(settings)))
        self._receive()

    def ask(self, command: str, argument: float = 0) -> Any:
        """`stats`, `forget` (as after a restart: no token, no keys) or `late names`, with the seconds that each look-up takes."""
        self._send(json.dumps([command, argument]))
        return self._receive()

    def kill(self) -> None:
        """End it without a word, as platforms do."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bridge's process has ended")
        return json.loads(line)


def stats() -> dict[str, int]:
    """What this process holds now."""
    status = Path("/proc/self/status").read_text()
    kilobytes = int(status.partition("VmRSS:")[2].split()[0])
    files = len(list(Path("/proc/self/fd").iterdir()))
    # Threads that wait for what no caller waits for any longer: a pool's abandoned ones, and renewals of the token.
    renewals = sum(thread.name == "token renewal" for thread in threading.enumerate())
    stuck = renewals + sum(pool._abandoned for pool in (door.CLIENTS, door.OTHERS))
    return {"threads": threading.active_count(), "stuck": stuck, "kilobytes": kilobytes, "files": files}


def serve(port: int) -> None:
    """Serve until killed, and do what the lines on stdin say."""
    from local.host.app import FunctionsHost
    from shared.application import application

    known = socket.getaddrinfo
    late = 0.0

    def getaddrinfo(*args: Any, **kwargs: Any) -> Any:
        time.sleep(late)
        return known(*args, **kwargs)

    answers = sys.stdout
    sys.stdout = sys.stderr
    with FunctionsHost(ROOT, json.loads(sys.stdin.readline())) as host, host.serving(port):
        print(json.dumps("ready"), file=answers, flush=True)
        socket.getaddrinfo = getaddrinfo
        for line in sys.stdin:
            command, argument = json.loads(line)
            if command == "forget":
                application.cache_clear()
            elif command == "late names":
                late = argument
            print(json.dumps(stats()), file=answers, flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
