"""What an exporter is given: spans and measurements by OpenTelemetry's conventions for HTTP, through its own SDK."""

from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.open_telemetry import OpenTelemetryRecorder
from shared.telemetry import Call, Count

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALL = Call(
    service="graph",
    method="PATCH",
    url="https://graph.microsoft.com/v1.0/applications/0D9E8F7A-2222-4333-8444-a55566677788/x",
    status=204,
    started=1_795_341_600.25,
    seconds=0.5,
    request_id="their-id",
    trace_parent=f"00-{TRACE}-{SPAN}-01",
    correlation_id="our-id",
)


@dataclass
class Exported:
    """A recorder and what its SDK would export."""

    def __post_init__(self) -> None:
        self.spans_out, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self.spans_out))
        self.recorder = OpenTelemetryRecorder(traces, MeterProvider([self.reader]))

    def span(self, call: Call) -> ReadableSpan:
        self.spans_out.clear()
        self.recorder.record(call)
        [span] = self.spans_out.get_finished_spans()
        return span

    def metrics(self) -> dict[str, list[tuple[Any, dict[str, Any]]]]:
        """By name: the points, each a sum or the sum and count of a histogram, with its attributes."""
        data = self.reader.get_metrics_data()
        assert data is not None
        points: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics:
            for point in metric.data.data_points:
                value = point.value if hasattr(point, "value") else (point.sum, point.count)
                points.setdefault(metric.name, []).append((value, dict(point.attributes or {})))
        return points


@pytest.fixture
def exported() -> Exported:
    return Exported()


def test_a_call_is_a_client_span_below_the_hosts_own(exported: Exported) -> None:
    span = exported.span(CALL)
    assert span.name == "PATCH /v1.0/applications/{id}/x"
    assert span.kind.name == "CLIENT"
    assert dict(span.attributes or {}) == {
        "bridge.service": "graph",
        "http.request.method": "PATCH",
        "server.address": "graph.microsoft.com",
        "server.port": 443,
        "http.response.status_code": 204,
        "url.full": CALL.url,
        "bridge.correlation_id": "our-id",
        "bridge.request_id": "their-id",
    }
    # In nanoseconds, of which a float of seconds holds some hundreds.
    assert span.start_time == pytest.approx(1_795_341_600_250_000_000, abs=1000, rel=0)
    assert span.end_time == pytest.approx(1_795_341_600_750_000_000, abs=1000, rel=0)
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "entra-dcr-bridge"


def test_a_call_outside_of_an_invocation_begins_a_trace_and_leaves_out_what_it_lacks(exported: Exported) -> None:
    span = exported.span(CALL._replace(trace_parent="", correlation_id="", request_id="", url="https://127.0.0.1:8443/x"))
    assert span.parent is None
    attributes = dict(span.attributes or {})
    assert (attributes["server.address"], attributes["server.port"]) == ("127.0.0.1", 8443)
    assert not {"bridge.correlation_id", "bridge.request_id"} & set(attributes)


@pytest.mark.parametrize(
    ("status", "failed"),
    [(200, False), (404, False), (428, False), (429, True), (430, False), (499, False), (500, True), (503, True), (0, True)],
)
def test_what_makes_the_bridge_try_again_is_an_error(exported: Exported, status: int, *, failed: bool) -> None:
    span = exported.span(CALL._replace(status=status))
    assert (span.status.status_code.name == "ERROR") is failed
    assert ("http.response.status_code" in dict(span.attributes or {})) is bool(status)


def test_durations_and_counts_are_measured(exported: Exported) -> None:
    exported.recorder.record(CALL)
    exported.recorder.record(CALL._replace(seconds=1.5))
    exported.recorder.record(CALL._replace(status=0))
    for kind in ("web", "web", "native"):
        exported.recorder.record(Count("bridge.registrations", (("kind", kind),)))
    exported.recorder.record(Count("bridge.deletions", ()))
    measured = exported.metrics()
    durations = {
        attributes.get("http.response.status_code"): value for value, attributes in measured["http.client.request.duration"]
    }
    assert durations == {204: (2.0, 2), None: (0.5, 1)}
    assert all("url.full" not in attributes for _, attributes in measured["http.client.request.duration"])
    assert sorted((attributes["kind"], value) for value, attributes in measured["bridge.registrations"]) == [
        ("native", 1),
        ("web", 2),
    ]
    assert measured["bridge.deletions"] == [(1, {})]


def test_closing_ends_both(exported: Exported) -> None:
    exported.recorder.wake()
    exported.recorder.close()
    exported.recorder.record(CALL)
    assert exported.spans_out.get_finished_spans() == ()
