"""The limit on registrations within a minute."""

import pytest

from shared.errors import TooManyRequests
from shared.registration import rate_limit
from shared.registration.rate_limit import RateLimit
from tests.unit.graph.test_client import MovedClock


def allowed(limit: RateLimit, caller: str, times: int, most: int = 3) -> list[bool]:
    found = []
    for _ in range(times):
        try:
            limit.count(caller, most)
        except TooManyRequests:
            found.append(False)
        else:
            found.append(True)
    return found


def test_so_many_a_minute_and_each_caller_for_itself() -> None:
    clock = MovedClock()
    limit = RateLimit(clock)
    assert allowed(limit, "a", 4) == [True, True, True, False]
    assert allowed(limit, "b", 1) == [True]
    clock.sleep(59.5)
    with pytest.raises(TooManyRequests) as raised:
        limit.count("a", 3)
    assert (raised.value.status, raised.value.error, raised.value.headers["Retry-After"]) == (429, "temporarily_unavailable", "1")
    clock.sleep(0.5)
    assert allowed(limit, "a", 4) == [True, True, True, False]


def test_no_limit_counts_nothing() -> None:
    limit = RateLimit(MovedClock())
    for _ in range(10):
        limit.count("a", None)
    assert allowed(limit, "a", 1, most=1) == [True]


def test_callers_whose_minute_is_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MOST_CALLERS", 2)
    clock = MovedClock()
    limit = RateLimit(clock)
    allowed(limit, "old", 3)
    clock.sleep(40)
    allowed(limit, "young", 3)
    clock.sleep(30)
    allowed(limit, "new", 1)
    allowed(limit, "newer", 1)
    # The young one's minute isn't over: it is still known.
    assert allowed(limit, "young", 1) == [False]
    assert set(limit._windows) == {"young", "new", "newer"}
