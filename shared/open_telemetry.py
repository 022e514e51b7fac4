"""Traces and metrics by OpenTelemetry, to Application Insights or to any OTLP endpoint (setting BRIDGE_TELEMETRY).

The packages are optional and slow to load (half a second and more), so they are loaded in a thread behind the first answer. What
happens until then is kept and told afterwards: the first spans of a worker are the ones that matter at a cold start. The log
isn't exported from here: the host takes it, and it is never sampled.

    azure    azure-monitor-opentelemetry-exporter, by APPLICATIONINSIGHTS_CONNECTION_STRING and, where keys are refused,
             APPLICATIONINSIGHTS_AUTHENTICATION_STRING, as the host itself
    otlp     opentelemetry-exporter-otlp-proto-http, by the variables OTEL_EXPORTER_OTLP_* of OpenTelemetry's specification

Spans are CLIENT spans below the host's own span of the invocation; names of attributes and of the duration's histogram are those
of OpenTelemetry's semantic conventions for HTTP.
"""

import logging
import os
import re
from collections import deque
from collections.abc import Mapping
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from shared.telemetry import Call, Count, Loader, Recorder, close, record_to

logger = logging.getLogger("bridge.telemetry")

# Events that are kept while the packages load.
MOST_KEPT = 2000
# What makes a path one of its kind.
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
NAME = "entra-dcr-bridge"
DURATION = "http.client.request.duration"


class Waiting:
    """Keeps what happens until the recorder of `load` is there. It is loaded at the first `wake`, in a thread of its own."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._kept: deque[Call | Count] = deque(maxlen=MOST_KEPT)
        self._unloaded = Lock()
        # Over the two below, so that nothing is lost between the last that is kept and the first that isn't.
        self._turning = Lock()
        self._recorder: Recorder | None = None
        self._closed = False

    def record(self, event: Call | Count) -> None:
        with self._turning:
            if self._recorder is None:
                self._kept.append(event)
            else:
                self._recorder.record(event)

    def wake(self) -> None:
        if self._unloaded.acquire(blocking=False):
            Thread(target=self.load, name="telemetry", daemon=True).start()

    def close(self) -> None:
        with self._turning:
            self._closed = True

    def load(self) -> None:
        """Put the recorder in, and tell it what was kept. Where it can't be made, the log says why, once."""
        try:
            recorder = self._load()
        except Exception as cause:  # a package that is missing, a connection string that is none
            logger.error("nothing is exported by BRIDGE_TELEMETRY: %s: %s", type(cause).__name__, cause)
            record_to(None)
            return
        with self._turning:
            self._recorder = recorder
            for event in self._kept:
                recorder.record(event)
            if self._closed:
                recorder.close()
            else:
                record_to(recorder)


class OpenTelemetryRecorder:
    """Makes spans and measurements, by the SDK's TracerProvider and MeterProvider."""

    def __init__(self, traces: Any, metrics: Any) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._providers = traces, metrics
        self._tracer, self._meter = traces.get_tracer(NAME), metrics.get_meter(NAME)
        self._kind, self._failed = SpanKind.CLIENT, Status(StatusCode.ERROR)
        self._parent_of = TraceContextTextMapPropagator().extract
        self._durations = self._meter.create_histogram(DURATION, "s", "calls of Graph, of the token service and for keys")
        self._counters: dict[str, Any] = {}

    def record(self, event: Call | Count) -> None:
        if isinstance(event, Call):
            self._record_call(event)
            return
        if event.name not in self._counters:
            self._counters[event.name] = self._meter.create_counter(event.name)
        self._counters[event.name].add(1, dict(event.attributes))

    def wake(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        for provider in self._providers:
            provider.shutdown()

    def _record_call(self, call: Call) -> None:
        parts = urlsplit(call.url)
        attributes: dict[str, Any] = {
            "bridge.service": call.service,
            "http.request.method": call.method,
            "server.address": parts.hostname or "",
            "server.port": parts.port or 443,
        }
        if call.status:
            attributes["http.response.status_code"] = call.status
        self._durations.record(call.seconds, attributes)
        begin = int(call.started * 1e9)
        span = self._tracer.start_span(
            f"{call.method} {_ID.sub('{id}', parts.path)}",
            context=self._parent_of({"traceparent": call.trace_parent}) if call.trace_parent else None,
            kind=self._kind,
            attributes={**attributes, "url.full": call.url, **_named(call)},
            start_time=begin,
        )
        if not call.status or call.status >= 500 or call.status == 429:
            span.set_status(self._failed)
        span.end(begin + int(call.seconds * 1e9))


def _named(call: Call) -> Mapping[str, str]:
    ids = {"bridge.correlation_id": call.correlation_id, "bridge.request_id": call.request_id}
    return {name: value for name, value in ids.items() if value}


def start(mode: str) -> None:
    """Record to where `mode` says: azure or otlp."""
    close()  # of an application before this one
    exporters = {"azure": _azure_exporters, "otlp": _otlp_exporters}[mode]
    record_to(Waiting(lambda: _make_recorder(exporters)))


def _make_recorder(exporters: Any) -> Recorder:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    of_spans, of_metrics = exporters()
    name = os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("WEBSITE_SITE_NAME") or NAME
    resource = Resource.create({"service.name": name})
    # Azure Monitor's own default keeps five traces a second, and drops the first ones.
    traces = TracerProvider(sampler=ALWAYS_ON, resource=resource)
    traces.add_span_processor(BatchSpanProcessor(of_spans))
    metrics = MeterProvider([PeriodicExportingMetricReader(of_metrics)], resource)
    return OpenTelemetryRecorder(traces, metrics)


def _azure_exporters() -> tuple[Any, Any]:
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter

    return AzureMonitorTraceExporter(disable_offline_storage=True), AzureMonitorMetricExporter(disable_offline_storage=True)


def _otlp_exporters() -> tuple[Any, Any]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(), OTLPMetricExporter()
