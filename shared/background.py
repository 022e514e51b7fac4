"""Work behind the answers: what lag left to do, tried on until it is done.

The Functions host doesn't know of it: a worker that ends takes it along. So every item is idempotent, and whatever must happen in
the end is also found and done by the timer `finish_registrations`.
"""

import heapq
import itertools
import logging
from collections.abc import Callable
from contextvars import Context, copy_context
from threading import Condition, Thread

from shared.clock import Clock
from shared.graph.errors import GraphFailure, ObjectMissing
from shared.http.exchange import sockets_cut_after, sockets_of_its_own
from shared.retry import Deadline

logger = logging.getLogger("bridge.background")

THREADS = 2
# Items that wait at most; what comes beyond is left to the timer.
CAPACITY = 1000
# Seconds before the second, third, ... attempt; the last one goes on.
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
# Seconds for which an item is tried, for which something is sought that may never have been made, and for one attempt.
LONGEST = 600.0
SOUGHT = 180.0
ATTEMPT = 20.0

type Work = Callable[[Deadline], None]


class _Item:
    """One piece of work. `context` carries the invocation for which it is done, so that its log lines are kept."""

    def __init__(self, name: str, work: Work, added_at: float, sought: bool, context: Context) -> None:
        self.name, self.work, self.added_at, self.sought, self.context = name, work, added_at, sought, context
        self.attempts = 0


class Background:
    """A bounded queue and its threads, which start with the first item.

    A piece of work gets a deadline for one attempt and raises a GraphFailure to be tried again. `threads` 0: nothing runs by
    itself, and `run_due` does the work in the caller's thread.
    """

    def __init__(self, clock: Clock, threads: int = THREADS) -> None:
        self._clock = clock
        self._threads = threads
        self._serving: list[Thread] = []
        self._closed = False
        self._changed = Condition()
        self._waiting: list[tuple[float, int, _Item]] = []
        self._numbers = itertools.count()

    def add(self, name: str, work: Work, *, after: float = 0, sought: bool = False) -> bool:
        """Do it, `after` so many seconds; `name` is for the log. `sought`: its object may never have been made, so that one which
        stays unseen is no failure. False where the queue is full, or closed."""
        with self._changed:
            if self._closed or len(self._waiting) >= CAPACITY:
                logger.warning("no room for work behind the answers, which is left to the timer: %s", name)
                return False
            now = self._clock.monotonic()
            self._push(now + after, _Item(name, work, now, sought, copy_context()))
            if len(self._serving) < self._threads:
                self._serving.append(Thread(target=self._serve, name=f"background {len(self._serving)}", daemon=True))
                self._serving[-1].start()
        return True

    def close(self) -> None:
        """Begin nothing more, and return when what is under way has ended, at most an attempt's time later."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._serving:
            thread.join(ATTEMPT + 5)

    def run_due(self) -> bool:
        """Do the piece of work that is due first, and return True; False where nothing waits. Moves the clock on to when it is
        due: for tests, and for a worker that ends."""
        with self._changed:
            if not self._waiting:
                return False
            due, _, item = heapq.heappop(self._waiting)
        early = due - self._clock.monotonic()
        if early > 0:
            self._clock.sleep(early)
        item.context.run(self._attempt, item)
        return True

    def _push(self, due: float, item: _Item) -> None:
        heapq.heappush(self._waiting, (due, next(self._numbers), item))
        self._changed.notify()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._waiting or self._waiting[0][0] > self._clock.monotonic()):
                    wait = self._waiting[0][0] - self._clock.monotonic() if self._waiting else None
                    self._changed.wait(wait)
                if self._closed:
                    return
                _, _, item = heapq.heappop(self._waiting)
            item.context.run(self._attempt, item)

    def _attempt(self, item: _Item) -> None:
        """One attempt, whose sockets are cut when it takes too long."""
        with sockets_cut_after(ATTEMPT + 5) if self._threads else sockets_of_its_own():
            try:
                item.work(Deadline.after(self._clock, ATTEMPT))
            except GraphFailure as failure:
                self._try_later(item, failure)
            except Exception:
                logger.exception("work behind an answer failed: %s", item.name)

    def _try_later(self, item: _Item, failure: GraphFailure) -> None:
        pause = max(PAUSES[min(item.attempts, len(PAUSES) - 1)], failure.retry_after or 0)
        item.attempts += 1
        unseen = item.sought and isinstance(failure, ObjectMissing)
        with self._changed:
            now = self._clock.monotonic()
            if now + pause - item.added_at <= (SOUGHT if unseen else LONGEST):
                if not self._closed:
                    self._push(now + pause, item)
            elif unseen:
                logger.info("nothing was left to do behind an answer: %s: %s", item.name, failure)
            else:
                logger.error("work behind an answer is left to the timer: %s: %s", item.name, failure)
