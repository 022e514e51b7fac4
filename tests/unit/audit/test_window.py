"""What is news: each moment falls into the window of exactly one run, however the timer behaves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.audit.window import Window
from shared.clock import write_time
from tests.unit.audit.sample_clients import DAY, NOW, SECOND


def status(last: datetime, following: datetime) -> dict[str, str]:
    return {"Last": last.isoformat(), "Next": following.isoformat(), "LastUpdated": last.isoformat()}


@given(
    gaps=st.lists(st.integers(3600 * 2, 86_400 * 4), min_size=1, max_size=12),
    delays=st.lists(st.integers(0, 1800), min_size=12, max_size=12),
    offset=st.integers(0, 86_400 * 30),
)
def test_windows_of_successive_runs_meet_so_that_nothing_is_news_twice_or_never(
    gaps: list[int], delays: list[int], offset: int
) -> None:
    called = NOW
    found = 0
    moment = NOW + timedelta(seconds=offset)
    for gap, delay in zip(gaps, delays, strict=False):
        last, called = called, called + timedelta(seconds=gap)
        called = called.replace(minute=0, second=1)
        # The function sees the clock a little later than the host noted it, within the same hour.
        window = Window.of_timer(status(last, called), past_due=False, now=called + timedelta(seconds=delay))
        found += window.holds(moment)
    covered = NOW < moment <= called.replace(minute=0, second=0)
    assert found == (1 if covered else 0)


def test_a_run_after_missed_ones_has_as_news_what_came_about_meanwhile() -> None:
    window = Window.of_timer(status(NOW - 5 * DAY, NOW - 4 * DAY), past_due=True, now=NOW + 20 * SECOND)
    assert window.holds(NOW - 3 * DAY)
    assert window.holds(NOW)
    assert not window.holds(NOW - 5 * DAY)


def test_a_timer_that_fires_a_moment_too_early_means_its_appointed_hour() -> None:
    early = Window.of_timer(status(NOW - DAY, NOW), past_due=False, now=NOW - timedelta(milliseconds=300))
    assert early.end == NOW
    following = Window.of_timer(status(NOW, NOW + DAY), past_due=False, now=NOW + DAY + SECOND)
    assert following.start == early.end


def test_everything_is_news_to_the_first_run_of_a_timer() -> None:
    window = Window.of_timer({"Last": "0001-01-01T00:00:00", "Next": write_time(NOW)}, past_due=False, now=NOW)
    assert window.start is None
    assert window.holds(NOW - 5000 * DAY)
    assert Window.of_timer({"Last": "0001-01-01T00:00:00Z"}, past_due=False, now=NOW).start is None


def test_a_run_that_a_person_started_looks_back_one_day() -> None:
    window = Window.of_timer(None, past_due=False, now=NOW)
    assert (window.start, window.end) == (NOW - DAY, NOW)


def test_a_clock_that_was_set_back_gives_an_empty_window() -> None:
    window = Window.of_timer(status(NOW, NOW + DAY), past_due=False, now=NOW - timedelta(hours=3))
    assert not window.holds(NOW)
    assert not window.holds(NOW - timedelta(hours=1))


def test_a_week_begins_on_monday_at_midnight() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert Window(monday - hour, monday).holds_monday()
    assert Window(monday - hour, monday + 30 * hour).holds_monday()
    assert not Window(monday, monday + hour).holds_monday()
    assert not Window(monday - 2 * hour, monday - hour).holds_monday()
    assert Window(None, monday + 100 * hour).holds_monday()


@given(days=st.integers(0, 400))
def test_a_daily_run_holds_a_monday_once_a_week(days: int) -> None:
    start = NOW + timedelta(days=days)
    week = [Window.of_last(DAY, start + timedelta(days=number)) for number in range(7)]
    assert sum(window.holds_monday() for window in week) == 1


def test_the_offset_of_the_hosts_clock_is_understood() -> None:
    window = Window.of_timer({"Last": "2026-11-21T04:00:00.0004+01:00", "Next": "2026-11-22T04:00:00+01:00"}, False, NOW)
    assert (window.start, window.end) == (NOW - DAY, NOW)
