"""The template's alert rules and workbook, on log lines of a bridge that has just written them.

Application Insights keeps the text of a worker's log line as `message`, and its level as `severityLevel`; `requests` are the
host's own, `dependencies` what `shared.open_telemetry` exports.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from local.sandbox import RecordKeeper, Sandbox, sandbox
from local.workbook import CHARTS, WORKBOOK, make_workbook
from shared.application import application
from tests.template.kql import Row, run

ROOT = Path(__file__).resolve().parents[2]
QUERIES = ROOT / "deploy" / "queries"
NOW = datetime.now(UTC)
LEVELS = {logging.DEBUG: 0, logging.INFO: 1, logging.WARNING: 2, logging.ERROR: 3, logging.CRITICAL: 4}
SETTINGS = {"AUDIT_NOTIFY_SEVERITY": "low"}


def trace(record: logging.LogRecord) -> Row:
    at = datetime.fromtimestamp(record.created, UTC)
    level = LEVELS[record.levelno]
    return {"timestamp": at, "message": record.getMessage(), "severityLevel": level, "operation_Id": "0" * 32}


@pytest.fixture(scope="module")
def traces() -> Iterator[list[Row]]:
    """What a bridge logs: a client registered and refused, a token that is none, an audit with a client in trouble."""
    with RecordKeeper("bridge") as log, sandbox(settings=SETTINGS, lag=(0, 0)) as place:
        portal = {"Authorization": place.authorization}
        body = {"client_name": "orders", "grant_types": ["client_credentials"]}
        assert requests.post(f"{place.url}/register", json=body, headers=portal, timeout=30).status_code == 201
        assert (
            requests.post(f"{place.url}/register", json={**body, "client_name": "<b>"}, headers=portal, timeout=30).status_code
            == 400
        )
        gateway = place.introspection_client
        requests.post(f"{place.url}/introspect", data={"token": "x"}, auth=(gateway.client_id, gateway.secret), timeout=30)
        add_client_in_trouble(place)
        # As the timer has it run, a week after the run before: what came about since is news.
        last = (NOW - timedelta(days=7)).isoformat()
        application().run_audit({"Last": last, "Next": "", "LastUpdated": last}, False, "a run")
        yield [trace(record) for record in log.records]


def add_client_in_trouble(place: Sandbox) -> None:
    """One of the bridge's whose only secret ended yesterday."""
    ended = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    began = (NOW - timedelta(days=180)).strftime("%Y-%m-%dT%H:%M:%SZ")
    secret = {"keyId": "5b4c9d8e-0000-4000-8000-000000000001", "startDateTime": began, "endDateTime": ended, "hint": "abc"}
    applications = place.entra.directory.applications
    record = next(record for record in applications.live.values() if record.state["displayName"] == "orders")
    applications.write(record, {"passwordCredentials": [secret], "createdDateTime": began})


def ask(name: str, traces: list[Row], at: datetime | None = None, **tables: list[Row]) -> list[Row]:
    query = (QUERIES / f"{name}.kql").read_text()
    return run(query, {"traces": traces, "requests": [], "dependencies": [], **tables}, at or datetime.now(UTC))


def test_the_workbook_is_made_of_the_queries() -> None:
    assert json.loads((ROOT / WORKBOOK).read_text()) == make_workbook()
    assert {path.stem for path in (QUERIES / "workbook").glob("*.kql")} == {name for name, _, _ in CHARTS}


def test_a_bridge_that_works_raises_no_alert_but_for_the_client_in_trouble(traces: list[Row]) -> None:
    assert ask("requests-fail", traces, requests=[request(200), request(400)]) == []
    assert ask("settings-are-wrong", traces) == []
    assert ask("audit-fails", traces) == []
    assert ask("audit-is-missing", traces) == []
    rows = ask("clients-are-in-trouble", traces)
    assert rows
    assert all(row["client_id"] and row["what"] for row in rows)


def request(status: int) -> Row:
    return {"timestamp": NOW, "name": "register_client", "resultCode": str(status), "operation_Id": "0" * 32}


def test_each_alert_is_raised_by_what_it_is_for(traces: list[Row]) -> None:
    assert [row["resultCode"] for row in ask("requests-fail", traces, requests=[request(200), request(500), request(503)])] == [
        "500",
        "503",
    ]
    assert len(ask("audit-is-missing", traces, datetime.now(UTC) + timedelta(hours=26))) == 1
    [run_line] = [row for row in traces if '"audit_run"' in row["message"]]
    for broken in ({"complete": False, "stopped": "its time was over"}, {"failed_sinks": ["teams"]}):
        row = {**run_line, "message": json.dumps({**json.loads(run_line["message"]), **broken})}
        assert len(ask("audit-fails", [row])) == 1


def test_a_wrong_setting_raises_its_alert() -> None:
    # The check runs within a call, where the host listens: a probe's.
    with RecordKeeper("bridge") as log, sandbox(settings={"AUDIT_TRESHOLDS": "60"}) as place:
        requests.get(f"{place.url}/health", timeout=30)
        assert log.wait_for(lambda record: "AUDIT_TRESHOLDS" in record.getMessage())
    assert len(ask("settings-are-wrong", [trace(record) for record in log.records])) == 1


def charts(name: str, traces: list[Row]) -> list[dict[str, Any]]:
    return ask(f"workbook/{name}", traces)


def test_the_workbook_tells_of_registrations(traces: list[Row]) -> None:
    counted = {(row["action"], row["outcome"]): row["calls"] for row in charts("registrations", traces)}
    assert counted == {("register", "done"): 1, ("register", "refused"): 1}
    [refusal] = charts("refusals", traces)
    assert (refusal["caller"], refusal["status"], refusal["error"]) == ("anypoint", 400, "invalid_client_metadata")
    assert "client_name" in refusal["description"]
    assert refusal["correlation_id"]
    [duration] = charts("durations", traces)
    assert duration["calls"] == 1
    assert 0 < duration["half"] <= duration["most"]
    calls = {(row["name"], row["status"]): row["calls"] for row in charts("graph-calls", traces)}
    assert calls["POST /v1.0/applications", 201] == 1


def test_the_workbook_tells_of_tokens_and_audits(traces: list[Row]) -> None:
    assert charts("inactive-tokens", traces) == [{"caller": "mule-gateway", "reason": "not_a_jwt", "tokens": 1}]
    [audit] = charts("audits", traces)
    assert (audit["complete"], audit["clients"], audit["in_trouble"]) == ("true", 1, 1)
    found = charts("findings", traces)
    assert sum(row["clients"] for row in found) >= 1
    assert all(row["severity"] for row in found)


def test_the_workbook_tells_of_slow_services() -> None:
    def dependency(service: str, milliseconds: float, success: bool) -> Row:
        dimensions = {"bridge.service": service}
        return {"timestamp": NOW, "duration": milliseconds, "success": success, "customDimensions": dimensions}

    given = [dependency("graph", 90, True), dependency("graph", 2500, False), dependency("", 9, True)]
    [row] = ask("workbook/slow-services", [], dependencies=given)
    assert (row["service"], row["calls"], row["failed"], row["most"]) == ("graph", 2, 1, 2500)
