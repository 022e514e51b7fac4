"""Conformance to the host: timer functions."""

import asyncio
import queue
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.host.schedule import parse_schedule
from local.host.timers import FunctionFailed
from tests.host.sample_app import SampleApp

RECORDING = """
import queue
import azure.functions as func

runs = queue.Queue()

def main(timer: func.TimerRequest) -> None:
    runs.put({"past_due": timer.past_due, "status": dict(timer.schedule_status), "schedule": dict(timer.schedule)})
"""


class HandClock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    """Noon of an ordinary day."""
    return HandClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))


def recorded(name: str) -> "queue.Queue[dict[str, Any]]":
    """The runs of a function made of RECORDING."""
    runs: queue.Queue[dict[str, Any]] = sys.modules[f"__app__.{name}"].runs
    return runs


def test_a_timer_runs_on_demand(app: SampleApp) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerInfo.cs: the trigger's data."""
    app.timer("tick", RECORDING)
    host = app.host()
    asyncio.run(host.run_timer("tick"))
    run = recorded("tick").get_nowait()
    assert run["past_due"] is False
    assert set(run["status"]) == {"Last", "Next", "LastUpdated"}
    assert run["schedule"] == {"AdjustForDST": True}
    asyncio.run(host.run_timer("tick", is_past_due=True))
    assert recorded("tick").get_nowait()["past_due"] is True


def test_an_async_timer_runs_too(app: SampleApp) -> None:
    """Azure/azure-functions-python-worker: a coroutine main runs on the event loop."""
    app.timer("tick", RECORDING.replace("def main", "async def main"))
    asyncio.run(app.host().run_timer("tick"))
    assert recorded("tick").get_nowait()["past_due"] is False


@pytest.mark.parametrize(
    "code", ["def main(timer):\n    raise ValueError('boom')\n", "def main(timer):\n    return 5\n", "import nothing_x\n"]
)
def test_a_timer_that_fails_or_does_not_load_says_so(app: SampleApp, code: str) -> None:
    """Azure/azure-functions-python-worker: the message of the failure."""
    app.timer("tick", code)
    with pytest.raises(FunctionFailed):
        asyncio.run(app.host().run_timer("tick"))


def test_an_unknown_timer_is_a_key_error(app: SampleApp) -> None:
    """The host's own API."""
    app.http("web")
    with pytest.raises(KeyError):
        asyncio.run(app.host().run_timer("web"))


def test_a_timer_runs_on_its_schedule_while_the_host_serves(app: SampleApp) -> None:
    """Microsoft Learn, Timer trigger for Azure Functions."""
    app.timer("tick", RECORDING, "* * * * * *")
    with app.host().serving():
        runs = recorded("tick")
        assert runs.get(timeout=30)["past_due"] is False
        runs.get(timeout=30)


def test_the_schedule_may_come_from_an_app_setting(app: SampleApp) -> None:
    """Microsoft Learn, Timer trigger for Azure Functions, NCRONTAB expressions: an app setting in percent signs."""
    app.timer("tick", RECORDING, "%HOST_TEST_SCHEDULE%")
    assert app.host().functions[0].load_error is not None
    host = app.host({"HOST_TEST_SCHEDULE": "0 30 9 * * 1-5"})
    assert host.functions[0].load_error is None
    moment = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # A Sunday.
    assert host.timers.by_name["tick"].schedule.next_after(moment) == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("schedule", ["", "nonsense", "0 0 25 * * *", "* * * * *", "00:00:00", "-00:10:00"])
def test_a_schedule_that_cannot_be_read_keeps_the_timer_unknown(app: SampleApp, schedule: str) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerSchedule.cs: neither a cron expression nor a time span."""
    app.timer("tick", RECORDING, schedule)
    assert app.host().functions[0].load_error is not None


def test_a_time_span_counts_from_the_run_before() -> None:
    """Azure/azure-webjobs-sdk-extensions, ConstantSchedule.cs."""
    moment = datetime(2026, 11, 22, 12, 0, 7, tzinfo=UTC)
    assert parse_schedule("00:30:00").next_after(moment) == moment + timedelta(minutes=30)


def test_run_on_startup_runs_at_once(app: SampleApp, clock: HandClock) -> None:
    """Microsoft Learn, Timer trigger for Azure Functions, runOnStartup."""
    app.timer("tick", RECORDING, runOnStartup=True)
    with app.host(clock=clock).serving():
        assert recorded("tick").get(timeout=30)["past_due"] is False


def test_a_missed_run_is_made_up_for_once_and_marked_past_due(app: SampleApp, clock: HandClock) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerListener.cs (StartAsync)."""
    app.timer("tick", RECORDING, "0 0 13 * * *")
    host = app.host(clock=clock)
    with host.serving():
        pass
    assert recorded("tick").empty()
    clock.now += timedelta(days=3)
    with host.serving():
        run = recorded("tick").get(timeout=30)
    assert run["past_due"] is True
    assert run["status"]["Next"] == "2026-11-22T13:00:00+00:00"
    assert recorded("tick").empty()
    assert host.timers.by_name["tick"].next == datetime(2026, 11, 25, 13, 0, tzinfo=UTC)


