"""What takes telemetry: OTLP over HTTP (opentelemetry.io/docs/specs/otlp) and Application Insights' ingestion, on loopback."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# Application Insights' exporter tells Microsoft and its resource of itself, asks for its own configuration, and stops neither.
QUIET = {
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
}


class Collector:
    """Keeps what arrives: spans and data points of OTLP, envelopes of Application Insights."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.points: list[tuple[str, dict[str, str], float]] = []
        self.envelopes: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.url = ""

    def take(self, path: str, body: bytes) -> bytes:
        """One request's body; gives back the answer's."""
        with self._changed:
            if path == "/v1/traces":
                request = ExportTraceServiceRequest.FromString(body)
                self.spans += [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
            elif path == "/v1/metrics":
                for one in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    for metric in [metric for scope in one.scope_metrics for metric in scope.metrics]:
                        for point in metric.sum.data_points:
                            self.points.append((metric.name, attributes_of(point), point.as_int))
                        for point in metric.histogram.data_points:
                            self.points.append((metric.name, attributes_of(point), point.count))
            else:
                taken = [json.loads(line) for line in body.splitlines()] if body[:1] == b"{" else json.loads(body)
                self.envelopes += taken
                answer = {"itemsReceived": len(taken), "itemsAccepted": len(taken), "errors": []}
                self._changed.notify_all()
                return json.dumps(answer).encode()
            self._changed.notify_all()
        return b""

    def wait_for[T](self, find: Callable[["Collector"], T], seconds: float = 30) -> T:
        """What `find` gives once it is something."""
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := find(self)):
                if not self._changed.wait(end - time.monotonic()):
                    raise AssertionError("what was waited for did not arrive")
            return found

    def latest(self, name: str, **attributes: str) -> float:
        """The last value of a metric with these attributes; 0 where none has come."""
        values = [value for metric, own, value in self.points if metric == name and attributes.items() <= own.items()]
        return values[-1] if values else 0


def attributes_of(thing: Any) -> dict[str, str]:
    """The attributes of a span or a data point, as texts."""
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value"))) for pair in thing.attributes}


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector at its `url`."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            answer = found.take(self.path, body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json" if answer else "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
