"""What is told of the bridge's work besides its log: calls of other services, and counts of outcomes. Off, it costs a comparison.

A recorder is put in by the composition where BRIDGE_TELEMETRY says so (`shared.open_telemetry`); nothing heavy is imported here.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple, Protocol

from shared.correlation import JOURNEY

# The host's span of this invocation (W3C Trace Context section 3.2), which calls are children of; empty where there is none.
TRACE_PARENT: ContextVar[str] = ContextVar("trace_parent", default="")


class Call(NamedTuple):
    """A call of another service. `service`: graph, token_service or keys. `url` is without a query, which may hold what a caller
    sent. `status` 0: no answer came. `started` is in seconds since 1970; `request_id` is the service's own."""

    service: str
    method: str
    url: str
    status: int
    started: float
    seconds: float
    request_id: str
    trace_parent: str
    correlation_id: str


class Count(NamedTuple):
    """Something that happened once more, such as `bridge.registrations`, with what tells its kinds apart."""

    name: str
    attributes: tuple[tuple[str, str], ...]


class Recorder(Protocol):
    """What takes it."""

    def record(self, event: Call | Count) -> None:
        """Take one event, at once and without raising."""
        ...

    def wake(self) -> None:
        """An answer is out: there is time now for what would have delayed it."""
        ...

    def close(self) -> None:
        """Send what was taken, and end."""
        ...


class _State:
    recorder: Recorder | None = None


def record_to(recorder: Recorder | None) -> None:
    """Tell this recorder from now on; None: nobody."""
    _State.recorder = recorder


def close() -> None:
    """Send what is left, and tell nobody any more."""
    recorder, _State.recorder = _State.recorder, None
    if recorder is not None:
        recorder.close()


def wake() -> None:
    """See `Recorder.wake`."""
    if _State.recorder is not None:
        _State.recorder.wake()


def note_call(service: str, method: str, url: str, status: int, seconds: float, request_id: str = "") -> None:
    """Record a call that has just ended."""
    if _State.recorder is not None:
        journey = JOURNEY.get()
        correlation_id = "" if journey is None else journey.id
        call = Call(
            service,
            method,
            url.partition("?")[0],
            status,
            time.time() - seconds,
            seconds,
            request_id,
            TRACE_PARENT.get(),
            correlation_id,
        )
        _State.recorder.record(call)


def count(name: str, **attributes: object) -> None:
    """Count something that happened."""
    if _State.recorder is not None:
        _State.recorder.record(Count(name, tuple((key, str(value)) for key, value in attributes.items())))


def count_again(event: Count) -> None:
    """Count what happens thousands of times a second, and so is made but once."""
    if _State.recorder is not None:
        _State.recorder.record(event)


type Loader = Callable[[], Recorder]
"""Makes the recorder that takes the place of one which only kept events until then."""
