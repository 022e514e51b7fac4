"""NCRONTAB expressions of six fields: second, minute, hour, day of the month, month, day of the week.

Microsoft Learn, "Timer trigger for Azure Functions", section "NCRONTAB expressions"; details as in the NCrontab library
(github.com/atifaziz/NCrontab). Unlike cron, a day must fit both the day of the month and the day of the week. Sunday is 0, and 7
is no day. A range that runs backwards means the same range forwards; `5/15` starts at 5 and goes to the end of the field.
"""

from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
# After 400 years the Gregorian calendar repeats, days of the week included.
_CYCLE_YEARS = 400


class ScheduleError(ValueError):
    """A schedule expression that cannot be read."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    value_names: tuple[str, ...] = ()

    def values(self, text: str) -> tuple[int, ...]:
        found: set[int] = set()
        for part in text.split(","):
            found.update(self._part(part))
        return tuple(sorted(found))

    def _part(self, part: str) -> range:
        span, slash, step_text = part.partition("/")
        step = self._number(step_text, part) if slash else 1
        if step < 1:
            raise ScheduleError(f"{part!r}: a step is at least 1")
        if span == "*":
            return range(self.first, self.last + 1, step)
        start_text, dash, end_text = span.partition("-")
        start = self._value(start_text, part)
        end = self._value(end_text, part) if dash else (self.last if slash else start)
        if start > end:
            start, end = end, start
        return range(start, end + 1, step)

    def _value(self, text: str, part: str) -> int:
        if text[:1].isalpha():
            for position, name in enumerate(self.value_names):
                if name.startswith(text.lower()):
                    return self.first + position
            raise ScheduleError(f"{part!r} is no value of the field {self.name}")
        value = self._number(text, part)
        if not self.first <= value <= self.last:
            raise ScheduleError(f"{part!r}: the field {self.name} goes from {self.first} to {self.last}")
        return value

    def _number(self, text: str, part: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise ScheduleError(f"{part!r} is no value of the field {self.name}")
        return int(text)


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, tuple(_MONTHS)),
    _Field("day of the week", 0, 6, tuple(_WEEKDAYS)),
)


class CronSchedule:
    """A parsed NCRONTAB expression. All times are datetimes in UTC."""

    def __init__(self, expression: str) -> None:
        """Raises ScheduleError, naming the part that cannot be read."""
        texts = expression.split()
        if len(texts) != len(_FIELDS):
            raise ScheduleError(
                f"{expression!r} has {len(texts)} fields, not {len(_FIELDS)}: {', '.join(f.name for f in _FIELDS)}"
            )
        values = [field.values(text) for field, text in zip(_FIELDS, texts, strict=True)]
        self._seconds, self._minutes, self._hours, self._days, self._months, self._weekdays = values

    def next_after(self, moment: datetime) -> datetime | None:
        """The first occurrence strictly after `moment` (in UTC); None if the schedule never occurs, as 31 February."""
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        day = start.replace(hour=0, minute=0, second=0)
        seconds_of_day = self._time_from(start.hour, start.minute, start.second) if self._fits(day) else None
        if seconds_of_day is None:
            following = self._day_from(day + timedelta(days=1))
            if following is None:
                return None
            day, seconds_of_day = following, self._seconds[0] + 60 * self._minutes[0] + 3600 * self._hours[0]
        return day + timedelta(seconds=seconds_of_day)

    def _fits(self, day: datetime) -> bool:
        return day.month in self._months and day.day in self._days and day.isoweekday() % 7 in self._weekdays

    def _day_from(self, day: datetime) -> datetime | None:
        for year in range(day.year, min(day.year + _CYCLE_YEARS + 1, 9999)):
            for month in self._months:
                if (year, month) < (day.year, day.month):
                    continue
                for number in self._days:
                    if number > monthrange(year, month)[1]:
                        break
                    candidate = day.replace(year=year, month=month, day=number)
                    if candidate >= day and self._fits(candidate):
                        return candidate
        return None

    def _time_from(self, hour: int, minute: int, second: int) -> int | None:
        """The first fitting time of a day at or after the given one, in seconds since midnight."""
        if hour in self._hours:
            if minute in self._minutes:
                later = self._seconds[bisect_left(self._seconds, second) :]
                if later:
                    return 3600 * hour + 60 * minute + later[0]
            later = self._minutes[bisect_left(self._minutes, minute + 1) :]
            if later:
                return 3600 * hour + 60 * later[0] + self._seconds[0]
        later = self._hours[bisect_left(self._hours, hour + 1) :]
        return 3600 * later[0] + 60 * self._minutes[0] + self._seconds[0] if later else None
