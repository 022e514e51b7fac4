"""A timer trigger's schedule: an NCRONTAB expression, or a TimeSpan between two runs.

Azure/azure-webjobs-sdk-extensions, TimerSchedule.cs and ConstantSchedule.cs.
"""

from datetime import datetime, timedelta
from typing import Protocol

from local.host.ncrontab import CronSchedule, ScheduleError
from local.host.timespan import parse_timespan


class Schedule(Protocol):
    """When a timer is due. Times are datetimes in UTC."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time strictly after `moment`, None if there is none."""


class ConstantSchedule:
    """One run every so often, counted from the run before."""

    def __init__(self, interval: timedelta) -> None:
        """Raises ScheduleError unless the interval is positive."""
        if interval <= timedelta(0):
            raise ScheduleError("the time between two runs must be positive")
        self._interval = interval

    def next_after(self, moment: datetime) -> datetime | None:
        """`moment` and the interval."""
        return moment + self._interval


def parse_schedule(expression: str) -> Schedule:
    """The schedule of a `schedule` property whose settings are filled in. Raises ScheduleError."""
    try:
        return CronSchedule(expression)
    except ScheduleError as cron_error:
        try:
            interval = parse_timespan(expression)
        except ValueError:
            raise cron_error from None
        return ConstantSchedule(interval)
