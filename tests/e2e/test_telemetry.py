"""Traces and metrics of a bridge behind the real worker library, as a collector and as Application Insights get them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from local.sandbox import RecordKeeper, Sandbox, sandbox
from tests.e2e.collector import QUIET, Collector, attributes_of, collector

ROOT = Path(__file__).resolve().parents[2]
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BODY = {"client_name": "traced", "grant_types": ["client_credentials"]}


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Exporters that outlive their bridge would go on beside all other tests."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("Otel")] == []


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def place(collected: Collector) -> Iterator[Sandbox]:
    with sandbox(settings={"BRIDGE_TELEMETRY": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": collected.url, **QUICK}) as started:
        yield started


def register(place: Sandbox, trace_id: str = TRACE) -> requests.Response:
    # The flag 00: nobody else keeps this trace.
    headers = {"Authorization": place.authorization, "traceparent": f"00-{trace_id}-00f067aa0ba902b7-00"}
    return requests.post(f"{place.url}/register", json=BODY, headers=headers, timeout=30)


def spans_of(found: Collector, trace_id: str) -> list[Any]:
    return [span for span in found.spans if span.trace_id.hex() == trace_id]


def test_the_first_calls_of_a_worker_are_spans_of_the_callers_trace(place: Sandbox, collected: Collector) -> None:
    assert register(place).status_code == 201
    spans = collected.wait_for(lambda found: [span for span in spans_of(found, TRACE) if "servicePrincipals" in span.name])
    assert spans
    for span in spans_of(collected, TRACE):
        attributes = attributes_of(span)
        assert span.kind == Span.SPAN_KIND_CLIENT
        assert span.parent_span_id
        assert span.end_time_unix_nano > span.start_time_unix_nano
        assert attributes["server.address"] == "127.0.0.1"
        assert attributes["server.port"] == place.entra.url.rpartition(":")[2]
        assert attributes["bridge.correlation_id"] == TRACE
        assert "?" not in attributes["url.full"]
        assert span.status.code == Status.STATUS_CODE_UNSET
    assert "POST /v1.0/applications" in {span.name for span in spans_of(collected, TRACE)}
    # The token and the keys belong to nobody's request, and came before anything was loaded that could send them.
    services = collected.wait_for(
        lambda found: ({attributes_of(span)["bridge.service"] for span in found.spans}, len(found.spans))
    )
    assert {"graph", "token_service"} <= services[0]


def test_a_refused_call_is_a_failed_span_and_a_retry(place: Sandbox, collected: Collector) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    place.entra.faults.add("throttle", method="POST", path="/applications", times=1, retry_after=1)
    assert register(place, trace_id).status_code == 201
    failed = collected.wait_for(lambda found: [span for span in spans_of(found, trace_id) if span.status.code == 2])
    assert attributes_of(failed[0])["http.response.status_code"] == "429"
    collected.wait_for(lambda found: found.latest("bridge.graph.retries", status="429") == 1)


def test_outcomes_are_counted(place: Sandbox, collected: Collector) -> None:
    gateway = place.introspection_client
    auth = (gateway.client_id, gateway.secret)
    for _ in range(3):
        assert requests.post(f"{place.url}/introspect", data={"token": "x"}, auth=auth, timeout=30).json() == {"active": False}
    assert register(place).status_code == 201
    requests.post(
        f"{place.url}/register", json={"client_name": "<b>"}, headers={"Authorization": place.authorization}, timeout=30
    )
    collected.wait_for(lambda found: found.latest("bridge.introspections", outcome="inactive") >= 3)
    collected.wait_for(lambda found: found.latest("bridge.registrations", action="register", outcome="refused") >= 1)
    collected.wait_for(lambda found: found.latest("http.client.request.duration", **{"bridge.service": "graph"}) >= 1)
    collected.wait_for(lambda found: found.latest("bridge.key_refreshes", result="done") >= 1)


def test_application_insights_gets_dependencies_of_the_operation() -> None:
    with collector() as found:
        connection = f"InstrumentationKey=11111111-2222-4333-8444-555555555555;IngestionEndpoint={found.url}/"
        settings = {
            "BRIDGE_TELEMETRY": "azure",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": connection,
            **QUICK,
            **QUIET,
        }
        with sandbox(settings=settings) as place:
            assert register(place).status_code == 201
            kept = found.wait_for(lambda it: [e for e in it.envelopes if e["data"]["baseType"] == "RemoteDependencyData"])
            graph = [e for e in kept if e["tags"]["ai.operation.id"] == TRACE]
            assert graph
            data = graph[0]["data"]["baseData"]
            assert (data["name"], data["resultCode"], data["success"]) == ("POST /v1.0/applications", "201", True)
            assert data["target"] == place.entra.url.removeprefix("https://")
            assert data["properties"]["bridge.service"] == "graph"
        metrics = [e["data"]["baseData"]["metrics"][0]["name"] for e in found.envelopes if e["data"]["baseType"] == "MetricData"]
        assert {"bridge.registrations", "http.client.request.duration"} <= set(metrics)


def test_a_wrong_connection_string_is_said_in_the_log() -> None:
    settings = {"BRIDGE_TELEMETRY": "azure", "APPLICATIONINSIGHTS_CONNECTION_STRING": "nonsense"}
    with RecordKeeper("bridge.telemetry") as log, sandbox(settings=settings) as place:
        assert register(place).status_code == 201
        assert log.wait_for(lambda record: "nothing is exported" in record.getMessage())


def test_nothing_is_imported_where_it_is_off() -> None:
    program = (
        "import sys, os; os.environ.clear()\n"
        "import register_client, introspect, audit_secrets\n"
        "from shared.application import application; application()\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "shared" in loaded
    assert "opentelemetry" not in loaded
    assert "shared.open_telemetry" not in done.stdout.split()
