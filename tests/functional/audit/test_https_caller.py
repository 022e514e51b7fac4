"""Calls to addresses outside the directory: what is repeated, when, and what a caller learns of it."""

from typing import Any

import pytest
import requests

from shared.audit.sinks.webhook import HttpsCaller
from shared.retry import Deadline
from tests.functional.audit.test_webhook import URL, Wire
from tests.unit.graph.test_client import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


def called(clock: MovedClock, wire: Wire, seconds: float = 600, **options: Any) -> tuple[int | None, bool]:
    answer, lost = HttpsCaller(wire, clock).call("PUT", URL.reveal(), Deadline.after(clock, seconds), **options)
    return (None if answer is None else answer.status_code), lost


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((200,), (200, False)),
        ((400,), (400, False)),
        ((499,), (499, False)),
        # Of what these mean, nothing was done; after the others it may have been.
        ((408, 200), (200, False)),
        ((429, 200), (200, False)),
        ((500, 200), (200, True)),
        ((599, 429, 200), (200, True)),
        ((requests.ConnectionError(), 200), (200, True)),
        ((requests.ReadTimeout(), 404), (404, True)),
        ((429, 429, 429, 429, 200), (429, False)),
        ((requests.ConnectionError(),) * 4, (None, True)),
        ((503,) * 5, (503, True)),
    ],
)
def test_a_caller_learns_whether_an_earlier_attempt_may_have_been_carried_out(
    clock: MovedClock, answers: tuple[Any, ...], outcome: tuple[int | None, bool]
) -> None:
    wire = Wire(*answers)
    assert called(clock, wire) == outcome
    assert len(wire.sent) == min(len(answers), 4)


@pytest.mark.parametrize(("asked", "waited"), [("", 20), ("2", 2 + 4 + 15), ("10", 10 + 10 + 15), ("61", 180)])
def test_pauses_are_the_longer_of_ours_and_what_is_asked_for_up_to_a_minute(clock: MovedClock, asked: str, waited: float) -> None:
    assert called(clock, Wire(429, 429, 429, retry_after=asked)) == (200, False)
    assert clock.seconds == waited


def test_an_attempt_has_ten_seconds_or_what_is_left_but_one_at_least(clock: MovedClock) -> None:
    for left, timeout in ((600.0, 10.0), (10.0, 10.0), (7.0, 7.0), (0.5, 1.0)):
        wire = Wire(200)
        called(clock, wire, left)
        assert wire.sent[0]["timeout"] == (timeout, timeout)
        assert wire.sent[0]["allow_redirects"] is False
