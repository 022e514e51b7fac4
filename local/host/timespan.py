"""The text form of a .NET TimeSpan, as host.json and timer schedules use it.

Microsoft Learn, "TimeSpan.Parse": `[-]d | [d.]hh:mm[:ss[.ff]]`, so a bare number is a number of days.
"""

import re
from datetime import timedelta

_FORM = re.compile(
    r"\s*(?P<sign>-?)(?:(?P<only_days>\d+)|(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d{1,7})?))?)\s*",
    re.ASCII,
)


def parse_timespan(text: str) -> timedelta:
    """Raises ValueError for what is no TimeSpan."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time span: [days.]hours:minutes[:seconds], or days alone")
    if found["only_days"] is not None:
        span = timedelta(days=int(found["only_days"]))
    else:
        hours, minutes, seconds = int(found["hours"]), int(found["minutes"]), float(found["seconds"] or 0)
        if hours > 23 or minutes > 59 or seconds >= 60:
            raise ValueError(f"{text!r} is no time span: hours go to 23, minutes and seconds to 59")
        span = timedelta(days=int(found["days"] or 0), hours=hours, minutes=minutes, seconds=seconds)
    return -span if found["sign"] else span
