"""The check of the timer's schedule: what it takes is what the host runs."""

import json
from calendar import monthrange
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.ncrontab import CronSchedule
from shared.settings.schedule import parse_schedule_text
from tests.unit.settings.test_check import problems


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "0 0 3 ? * *",
        "x 0 3 * * *",
        "0 x 3 * * *",
        "0 0 x * * *",
        "0 0 3 x * *",
        "@daily",
        "0 3 * * 7",
        "* * *",
        "60 * * * * *",
        "%OTHER%",
        "0 0 3 * * L",
        "25:00:00",
        "12:75",
        "0",
        "5/0 * * * * *",
        "0 3 * * *",
        "1.00:00:00",
        "12:00",
        "%AUDIT%",
        "*/5 * * * *",
        "0 0 3 31 2 *",
        "0 0 24 * * *",
        "0 60 * * * *",
        "0 0 3 0 * *",
        "0 0 3 32 * *",
        "0 0 3 * 0 *",
        "0 0 3 * 13 *",
        "0 0 3 * * 7",
        "*/0 * * * * *",
        "0 0 3 30-31 feb *",
        "0 0 3 31 4-6/2,9,nov Mon",
    ],
)
def test_names_a_schedule_that_the_host_refuses(schedule: str) -> None:
    assert list(problems({"AUDIT_SCHEDULE": schedule})) == ["AUDIT_SCHEDULE"]


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 3 * * *",
        "0 30 9 * Jan Mon-Fri",
        "0 0 3 31 4-5 *",
        "*/5 * * * * 1,3",
        "5-50/15 0 0 1 1-6 *",
        "0 0 3 29 2 *",
        "59 59 23 31 12 6",
        "*/1 0 0 1 1 0",
        "0 0 3 31 2/3 *",
    ],
)
def test_takes_a_schedule_that_the_host_takes(schedule: str) -> None:
    assert problems({"AUDIT_SCHEDULE": schedule}) == {}


@pytest.mark.parametrize("month", range(1, 13))
def test_a_day_that_a_month_has_in_a_leap_year_is_one(month: int) -> None:
    last = monthrange(2028, month)[1]
    assert parse_schedule_text(f"0 0 3 {last} {month} *")
    if last < 31:
        with pytest.raises(ValueError, match=f"would never run: none of its months has a day {last + 1}"):
            parse_schedule_text(f"0 0 3 {last + 1} {month} *")


def test_a_schedule_in_the_file_is_missing_for_the_host(tmp_path: Path) -> None:
    (tmp_path / "bridge.json").write_text(json.dumps({"AUDIT_SCHEDULE": "0 0 3 * * *"}))
    assert list(problems({"AUDIT_SCHEDULE": "", "BRIDGE_CONFIG": str(tmp_path / "bridge.json")})) == ["AUDIT_SCHEDULE"]


PART = st.sampled_from(
    [
        "*",
        "0",
        "2",
        "5",
        "30",
        "31",
        "30-31",
        "29/2",
        "2-6/2",
        "feb",
        "59",
        "60",
        "1-5",
        "5-1",
        "*/2",
        "1/7",
        "x",
        "jan",
        "mon",
        "7",
        "1,2",
        "",
        "?",
        "1-2-3",
        "3,",
        "*-1",
    ]
)


@given(st.lists(PART, min_size=6, max_size=6).map(" ".join))
def test_agrees_with_the_local_host_on_every_expression(schedule: str) -> None:
    def runs_there() -> bool:
        try:
            return CronSchedule(schedule).next_after(datetime(2026, 1, 1, tzinfo=UTC)) is not None
        except ValueError:
            return False

    def is_taken() -> bool:
        try:
            return parse_schedule_text(schedule) == schedule
        except ValueError:
            return False

    assert is_taken() == runs_there()


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ("60 0 3 * * *", "second"),
        ("0 60 3 * * *", "minute"),
        ("0 0 24 * * *", "hour"),
        ("0 0 3 0 * *", "day"),
        ("0 0 3 32 * *", "day"),
        ("0 0 3 * 0 *", "month"),
        ("0 0 3 * 13 *", "month"),
        ("0 0 3 * * 7", "day of the week"),
    ],
)
def test_the_first_field_that_cannot_be_read_is_named(schedule: str, field: str) -> None:
    with pytest.raises(ValueError, match=f"the field {field} can't be read\\Z"):
        parse_schedule_text(schedule)


@pytest.mark.parametrize("schedule", ["0 0 0 1 1 0", "59 59 23 31 12 6"])
def test_each_field_reaches_from_its_first_value_to_its_last(schedule: str) -> None:
    assert parse_schedule_text(schedule) == schedule