def test_an_unmonitored_timer_has_no_status_and_is_never_past_due(app: SampleApp, clock: HandClock) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerListener.cs, TimerSchedule.cs: useMonitor false, or several runs a minute."""
    app.timer("tick", RECORDING, "0 0 13 * * *", useMonitor=False)
    app.timer("often", RECORDING, "*/10 * * * * *")
    host = app.host(clock=clock)
    asyncio.run(host.run_timer("tick"))
    assert recorded("tick").get_nowait()["status"] == {}
    asyncio.run(host.run_timer("often"))
    assert recorded("often").get_nowait()["status"] == {}
    with host.serving():
        pass
    clock.now += timedelta(days=3)
    with host.serving():
        pass
    assert recorded("tick").empty()


def test_a_timer_never_overlaps_with_itself(app: SampleApp) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerListener.cs: an invocation lock."""
    code = """
import threading

running = 0
most = 0
guard = threading.Lock()
entered = threading.Event()
release = threading.Event()

def main(timer) -> None:
    global running, most
    with guard:
        running += 1
        most = max(most, running)
    entered.set()
    release.wait(30)
    with guard:
        running -= 1
"""
    app.timer("tick", code)
    host = app.host()
    module = sys.modules["__app__.tick"]

    async def run_three() -> None:
        runs = [asyncio.create_task(host.run_timer("tick")) for _ in range(3)]
        await asyncio.to_thread(module.entered.wait, 30)
        module.release.set()
        await asyncio.gather(*runs)

    asyncio.run(run_three())
    assert module.most == 1


def test_a_run_on_demand_waits_for_one_on_schedule(app: SampleApp, clock: HandClock) -> None:
    """The same lock, although the schedules have a loop and a thread of their own."""
    code = """
import threading

order = []
entered = threading.Event()
release = threading.Event()

def main(timer) -> None:
    order.append("in")
    entered.set()
    release.wait(30)
    order.append("out")
"""
    app.timer("tick", code, runOnStartup=True)
    host = app.host(clock=clock)
    with host.serving():
        module = sys.modules["__app__.tick"]
        assert module.entered.wait(30)
        thread = threading.Thread(target=lambda: asyncio.run(host.run_timer("tick")))
        thread.start()
        module.release.set()
        thread.join(30)
    assert module.order == ["in", "out", "in", "out"]


def test_a_timer_that_fails_runs_again(app: SampleApp) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerListener.cs: errors do not stop the schedule."""
    code = RECORDING + "    raise ValueError('boom')\n"
    app.timer("tick", code, "* * * * * *")
    with app.host().serving():
        runs = recorded("tick")
        runs.get(timeout=30)
        runs.get(timeout=30)


def test_leaving_waits_for_the_run_that_is_under_way(app: SampleApp, clock: HandClock) -> None:
    """Azure/azure-webjobs-sdk-extensions, TimerListener.cs (StopAsync)."""
    code = """
import threading

entered = threading.Event()
release = threading.Event()
done = False

def main(timer) -> None:
    global done
    entered.set()
    release.wait(30)
    done = True
"""
    app.timer("tick", code, runOnStartup=True)
    module: Any = None
    with app.host(clock=clock).serving():
        module = sys.modules["__app__.tick"]
        assert module.entered.wait(30)
        threading.Timer(0.2, module.release.set).start()
    assert module.done is True


def test_a_disabled_timer_is_not_scheduled(app: SampleApp, clock: HandClock) -> None:
    """Microsoft Learn, How to disable functions in Azure Functions."""
    app.timer("tick", RECORDING, runOnStartup=True)
    with app.host({"AzureWebJobs.tick.Disabled": "1"}, clock=clock).serving():
        pass
    assert recorded("tick").empty()
