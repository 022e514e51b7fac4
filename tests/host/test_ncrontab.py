"""NCRONTAB expressions.

Microsoft Learn, "Timer trigger for Azure Functions", section "NCRONTAB expressions"; github.com/atifaziz/NCrontab.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.host.ncrontab import CronSchedule, ScheduleError


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        # The examples of the documentation.
        ("0 */5 * * * *", "2026-11-22 12:00:00", "2026-11-22 12:05:00"),
        ("0 0 * * * *", "2026-11-22 12:00:01", "2026-11-22 13:00:00"),
        ("0 0 */2 * * *", "2026-11-22 13:00:00", "2026-11-22 14:00:00"),
        ("0 0 9-17 * * *", "2026-11-22 17:30:00", "2026-11-23 09:00:00"),
        ("0 30 9 * * *", "2026-11-22 09:30:00", "2026-11-23 09:30:00"),
        ("0 30 9 * * 1-5", "2026-11-22 00:00:00", "2026-11-23 09:30:00"),
        ("0 30 9 * Jan Mon", "2026-11-22 00:00:00", "2027-01-04 09:30:00"),
        ("0 5 * * * *", "2026-11-22 12:04:59", "2026-11-22 12:05:00"),
        ("5,8,10 * * * * *", "2026-11-22 12:00:08", "2026-11-22 12:00:10"),
        ("0 0 0 * * 0", "2026-11-22 00:00:00", "2026-11-29 00:00:00"),
        # Details of the library.
        ("59 59 23 31 12 *", "2026-12-31 23:59:58", "2026-12-31 23:59:59"),
        ("0 0 0 1 1 *", "2026-01-01 00:00:00", "2027-01-01 00:00:00"),
        ("0 0 0 29 2 *", "2026-03-01 00:00:00", "2028-02-29 00:00:00"),
        ("0 0 0 29 2 *", "2097-01-01 00:00:00", "2104-02-29 00:00:00"),
        ("0 0 0 31 * *", "2026-11-01 00:00:00", "2026-12-31 00:00:00"),
        ("0 0 0 13 * Fri", "2026-11-14 00:00:00", "2027-08-13 00:00:00"),
        ("0 5/20 * * * *", "2026-11-22 12:26:00", "2026-11-22 12:45:00"),
        ("0 0 8-20/4 * * *", "2026-11-22 12:00:00", "2026-11-22 16:00:00"),
        ("0 0 0 * * 5-1", "2026-11-22 00:00:00", "2026-11-23 00:00:00"),
        ("0 0 0 1 SEPTEMBER-november *", "2026-11-22 00:00:00", "2027-09-01 00:00:00"),
        ("0 0 0 1 1,jul,12 *", "2026-02-01 00:00:00", "2026-07-01 00:00:00"),
    ],
)
def test_next_occurrence(expression: str, after: str, expected: str) -> None:
    assert CronSchedule(expression).next_after(at(after)) == at(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * 32 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "*/0 * * * * *",
        "*/ * * * * *",
        "a * * * * *",
        "* * * * Foo *",
        "1-2-3 * * * * *",
        "1, * * * * *",
        "-1 * * * * *",
        "* * * ? * *",
        "\u0663 * * * * *",
        "*-5 * * * * *",
        "5- * * * * *",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        CronSchedule(expression)


def test_a_schedule_that_never_occurs_has_no_next() -> None:
    assert CronSchedule("0 0 0 31 2 *").next_after(at("2026-01-01 00:00:00")) is None


def test_the_moment_may_be_given_in_any_zone() -> None:
    moment = datetime(2026, 11, 22, 13, 0, 0, 500, tzinfo=timezone(timedelta(hours=1)))
    assert CronSchedule("0 * * * * *").next_after(moment) == at("2026-11-22 12:01:00")


def fields(first: int, last: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field's text, and the values that it means."""
    number = st.integers(first, last)
    steps = st.integers(1, last)
    every = st.just(("*", frozenset(range(first, last + 1))))
    single = number.map(lambda n: (str(n), frozenset({n})))
    span = st.tuples(number, number, steps).map(
        lambda t: (f"{min(t[:2])}-{max(t[:2])}/{t[2]}", frozenset(range(min(t[:2]), max(t[:2]) + 1, t[2])))
    )
    step = steps.map(lambda n: (f"*/{n}", frozenset(range(first, last + 1, n))))
    part = st.one_of(every, single, span, step)
    return st.lists(part, min_size=1, max_size=3).map(
        lambda parts: (",".join(text for text, _ in parts), frozenset[int]().union(*(values for _, values in parts)))
    )


EXPRESSIONS = st.tuples(fields(0, 59), fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 6))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


def fits(moment: datetime, expression: tuple[tuple[str, frozenset[int]], ...]) -> bool:
    """Whether each part of a moment is among its field's values."""
    parts = (moment.second, moment.minute, moment.hour, moment.day, moment.month, moment.isoweekday() % 7)
    return all(part in values for part, (_, values) in zip(parts, expression, strict=True))


@given(EXPRESSIONS, MOMENTS)
def test_the_next_occurrence_is_later_and_fits_every_field(
    expression: tuple[tuple[str, frozenset[int]], ...], moment: datetime
) -> None:
    found = CronSchedule(" ".join(text for text, _ in expression)).next_after(moment)
    if found is None:
        days, months = expression[3][1], expression[4][1]
        assert all(day > (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31) for day in days for month in months)
    else:
        assert found > moment
        assert found.tzinfo is UTC
        assert found.microsecond == 0
        assert fits(found, expression)


@given(EXPRESSIONS, MOMENTS, st.integers(1, 200_000))
@example(expression=(("*", frozenset(range(60))),) * 6, moment=at("2026-01-01 00:00:00"), seconds=1)
def test_nothing_between_the_moment_and_the_next_occurrence_fits(
    expression: tuple[tuple[str, frozenset[int]], ...], moment: datetime, seconds: int
) -> None:
    found = CronSchedule(" ".join(text for text, _ in expression)).next_after(moment)
    between = moment.replace(microsecond=0) + timedelta(seconds=seconds)
    if found is None or between < found:
        assert not fits(between, expression)


@given(EXPRESSIONS, MOMENTS)
def test_occurrences_follow_one_another(expression: tuple[tuple[str, frozenset[int]], ...], moment: datetime) -> None:
    schedule = CronSchedule(" ".join(text for text, _ in expression))
    first = schedule.next_after(moment)
    if first is not None:
        assert schedule.next_after(first - timedelta(seconds=1)) == first
        second = schedule.next_after(first)
        assert second is not None
        assert second > first
