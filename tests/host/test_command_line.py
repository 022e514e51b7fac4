"""`python -m local.host`, in a process of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.host.sample_app import SampleApp

PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def started(app: SampleApp, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """The process, once it listens, and the lines that it printed until then."""
    command = [sys.executable, "-u", "-m", "local.host", "--app", str(app.directory), "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Listening"):
                break
        yield process, lines
    finally:
        process.kill()
        process.communicate()


def test_prints_functions_and_routes_serves_them_and_ends_at_a_signal(app: SampleApp) -> None:
    app.answering(
        "greet",
        "func.HttpResponse(__import__('os').environ['HOST_TEST_GREETING'])",
        route="hello/{name?}",
        methods=["get", "post"],
    )
    app.http("broken", "import no_such_module_x\n")
    app.timer("tick", "def main(timer):\n    pass\n", "0 0 3 * * *")
    app.write("local.settings.json", json.dumps({"Values": {"HOST_TEST_GREETING": "from the file"}}))
    with started(app) as (process, lines):
        found = re.fullmatch(r"Listening on (http://127\.0\.0\.1:(\d+)); Ctrl-C ends it\.", lines[-1])
        assert found is not None
        assert f"\tgreet: [GET,POST] {found[1]}/hello/{{name?}}" in lines
        assert "\ttick: timerTrigger 0 0 3 * * *" in lines
        assert any(line.startswith("\tbroken: does not load: ModuleNotFoundError") for line in lines)
        connection = http.client.HTTPConnection("127.0.0.1", int(found[2]), timeout=30)
        connection.request("GET", "/hello")
        assert connection.getresponse().read() == b"from the file"
        connection.close()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "KeyboardInterrupt" not in errors


def test_a_directory_that_is_no_app_ends_it_with_one_line(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "local.host", "--app", str(tmp_path), "--port", "0"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("local host: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("module", ["local.host.doctor", "local.package"])
def test_the_other_commands_explain_themselves(module: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert result.stdout.startswith(f"usage: python -m {module}")


def test_a_host_that_is_asked_without_a_socket_needs_no_server() -> None:
    """Only the packages of a deployed app are there when a package is tried out before it is published."""
    code = "import sys; sys.modules['uvicorn'] = None; import local.host.app"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
