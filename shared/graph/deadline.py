"""The time that one request of a caller may take: it travels along, and each call to Graph gets what is left of it."""

from shared.clock import Clock


class Deadline:
    """A moment on the clock's monotonic scale; portals give up after five seconds unless set otherwise."""

    __slots__ = ("_at", "_clock")

    def __init__(self, clock: Clock, at: float) -> None:
        self._clock = clock
        self._at = at

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> "Deadline":
        """The deadline so many seconds from now."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds that are left; zero or less when the time is over."""
        return self._at - self._clock.monotonic()

    def extended(self, seconds: float) -> "Deadline":
        """A deadline that leaves at least so many seconds from now: for undoing what a failed request began."""
        return Deadline(self._clock, max(self._at, self._clock.monotonic() + seconds))

    def pause(self, seconds: float) -> bool:
        """Wait so long and return True, or return False at once when that would not leave any time."""
        if seconds >= self.remaining():
            return False
        self._clock.sleep(seconds)
        return True
