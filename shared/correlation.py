"""One id for all that one request causes: its log lines, work behind its answer, and its calls of Microsoft Graph.

The host keeps a log line's text and drops all else that a worker gives it, so the id stands in the text. Nothing heavy is
imported here: introspection's door starts with this module.
"""

import logging
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar

HEADER = "X-Correlation-ID"
# A caller's id is written into the log: no blanks, no quotes, no line ends.
_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")
# W3C Trace Context section 3.2: version, trace id, parent id, flags.
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_NO_TRACE = "0" * 32
# Calls that are named in one line; a list of thousands would be cut by the log anyway.
MOST_CALLS = 20
LOGGERS = (
    "bridge.audit",
    "bridge.background",
    "bridge.graph",
    "bridge.http",
    "bridge.introspection",
    "bridge.registration",
    "bridge.settings",
    "bridge.telemetry",
)


class Journey:
    """One request on its way through the bridge."""

    __slots__ = ("calls", "id", "started")

    def __init__(self, correlation_id: str) -> None:
        self.id = correlation_id
        self.started = time.monotonic()
        self.calls: list[dict[str, object]] = []

    def note_call(self, name: str, status: int, request_id: str, seconds: float) -> None:
        """Note a call of Graph: method and path, status (0: no answer) and Graph's own id of it, by which Microsoft finds it."""
        if len(self.calls) < MOST_CALLS:
            call = {"call": name, "status": status, "request_id": request_id, "milliseconds": round(seconds * 1000)}
            self.calls.append(call)

    def members(self) -> dict[str, object]:
        """What an event says of the journey so far."""
        found: dict[str, object] = {"correlation_id": self.id, "milliseconds": round((time.monotonic() - self.started) * 1000)}
        if self.calls:
            found["graph"] = list(self.calls)
        return found


JOURNEY: ContextVar[Journey | None] = ContextVar("journey", default=None)


def correlation_id(headers: Mapping[str, str], made: str) -> str:
    """The caller's own id (`x-correlation-id`), else the trace of its `traceparent`, else `made`."""
    own = headers.get("x-correlation-id", "")
    if own and _ID.fullmatch(own):
        return own
    parent = headers.get("traceparent", "")
    match = _TRACE_PARENT.fullmatch(parent) if parent else None
    if match is not None and match[1] != _NO_TRACE:
        return match[1]
    return made


class CorrelationFilter(logging.Filter):
    """Adds the id to the text of a record that is logged on a journey. Events in JSON have it among their members already."""

    def filter(self, record: logging.LogRecord) -> bool:
        journey = JOURNEY.get()
        if journey is not None and not hasattr(record, "correlation_id"):
            record.correlation_id = journey.id
            record.msg = f"{record.getMessage()} (correlation id {journey.id})"
            record.args = None
        return True


def correlate_logs() -> None:
    """Have all of the bridge's loggers name the journey. A second call changes nothing."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, CorrelationFilter) for each in logger.filters):
            logger.addFilter(CorrelationFilter())
