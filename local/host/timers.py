"""The timer functions of an app: on their schedules while the host serves, and on demand.

Azure/azure-webjobs-sdk-extensions, TimerListener.cs: a run that was missed is made up for once, marked past due; a function never
overlaps with itself; one that took longer than its interval runs again at once. The real host keeps the status of each timer in
its storage account, this one keeps it in memory: a run counts as missed if the same host was not serving when it was due.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.host import protos
from local.host.description import FunctionDescription
from local.host.ncrontab import ScheduleError
from local.host.schedule import Schedule, parse_schedule
from local.host.worker import Outcome, child_trace_parent, invoke_function

# A longer wait is cut in pieces, so that a clock that was set, or a machine that slept, is noticed.
_LONGEST_WAIT_SECONDS = 60.0
_NEVER = "0001-01-01T00:00:00+00:00"
_logger = logging.getLogger("bridge.local.host")

Clock = Callable[[], datetime]


class FunctionFailed(Exception):
    """A function that was run on demand failed or is not loaded; the text is the worker's message."""


@dataclass(slots=True)
class Timer:
    """One timer function: its schedule, and when it ran last and is due next (datetimes in UTC).

    `is_monitored` is false where the real host keeps no status: by the property useMonitor, or for more than one run a minute.
    """

    function: FunctionDescription
    schedule: Schedule
    run_on_startup: bool
    is_monitored: bool
    last: datetime | None = None
    next: datetime | None = None
    running: asyncio.Lock = field(default_factory=asyncio.Lock)

    def trigger_data(self, is_past_due: bool) -> protos.TypedData:
        """The message that the function's timer trigger is given."""
        last = self.last.isoformat() if self.last else _NEVER
        status = {"Last": last, "Next": self.next.isoformat() if self.next else _NEVER, "LastUpdated": last}
        content = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status if self.is_monitored else None,
            "IsPastDue": is_past_due,
        }
        return protos.TypedData(json=json.dumps(content))


class Timers:
    """All timer functions of an app. `clock` gives the time, in UTC."""

    def __init__(self, functions: list[FunctionDescription], clock: Clock) -> None:
        """A function whose schedule cannot be read gets an `index_error` and no timer."""
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self.by_name: dict[str, Timer] = {}
        for function in functions:
            if function.index_error is None and function.is_triggered_by("timerTrigger"):
                try:
                    self.by_name[function.name] = _timer(function, clock())
                except ScheduleError as error:
                    function.index_error = f"the schedule is neither an NCRONTAB expression nor a time span: {error}"

    async def run(self, timer: Timer, is_past_due: bool = False) -> Outcome:
        """Run a timer's function now, after a run that is under way. Its schedule goes on as it was.

        May be called on another loop than the one that the schedules run on.
        """
        if self._loop is None or self._loop is asyncio.get_running_loop():
            return await self._run(timer, is_past_due)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._run(timer, is_past_due), self._loop))

    def start(self) -> None:
        """Start the schedules, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        for timer in self.by_name.values():
            timer.running = asyncio.Lock()
        runnable = [timer for timer in self.by_name.values() if not timer.function.disabled and not timer.function.load_error]
        self._tasks = [asyncio.create_task(self._keep(timer)) for timer in runnable]

    async def stop(self) -> None:
        """Stop the schedules, and wait for the runs that are under way."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        self._tasks = []
        self._loop = None

    async def _run(self, timer: Timer, is_past_due: bool = False) -> Outcome:
        async with timer.running:
            return await invoke_function(timer.function, timer.trigger_data(is_past_due), child_trace_parent(None))

    async def _keep(self, timer: Timer) -> None:
        now = self._clock()
        is_past_due = timer.is_monitored and timer.next is not None and timer.next < now
        if not is_past_due:
            timer.next = timer.schedule.next_after(now)
        if is_past_due or timer.run_on_startup:
            await self._run_as_scheduled(timer, is_past_due)
        while timer.next is not None and not self._stopping.is_set():
            remaining = (timer.next - self._clock()).total_seconds()
            if remaining > 0:
                await self._wait(min(remaining, _LONGEST_WAIT_SECONDS))
            else:
                await self._run_as_scheduled(timer)

    async def _run_as_scheduled(self, timer: Timer, is_past_due: bool = False) -> None:
        started = self._clock()
        await self._run(timer, is_past_due)
        timer.last, timer.next = started, timer.schedule.next_after(started)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _timer(function: FunctionDescription, now: datetime) -> Timer:
    properties = function.trigger.properties
    schedule = parse_schedule(str(properties.get("schedule", "")))
    first = schedule.next_after(now)
    second = schedule.next_after(first) if first is not None else None
    is_frequent = second is not None and second < now + timedelta(minutes=1)
    return Timer(
        function,
        schedule,
        run_on_startup=properties.get("runOnStartup") is True,
        is_monitored=properties.get("useMonitor") is not False and not is_frequent,
    )
