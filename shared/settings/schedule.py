"""AUDIT_SCHEDULE, which the Functions host reads: here it is only checked, by the host's grammar.

Azure/azure-webjobs-sdk-extensions, TimerSchedule.cs and CronSchedule.cs: an NCRONTAB expression of six fields, or a TimeSpan
between two runs, on App Service plans. Not every version of the host takes five fields. The grammar is that of
github.com/atifaziz/NCrontab; no package for Python knows it. `?`, `L`, `W`, `#` and `@daily` belong to other dialects of cron.
"""

import re
from typing import NamedTuple

from shared.environment import document

EXPECTED = "expected NCRONTAB of six fields such as 0 0 3 * * * (second, minute, hour, day, month, day of the week)"

_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday"
_TIME_SPAN = re.compile(r"\d{1,8}|(?:\d{1,8}\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d{1,7})?)?", re.ASCII)


class _Field(NamedTuple):
    name: str
    first: int
    last: int
    words: str = ""

    def fits(self, text: str) -> bool:
        """Whether the text is a list of values, ranges and steps of this field."""
        return all(map(self._fits_part, text.split(",")))

    def _fits_part(self, part: str) -> bool:
        span, slash, step = part.partition("/")
        if slash and not (_is_number(step) and int(step) > 0):
            return False
        return span == "*" or all(map(self._is_value, span.split("-", 1)))

    def _is_value(self, text: str) -> bool:
        if text[:1].isalpha():
            return any(word.startswith(text.lower()) for word in self.words.split())
        return _is_number(text) and self.first <= int(text) <= self.last


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _WEEKDAYS),
)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def is_time_span(value: str) -> bool:
    """Whether it is a time between two runs, which plans other than App Service plans don't take."""
    return _TIME_SPAN.fullmatch(value) is not None


def parse_schedule_text(value: str) -> str:
    """The expression as it stands. Raises ValueError for one that the host refuses, which would leave the timer out."""
    span = _TIME_SPAN.fullmatch(value.strip())
    if span is not None:
        hours, minutes, seconds = (int(part or 0) for part in span.groups())
        if hours > 23 or minutes > 59 or seconds > 59 or not re.search("[1-9]", value):
            raise ValueError("expected a time between two runs such as 1.00:00:00, which is a day")
        return value
    texts = value.split()
    if len(texts) != len(_FIELDS):
        raise ValueError(f"{EXPECTED}; it has {len(texts)}")
    for field, part in zip(_FIELDS, texts, strict=True):
        if not field.fits(part):
            raise ValueError(f"{EXPECTED}; the field {field.name} can't be read")
    return value


SCHEDULE = document(
    "AUDIT_SCHEDULE",
    parse_schedule_text,
    "",
    "NCRONTAB expression of the timer, such as `0 0 3 * * *` (UTC); the host reads it, so it can't stand in the file",
    {"type": "string"},
    required="the timer's NCRONTAB expression, such as 0 0 3 * * *",
    shown="required",
)
