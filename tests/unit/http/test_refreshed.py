"""A value kept fresh: when it serves, when it is renewed, who waits, and what a failing fetch costs. To the second."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from shared.http.refreshed import FetchFailed, Lifetimes, Pending, Refreshed, settled, settled_async

NOW = 1_795_341_600.0
LIFETIMES = Lifetimes(renew=100, wait=200, refuse=300, retry=10, retry_empty=5)


class HandExecutor(Executor):
    """Runs what was submitted when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []
        self.closed = False

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self.waiting.append(lambda: task(*args, **kwargs))
        return Future()

    def work(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


class Source:
    """A value that is fetched, or isn't."""

    def __init__(self) -> None:
        self.executor, self.fetches, self.broken = HandExecutor(), 0, False
        self.refreshed = Refreshed("the keys", self._fetch, LIFETIMES, self.executor)

    def _fetch(self) -> int:
        self.fetches += 1
        if self.broken:
            raise ValueError("no keys today")
        return self.fetches

    def at(self, seconds: float) -> int | str:
        """The value, or what is raised, so many seconds after the first."""
        try:
            return self.refreshed.value(NOW + seconds)
        except Pending:
            return "pending"
        except FetchFailed as failed:
            return f"failed, again in {failed.retry_after}"


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def kept(source: Source) -> Source:
    assert source.at(0) == "pending"
    source.executor.work()
    assert source.at(0) == 1
    return source


def test_the_first_value_is_waited_for_by_all_and_fetched_once(source: Source) -> None:
    with pytest.raises(Pending) as first:
        source.refreshed.value(NOW)
    with pytest.raises(Pending) as second:
        source.refreshed.value(NOW)
    assert first.value.future is second.value.future
    assert not first.value.future.cancel()
    source.executor.work()
    assert first.value.future.done()
    assert (source.at(0), source.fetches, source.refreshed.fetched_at) == (1, 1, NOW)


@pytest.mark.parametrize(("age", "renews"), [(99, False), (100, True), (199, True)])
def test_a_value_serves_while_it_is_renewed_behind(kept: Source, age: float, *, renews: bool) -> None:
    assert kept.at(age) == 1
    assert bool(kept.executor.waiting) is renews
    kept.executor.work()
    assert kept.at(age) == (2 if renews else 1)


def test_an_old_value_is_renewed_before_it_serves(kept: Source) -> None:
    assert kept.at(200) == "pending"
    kept.executor.work()
    assert kept.at(200) == 2


def test_an_old_value_serves_where_it_cannot_be_renewed_and_is_refused_in_the_end(kept: Source) -> None:
    kept.broken = True
    assert kept.at(200) == "pending"
    kept.executor.work()
    assert kept.refreshed.failing
    # The next try is ten seconds after the last.
    assert (kept.at(200), kept.at(209), kept.executor.waiting) == (1, 1, [])
    assert kept.at(210) == "pending"
    kept.executor.work()
    assert kept.at(299) == "pending"
    kept.executor.work()
    assert kept.at(300) == "failed, again in 4"
    assert kept.at(304) == "pending"
    kept.executor.work()
    kept.broken = False
    assert kept.at(304) == "failed, again in 5"
    assert kept.at(309) == "pending"
    kept.executor.work()
    assert (kept.at(309), kept.refreshed.failing) == (6, False)


def test_a_failure_without_a_value_is_tried_again_after_a_while(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    source.broken = True
    assert source.at(0) == "pending"
    source.executor.work()
    assert [source.at(second) for second in (0, 1, 4, 4.9)] == [f"failed, again in {left}" for left in (5, 4, 1, 1)]
    assert source.at(5) == "pending"
    assert caplog.messages == ["could not fetch the keys: ValueError: no keys today"]


def test_a_clock_that_was_set_back_renews_and_does_not_trust_for_ever(kept: Source) -> None:
    assert kept.at(-1) == 1
    assert kept.executor.waiting == []
    assert kept.at(-10) == 1
    assert len(kept.executor.waiting) == 1
    kept.executor.work()
    assert kept.at(-10) == 2


def test_asking_renews_at_most_once_in_an_interval(kept: Source) -> None:
    kept.refreshed.ask(NOW + 29, 30)
    assert kept.executor.waiting == []
    with pytest.raises(Pending):
        kept.refreshed.ask(NOW + 30, 30)
    with pytest.raises(Pending):
        kept.refreshed.ask(NOW + 31, 30)
    assert kept.at(31) == 1
    kept.executor.work()
    assert (kept.at(31), kept.fetches) == (2, 2)


def test_an_executor_that_was_shut_down_leaves_the_value_and_says_that_it_fails(kept: Source) -> None:
    kept.executor.closed = True
    assert (kept.at(150), kept.refreshed.failing) == (1, True)
    assert kept.at(200) == 1
    nothing = Source()
    nothing.executor.closed = True
    assert nothing.at(0) == "failed, again in 5"


@pytest.mark.parametrize("patiently", ["threads", "a loop"])
@pytest.mark.parametrize(("rounds", "fetches", "result"), [(1, 1, "there"), (2, 2, "there"), (1, 2, None), (0, 1, None)])
def test_waits_for_so_many_fetches(patiently: str, rounds: int, fetches: int, result: str | None) -> None:
    left = [fetches]

    def ask() -> str:
        if left[0]:
            left[0] -= 1
            done: Future[None] = Future()
            done.set_result(None)
            raise Pending(done)
        return "there"

    def wait() -> str:
        if patiently == "threads":
            return settled(ask, 20, rounds)
        return asyncio.run(settled_async(ask, 20, rounds))

    if result is None:
        with pytest.raises(FetchFailed) as failed:
            wait()
        assert (failed.value.name, failed.value.retry_after) == ("a fetch that takes too long", 1)
    else:
        assert wait() == result


@pytest.mark.parametrize("patiently", ["threads", "a loop"])
def test_a_fetch_that_does_not_end_is_given_up(patiently: str) -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        raise Pending(Future())

    with pytest.raises(FetchFailed):
        _ = settled(ask, 0.01, 5) if patiently == "threads" else asyncio.run(settled_async(ask, 0.01, 5))
    assert len(asked) == 1
