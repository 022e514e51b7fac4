"""A value that is fetched, kept and renewed: the one mechanism behind the keys and the directory lookups.

A `Refreshed` never blocks. Whoever needs a fetch to end gets `Pending` with its future, and waits: a thread by `settled`, an
event loop by `settled_async`. One fetch runs at a time; what is known serves while it is renewed; a failure keeps what is known.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from typing import NamedTuple

_log = logging.getLogger("bridge.introspection")


class Pending(Exception):
    """The answer needs a fetch that is under way; `future` ends with it and holds nothing."""

    def __init__(self, future: Future[None]) -> None:
        super().__init__()
        self.future = future


class FetchFailed(Exception):
    """The answer needs a fetch that failed, and nothing good enough is kept. `retry_after` is in seconds."""

    def __init__(self, name: str, retry_after: int) -> None:
        super().__init__(name)
        self.name = name
        self.retry_after = retry_after


def settled[T](ask: Callable[[], T], patience: float, rounds: int) -> T:
    """What `ask` gives once the fetches that it needs have ended, for a thread that may wait: at most `patience` seconds in all,
    and for `rounds` fetches. Raises what `ask` raises but Pending, and FetchFailed when the fetches take too long."""
    end = time.monotonic() + patience
    for _ in range(rounds + 1):
        try:
            return ask()
        except Pending as pending:
            wait([pending.future], timeout=max(0.0, end - time.monotonic()))
            if not pending.future.done():
                break
    raise FetchFailed("a fetch that takes too long", retry_after=1)


async def settled_async[T](ask: Callable[[], T], patience: float, rounds: int) -> T:
    """The same for an event loop, which it never blocks: without a fetch to wait for it runs straight through."""
    end = time.monotonic() + patience
    for _ in range(rounds + 1):
        try:
            return ask()
        except Pending as pending:
            import asyncio  # only here: the Functions worker has it loaded anyway

            await asyncio.wait([asyncio.wrap_future(pending.future)], timeout=max(0.0, end - time.monotonic()))
            if not pending.future.done():
                break
    raise FetchFailed("a fetch that takes too long", retry_after=1)


class Lifetimes(NamedTuple):
    """Seconds since the last success. `renew`: serve and renew in the background. `wait`: don't answer before a try to renew.
    `refuse`: don't serve at all. `retry`: the least time between tries while a kept value serves, `retry_empty` while none does.
    """

    renew: float
    wait: float
    refuse: float
    retry: float
    retry_empty: float


class Refreshed[T]:
    """A value of type T by way of `fetch`, which is called on `executor` and may raise anything to say that it failed."""

    def __init__(self, name: str, fetch: Callable[[], T], lifetimes: Lifetimes, executor: Executor) -> None:
        self.name = name
        self.failing = False
        self.fetched_at = 0.0
        self._fetch = fetch
        self._limits = lifetimes
        self._executor = executor
        self._lock = threading.Lock()
        self._value: T | None = None
        self._due = 0.0
        self._tried_at: float | None = None
        self._running: Future[None] | None = None

    def value(self, now: float) -> T:
        """The value at `now`, seconds since 1970. Raises Pending or FetchFailed."""
        value = self._value
        # A clock that was set back is before the last fetch: the value is then renewed, not trusted for ever.
        if value is not None and self.fetched_at <= now < self._due:
            return value
        return self._renewed(now)

    def _renewed(self, now: float) -> T:
        limits = self._limits
        with self._lock:
            if self._running is None:
                self._expire(now)
            value, age = self._value, abs(now - self.fetched_at)
            serves = value is not None and age < limits.refuse
            running = self._start(now, limits.retry if serves else limits.retry_empty)
            if value is not None and serves and (age < limits.wait or running is None):
                return value
            if running is not None:
                raise Pending(running)
            tried = now if self._tried_at is None else self._tried_at
            raise FetchFailed(self.name, max(1, round(limits.retry_empty - abs(now - tried))))

    def ask(self, now: float, interval: float) -> None:
        """Renew because what is kept may be behind, at most once in `interval` seconds. Raises Pending while a fetch runs."""
        with self._lock:
            running = self._start(now, interval)
        if running is not None:
            raise Pending(running)

    def _start(self, now: float, interval: float) -> Future[None] | None:
        """The fetch that runs, started here if the last try is `interval` seconds ago; None when it is too early. Needs the lock.

        The try is stamped before the fetch, so that a fetch that hangs or fails counts too.
        """
        if self._running is not None:
            return self._running
        if self._tried_at is not None and abs(now - self._tried_at) < interval:
            return None
        self._tried_at = now
        running: Future[None] = Future()
        running.set_running_or_notify_cancel()  # so that a waiter that is cancelled can't cancel it for the others
        self._running = running
        try:
            self._executor.submit(self._run, running, now)
        except RuntimeError:  # the executor has been shut down
            self._running = None
            self.failing = True
            return None
        return running

    def _run(self, running: Future[None], now: float) -> None:
        try:
            value = self._fetch()
        except Exception as failure:  # what a fetch raises is its adapter's matter; the kept value must outlive all of it
            self.failing = True
            _log.warning("could not fetch %s: %s: %s", self.name, type(failure).__name__, failure)
        else:
            self._keep(value, now)
            self.failing = False
        finally:
            # Whoever sees no running fetch must see its outcome, so the outcome is stored first.
            self._running = None
            running.set_result(None)

    def _keep(self, value: T, now: float) -> None:
        """Take over what a fetch that began at `now` brought; needs no lock, since one fetch runs at a time."""
        self._value, self.fetched_at, self._due = value, now, now + self._limits.renew

    def _expire(self, now: float) -> None:
        """For values of which parts end on their own: called before a value that is due serves, while no fetch can replace it."""
