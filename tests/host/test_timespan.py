"""The text form of a .NET TimeSpan. Microsoft Learn, "TimeSpan.Parse"."""

from datetime import timedelta

import pytest

from local.host.timespan import parse_timespan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:10:00", timedelta(minutes=10)),
        ("01:30", timedelta(hours=1, minutes=30)),
        ("1.02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("365", timedelta(days=365)),
        ("00:00:01.5", timedelta(seconds=1.5)),
        ("-00:01:00", timedelta(minutes=-1)),
    ],
)
def test_reads_days_and_times(text: str, expected: timedelta) -> None:
    assert parse_timespan(text) == expected


@pytest.mark.parametrize("text", ["", "x", "24:00:00", "00:60", "00:00:60", "1:2:3:4", "0 * * * * *", "1.5"])
def test_refuses_what_is_no_time_span(text: str) -> None:
    with pytest.raises(ValueError, match="no time span"):
        parse_timespan(text)
