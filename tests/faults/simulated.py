"""The bridge's clock, executor and background on the scheduler's virtual time."""

from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Any

from emulator.server import EntraEmulator
from shared.background import Background, Work
from tests.faults.scheduler import Actor, Scheduler


class SimulatedClock:
    """The bridge's clock."""

    def __init__(self, scheduler: Scheduler, emulator: EntraEmulator) -> None:
        self._scheduler, self._clock = scheduler, emulator.clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.time()

    def sleep(self, seconds: float) -> None:
        self._scheduler.sleep(seconds)


class SimulatedExecutor(Executor):
    """An actor for each task."""

    def __init__(self, scheduler: Scheduler, group: object) -> None:
        self._scheduler, self._group = scheduler, group

    def submit(self, fn: Any, /, *args: Any, **options: Any) -> Future[Any]:
        self._scheduler.spawn("fetch", lambda: fn(*args, **options), self._group)
        return Future()


class SimulatedBackground(Background):
    """Work behind the answers, done by actors."""

    def __init__(self, scheduler: Scheduler, clock: SimulatedClock, group: object, threads: int = 2) -> None:
        super().__init__(clock, threads=0)
        self._scheduler = scheduler
        self._actors = [scheduler.spawn(f"background {number}", self._serve_simulated, group) for number in range(threads)]
        self._idle: set[Actor] = set()

    @property
    def waiting(self) -> list[str]:
        """The names of what is left to do."""
        return [entry[2].name for entry in self._waiting]

    def add(self, name: str, work: Work, *, after: float = 0, sought: bool = False) -> bool:
        added = super().add(name, work, after=after, sought=sought)
        self._wake()
        return added

    def _try_later(self, *failed: Any) -> None:
        super()._try_later(*failed)
        self._wake()

    def _wake(self) -> None:
        for actor in self._actors:
            if actor in self._idle and self._waiting:
                self._scheduler.wake(actor, max(self._scheduler.now(), self._waiting[0][0]))

    def _serve_simulated(self) -> None:
        actor = self._scheduler.current
        assert actor is not None
        while True:
            while not self._waiting or self._waiting[0][0] > self._scheduler.now():
                self._idle.add(actor)
                due = self._waiting[0][0] - self._scheduler.now() if self._waiting else float("inf")
                self._scheduler.wait(self._is_due, due)
            self._idle.discard(actor)
            self.run_due()

    def _is_due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= self._scheduler.now()
