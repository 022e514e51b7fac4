"""The servers side by side: each in a process of its own on one core, the load on the other, taking turns."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.introspection.load import prepared_requests, requests_per_second
from benchmarks.introspection.material import AUDIENCE, CALLER, ISSUER, SECRET, TENANT, Material

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(__file__).with_name("node")
FRONT = "benchmarks.introspection.servers.front:app"
FUNCTIONS = "benchmarks.introspection.servers.functions_host:app"
FASTAPI = "benchmarks.introspection.servers.fastapi_app:app"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _uvicorn(app: str, port: int) -> list[str]:
    flags = "--loop uvloop --http httptools --no-access-log --log-level warning"
    bare = "--no-server-header --no-date-header --no-proxy-headers --lifespan off"
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), *flags.split(), *bare.split()]


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int) -> Iterator[int]:
    pinned = ["taskset", "-c", "0", *command] if shutil.which("taskset") else command
    process = subprocess.Popen(pinned, cwd=ROOT, env={**os.environ, **environment})
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def measure_servers(material: Material, material_file: Path, rounds: int, seconds: float) -> dict[str, float]:
    """Requests per second of each server, the median over the rounds. Node is left out where it isn't installed."""
    contract = json.dumps({"caller": CALLER, "secret": SECRET, "issuer": ISSUER, "audience": AUDIENCE, "tenant": TENANT})
    environment = {"BENCHMARK_MATERIAL": str(material_file), "BENCHMARK_CONTRACT": contract}
    requests = prepared_requests(material.tokens)
    with ExitStack() as stack:
        ports: dict[str, int] = {}
        for name, app, answer in (
            ("bridge", FRONT, "bridge"),
            ("bridge, repeated tokens", FRONT, "bridge-remembering"),
            ("PyJWT with PyJWKClient, same front", FRONT, "pyjwt"),
            ("PyJWT with the key found by hand, same front", FRONT, "pyjwt-peek"),
            ("FastAPI + PyJWT", FASTAPI, "pyjwt"),
            ("local host", FUNCTIONS, ""),
        ):
            port = _free_port()
            ports[name] = stack.enter_context(_running(_uvicorn(app, port), {**environment, "BENCHMARK_ANSWER": answer}, port))
        node = shutil.which("node")
        if node and (NODE / "node_modules").is_dir():
            port = _free_port()
            command = [node, str(NODE / "server.mjs"), str(material_file), str(port)]
            ports["node + jose"] = stack.enter_context(_running(command, environment, port))
        if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
            before = os.sched_getaffinity(0)
            stack.callback(os.sched_setaffinity, 0, before)
            os.sched_setaffinity(0, before - {0})
        for port in ports.values():
            requests_per_second(port, requests, 0.5)
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                rates[name].append(requests_per_second(port, requests, seconds))
    return {name: statistics.median(values) for name, values in rates.items()}
