"""Probes of a load balancer or an operator."""

import json

import pytest

from shared.errors import NotFound
from shared.http.message import Request
from shared.http.readiness import Readiness


def broken() -> None:
    raise OSError("login.example: no route")


def probe(readiness: Readiness, name: str | None = None) -> tuple[int, object]:
    answer = readiness.read(Request("GET", "/health", params={"probe": name} if name else {}))
    return answer.status, json.loads(answer.body)


def test_is_alive_whatever_it_depends_on() -> None:
    assert probe(Readiness({"directory": broken})) == (200, {"status": "ok"})
    assert probe(Readiness({"directory": broken}), "live") == (200, {"status": "ok"})


def test_is_ready_when_every_check_passes() -> None:
    assert probe(Readiness({"directory": lambda: None}), "ready") == (200, {"status": "ok", "checks": {"directory": "ok"}})


def test_tells_which_check_fails_and_leaves_the_reason_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    found = probe(Readiness({"directory": broken, "keys": lambda: None}), "ready")
    assert found == (503, {"status": "failing", "checks": {"directory": "failing", "keys": "ok"}})
    assert "no route" in caplog.text


def test_knows_no_other_probe() -> None:
    with pytest.raises(NotFound):
        probe(Readiness({}), "startup")
