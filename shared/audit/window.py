"""Which findings are news: sinks are notified of a finding once, although nothing is stored between two runs.

Each finding knows the moment at which it came about, worked out from dates in the directory: a secret that ends on 30 June
crosses its threshold of 14 days on 16 June. News is what came about since the run before. That run's time is kept by the timer
itself (ScheduleStatus.Last, which the host stores), so windows of successive runs meet without a gap, over missed runs and
restarts too. The host notes the moment at which it called a function, the function sees one a little later: both are cut to the
full hour, so that both mean the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from shared.clock import read_time

DAY = timedelta(days=1)
# A timer may fire a little before its time, because two clocks differ.
EARLY = timedelta(minutes=1)
# The host gives the year 1 for the last run where there was none.
FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Window:
    """The time after `start` up to and including `end`: what came about in it is news. `start` None reaches back for ever."""

    start: datetime | None
    end: datetime

    @classmethod
    def of_timer(cls, status: Mapping[str, Any] | None, past_due: bool, now: datetime) -> Self:
        """The window of a timer's run.

        `status` is the timer's ScheduleStatus with `Last` and `Next` as ISO 8601 texts, None where the timer has no monitor or a
        person started the run: then it is the last day. Before the very first run of a timer everything is news.
        """
        if status is None:
            return cls.of_last(DAY, now)
        last, following = read_time(status.get("Last")), read_time(status.get("Next"))
        early = not past_due and following is not None and now < following <= now + EARLY
        end = _full_hour(following if early and following is not None else now)
        start = _full_hour(last) if last is not None and last.year >= FIRST_YEAR else None
        # A clock that was set back must not make the window end before it starts.
        return cls(start, end if start is None else max(start, end))

    @classmethod
    def of_last(cls, span: timedelta, now: datetime) -> Self:
        """The window of the time just past."""
        end = _full_hour(now)
        return cls(end - span, end)

    def holds(self, moment: datetime) -> bool:
        """Whether something that came about then is news."""
        return moment <= self.end and (self.start is None or moment > self.start)

    def holds_monday(self) -> bool:
        """Whether a week began in it (Monday, 00:00 UTC): that is when sinks are reminded of trouble that lasts."""
        midnight = self.end.replace(hour=0)
        return self.holds(midnight - midnight.weekday() * DAY)


def _full_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
