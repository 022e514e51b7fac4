"""Work behind the answers: tried on, given up, closed."""

import logging
from datetime import UTC, datetime
from itertools import pairwise
from threading import Event
from threading import enumerate as threads

import pytest

from shared.background import LONGEST, SOUGHT, Background
from shared.clock import SystemClock
from shared.graph.errors import GraphFailure, ObjectMissing, Unavailable
from shared.retry import Deadline


class LeapingClock:
    """A pause moves it and takes no time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.mark.parametrize(
    ("sought", "failure", "seconds", "level"),
    [
        (True, ObjectMissing("not seen"), SOUGHT, "INFO"),
        (True, Unavailable("an outage"), LONGEST, "ERROR"),
        (False, ObjectMissing("not seen"), LONGEST, "ERROR"),
    ],
    ids=["what was never made", "what can't be looked for", "what was made"],
)
def test_work_is_given_up_after_a_while(
    sought: bool, failure: GraphFailure, seconds: float, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bridge.background")
    clock = LeapingClock()
    background = Background(clock, threads=0)
    tried: list[float] = []

    def work(_: Deadline) -> None:
        tried.append(clock.monotonic())
        raise failure

    background.add("undo something", work, sought=sought)
    while background.run_due():
        pass
    assert seconds / 2 < tried[-1] <= seconds
    (record,) = [record for record in caplog.records if record.name == "bridge.background"]
    assert (record.levelname, "undo something" in record.getMessage()) == (level, True)


def test_closing_waits_for_what_is_under_way_and_begins_nothing_more() -> None:
    before = set(threads())
    background = Background(SystemClock())
    begun, may_end, done = Event(), Event(), []

    def long_work(_: Deadline) -> None:
        begun.set()
        may_end.wait(10)
        done.append("long")

    background.add("long", long_work)
    assert begun.wait(10)
    background.add("later", lambda _: done.append("later"), after=3600)
    may_end.set()
    background.close()
    assert done == ["long"]
    assert not [thread for thread in set(threads()) - before if thread.name.startswith("background")]
    assert not background.add("too late", lambda _: done.append("too late"))


def test_attempts_follow_at_growing_pauses_and_then_at_the_longest() -> None:
    clock = LeapingClock()
    background = Background(clock, threads=0)
    tried: list[float] = []

    def work(_: Deadline) -> None:
        tried.append(clock.monotonic())
        raise ObjectMissing("not seen")

    background.add("undo something that was made", work)
    while background.run_due():
        pass
    assert [later - earlier for earlier, later in pairwise(tried)][:8] == [1, 2, 4, 8, 15, 30, 30, 30]
    assert tried[-1] > SOUGHT
