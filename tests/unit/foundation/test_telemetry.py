"""What is recorded while the packages load, when they can't be, and when the bridge ends."""

from collections.abc import Callable, Iterator
from queue import Queue
from threading import current_thread
from threading import enumerate as threads

import pytest

from shared import open_telemetry, telemetry
from shared.open_telemetry import MOST_KEPT, Waiting
from tests.e2e.collector import QUIET


@pytest.fixture(autouse=True)
def nobody_is_told() -> Iterator[None]:
    telemetry.record_to(None)
    yield
    telemetry.record_to(None)


class Closing:
    """A recorder that tells what came."""

    def __init__(self) -> None:
        self.events: list[telemetry.Call | telemetry.Count] = []
        self.closed = False

    def record(self, event: telemetry.Call | telemetry.Count) -> None:
        self.events.append(event)

    def wake(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        self.closed = True


def test_a_bridge_that_ends_while_the_packages_load_leaves_nothing_running() -> None:
    recorder = Closing()
    waiting = Waiting(lambda: recorder)
    telemetry.record_to(waiting)
    telemetry.count("bridge.registrations", outcome="done")
    telemetry.close()
    waiting.load()
    assert [event[0] for event in recorder.events] == ["bridge.registrations"]
    assert recorder.closed
    telemetry.count("bridge.registrations", outcome="done")
    assert len(recorder.events) == 1


def test_without_its_packages_the_bridge_works_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    def missing() -> telemetry.Recorder:
        raise ModuleNotFoundError("No module named 'opentelemetry'")

    waiting = Waiting(missing)
    telemetry.record_to(waiting)
    telemetry.count("bridge.registrations", outcome="done")
    waiting.load()
    telemetry.count("bridge.registrations", outcome="done")
    telemetry.wake()
    assert [record.getMessage() for record in caplog.records if record.name == "bridge.telemetry"] == [
        "nothing is exported by BRIDGE_TELEMETRY: ModuleNotFoundError: No module named 'opentelemetry'"
    ]


def test_what_happened_before_the_packages_were_there_is_told_first() -> None:
    recorder = Closing()
    waiting = Waiting(lambda: recorder)
    telemetry.record_to(waiting)
    telemetry.note_call("graph", "GET", "https://graph.example/v1.0/applications?$filter=x", 200, 0.25, "r1")
    waiting.load()
    telemetry.count("bridge.graph.retries", status=429)
    call, count = recorder.events
    assert isinstance(call, telemetry.Call)
    assert (call.service, call.url, call.status, call.seconds, call.request_id) == (
        *("graph", "https://graph.example/v1.0/applications", 200, 0.25),
        "r1",
    )
    assert count == telemetry.Count("bridge.graph.retries", (("status", "429"),))
    assert not recorder.closed
    telemetry.close()
    assert recorder.closed


def test_nobody_is_told_where_it_is_off() -> None:
    telemetry.note_call("graph", "GET", "https://graph.example/", 200, 0.1)
    telemetry.count("bridge.registrations")
    telemetry.wake()
    telemetry.close()


def test_what_meets_the_recorder_while_it_is_put_in_is_told_too() -> None:
    recorder = Closing()
    waiting = Waiting(lambda: recorder)
    one, other = telemetry.Count("a", ()), telemetry.Count("b", ())
    waiting.record(one)
    waiting.load()
    # By a thread that asked whom to tell a moment before.
    waiting.record(other)
    assert recorder.events == [one, other]


def test_so_many_events_are_kept_the_latest() -> None:
    recorder = Closing()
    waiting = Waiting(lambda: recorder)
    for number in range(MOST_KEPT + 3):
        waiting.record(telemetry.Count("a", (("n", str(number)),)))
    waiting.load()
    assert len(recorder.events) == MOST_KEPT
    assert recorder.events[0] == telemetry.Count("a", (("n", "3"),))


def test_the_packages_are_loaded_once_and_behind_the_answer() -> None:
    loaded = Queue[str]()

    def load() -> telemetry.Recorder:
        loaded.put(current_thread().name)
        return Closing()

    waiting = Waiting(load)
    telemetry.record_to(waiting)
    telemetry.wake()
    waiting.wake()
    assert loaded.get(timeout=20) == "telemetry"
    assert loaded.empty()


@pytest.mark.parametrize(
    ("mode", "exporters"),
    [
        ("otlp", ("OTLPSpanExporter", "OTLPMetricExporter")),
        ("azure", ("AzureMonitorTraceExporter", "AzureMonitorMetricExporter")),
    ],
)
def test_each_mode_has_its_exporters(mode: str, exporters: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "InstrumentationKey=00000000-0000-4000-8000-000000000000;IngestionEndpoint=https://127.0.0.1:9/",
    )

    def keep(make_exporters: Callable[[], tuple[object, object]]) -> telemetry.Recorder:
        made.extend(make_exporters())
        return Closing()

    monkeypatch.setattr(open_telemetry, "_make_recorder", keep)
    before = Closing()
    telemetry.record_to(before)
    open_telemetry.start(mode)
    assert before.closed
    waiting = telemetry._State.recorder
    assert isinstance(waiting, Waiting)
    waiting.load()
    assert tuple(type(exporter).__name__ for exporter in made) == exporters
    for exporter in made:
        exporter.shutdown()  # type: ignore[attr-defined]
    assert not [thread.name for thread in threads() if thread.name.startswith(("Otel", "ConfigurationWorker"))]
