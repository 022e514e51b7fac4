"""AUDIT_SCHEDULE, which the Functions host reads: here it is only checked, by the host's grammar.

An NCRONTAB expression of six fields, whose grammar is that of github.com/atifaziz/NCrontab; no package for Python knows it. `?`,
`L`, `W`, `#`, `@daily` and five fields belong to other dialects of cron, and `%NAME%` isn't resolved a second time.
"""

from typing import NamedTuple

from shared.environment import document

EXPECTED = "expected NCRONTAB of six fields such as 0 0 3 * * * (second, minute, hour, day, month, day of the week)"

_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday"


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

    def values(self, text: str) -> set[int]:
        """What a text that fits stands for."""
        found: set[int] = set()
        for part in text.split(","):
            span, slash, step = part.partition("/")
            ends = [self.first, self.last] if span == "*" else sorted(map(self._value, span.split("-", 1)))
            last = self.last if slash and len(ends) == 1 else ends[-1]
            found.update(range(ends[0], last + 1, int(step or 1)))
        return found

    def _value(self, text: str) -> int:
        words = enumerate(self.words.split(), self.first)
        return int(text) if _is_number(text) else next(number for number, word in words if word.startswith(text.lower()))

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
# Days of each month, in leap years.
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def parse_schedule_text(value: str) -> str:
    """The expression as it stands. Raises ValueError for one that the host refuses, which would leave the timer out, and for the
    time spans that it takes on App Service plans alone."""
    texts = value.split()
    if len(texts) != len(_FIELDS):
        raise ValueError(EXPECTED)
    for field, part in zip(_FIELDS, texts, strict=True):
        if not field.fits(part):
            raise ValueError(f"{EXPECTED}; the field {field.name} can't be read")
    day, months = min(_FIELDS[3].values(texts[3])), _FIELDS[4].values(texts[4])
    if all(day > _LONGEST[month - 1] for month in months):
        raise ValueError(f"would never run: none of its months has a day {day}")
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
