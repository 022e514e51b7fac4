"""Time as a budget: a deadline that travels with a request, pauses between attempts, and what a server asks to wait."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime

from shared.clock import Clock

# Seconds; a longer Retry-After is of no use to anyone who is waiting for an answer.
LONGEST_WAIT = 86_400


class Deadline:
    """A moment on the clock's monotonic scale. Portals give up after five seconds unless set otherwise."""

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


class Backoff:
    """The pauses between the attempts at one thing.

    >>> backoff = Backoff(deadline, (0.25, 0.5, 1.0))
    >>> while True:
    ...     try:
    ...         return call()
    ...     except Throttled as failure:
    ...         if not backoff.wait(failure.retry_after or 0):
    ...             raise
    """

    def __init__(self, deadline: Deadline, pauses: Iterable[float]) -> None:
        self._deadline = deadline
        self._pauses = iter(pauses)

    def wait(self, at_least: float = 0) -> bool:
        """Wait for the next attempt and return True; False where there is no further one or no time for it.

        `at_least`: seconds that the other side asked for.
        """
        pause = next(self._pauses, None)
        return pause is not None and self._deadline.pause(max(pause, at_least))


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: an integer, a fraction (Graph sends those) or an HTTP date; else None.

    RFC 9110 section 10.2.3; learn.microsoft.com/graph/throttling.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):  # no date, one without a zone, one that no calendar has
            return None
    return seconds if 0 <= seconds <= LONGEST_WAIT else None
