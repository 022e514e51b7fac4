"""Threads on a virtual clock, of which one runs at a time: the same seed gives the same interleaving.

An actor runs until it sleeps or waits, which in the bridge happens at each Graph call, pause and lock-free wait; then the actor
that wakes first goes on, and the clock moves to that moment. So two requests, the work behind answers and the renewal of a token
overlap as they would in one worker, and nothing takes real time.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from math import inf
from typing import Any


class Killed(BaseException):
    """The worker that the thread belonged to has ended. Nothing in the bridge may catch it."""


class Actor:
    """One thread. `wakes_at` is when it goes on; infinity while it waits for somebody."""

    def __init__(self, name: str, group: object) -> None:
        self.name, self.group = name, group
        self.wakes_at = 0.0
        self.order = 0
        self.killed = self.ended = False
        # Who holds the first one runs; the second one goes back to whoever let it run.
        self.baton, self.back = threading.Lock(), threading.Lock()
        self.baton.acquire()
        self.back.acquire()


class Scheduler:
    """Runs actors in the order of the moments at which they wake, and calls at fixed moments before those."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._actors: list[Actor] = []
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._current: Actor | None = None
        self.crashes: list[str] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    @property
    def current(self) -> Actor | None:
        """The actor that runs; None in the thread that drives."""
        return self._current

    def spawn(self, name: str, work: Callable[[], Any], group: object = None, delay: float = 0) -> Actor:
        """A new actor, which begins after `delay`. Those of a `group` can be killed together."""
        actor = Actor(name, group)
        self._wake_at(actor, self.now() + delay)

        def body() -> None:
            actor.baton.acquire()
            try:
                if not actor.killed:
                    work()
            except Killed:
                pass
            except Exception as failure:
                self.crashes.append(f"{name}: {type(failure).__name__}: {failure}")
            finally:
                actor.ended = True
                actor.back.release()

        threading.Thread(target=body, name=name, daemon=True).start()
        self._actors.append(actor)
        return actor

    def call_at(self, moment: float, call: Callable[[], None]) -> None:
        """Call something at a moment, before any actor that wakes then. It must not sleep."""
        heapq.heappush(self._calls, (moment, next(self._numbers), call))

    def sleep(self, seconds: float) -> None:
        """Let so much time go by. Raises Killed in an actor whose worker has ended."""
        actor = self._current
        if actor is None:
            self.run_until(self.now() + seconds)
            return
        self._wake_at(actor, self.now() + max(0.0, seconds))
        self._yield(actor)

    def wait(self, until: Callable[[], bool], seconds: float = inf) -> None:
        """Wait for `wake` until something holds, for so many seconds at most."""
        actor = self._current
        if actor is None:
            raise RuntimeError("only an actor can wait")
        end = self.now() + seconds
        while not until() and self.now() < end:
            self._wake_at(actor, end)
            self._yield(actor)

    def wake(self, actor: Actor, moment: float | None = None) -> None:
        """Let a waiting actor go on at a moment, or now, if it wouldn't before."""
        moment = self.now() if moment is None else moment
        if moment < actor.wakes_at and not actor.ended:
            self._wake_at(actor, moment)

    def kill(self, group: object) -> None:
        """End the actors of a group: whatever they wait for raises Killed."""
        for actor in [actor for actor in self._actors if actor.group is group]:
            actor.killed = True
            if actor is not self._current:
                self._resume(actor)
        self._actors = [actor for actor in self._actors if not actor.ended]
        if self._current is not None and self._current.killed:
            raise Killed

    def run_until(self, moment: float) -> None:
        """Let everything happen that happens until then."""
        while True:
            actor = min(self._actors, key=lambda one: (one.wakes_at, one.order), default=None)
            called_at = self._calls[0][0] if self._calls else inf
            woken_at = actor.wakes_at if actor is not None else inf
            if min(called_at, woken_at) > moment:
                break
            self._advance_to(min(called_at, woken_at))
            if called_at <= woken_at:
                heapq.heappop(self._calls)[2]()
            elif actor is not None:
                self._resume(actor)
                if actor.ended:
                    self._actors = [one for one in self._actors if one is not actor]
        self._advance_to(moment)

    def run_while(self, unfinished: Callable[[], bool], longest: float) -> None:
        """Let time go by until something is finished."""
        end = self.now() + longest
        while unfinished() and self.now() < end:
            upcoming = min([*(one.wakes_at for one in self._actors), *(entry[0] for entry in self._calls[:1])], default=inf)
            self.run_until(min(max(upcoming, self.now()), end))

    def _wake_at(self, actor: Actor, moment: float) -> None:
        actor.wakes_at, actor.order = moment, next(self._numbers)

    def _resume(self, actor: Actor) -> None:
        outer, self._current = self._current, actor
        actor.baton.release()
        actor.back.acquire()
        self._current = outer

    def _yield(self, actor: Actor) -> None:
        if actor.killed:
            raise Killed
        actor.back.release()
        actor.baton.acquire()
        if actor.killed:
            raise Killed

    def _advance_to(self, moment: float) -> None:
        self._now = max(self._now, moment)


class SimulatedCondition:
    """A `threading.Condition` for actors, which need no lock since one runs at a time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._notified = 0
        self._waiting: list[Actor] = []

    def __enter__(self) -> None:
        """Nothing to take."""

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def wait(self, timeout: float = inf) -> None:
        """Until `notify_all`."""
        before, actor = self._notified, self._scheduler.current
        if actor is not None:
            self._waiting.append(actor)
        self._scheduler.wait(lambda: self._notified != before, timeout)

    def notify_all(self) -> None:
        """Wake those who wait."""
        self._notified += 1
        waiting, self._waiting = self._waiting, []
        for actor in waiting:
            self._scheduler.wake(actor)
