"""A limit on how often one caller may register within a minute. Each instance of the app counts for itself."""

from threading import Lock

from shared.clock import Clock
from shared.errors import TooManyRequests

_MINUTE = 60.0
_MOST_CALLERS = 10_000


class RateLimit:
    """Counts registrations by caller in windows of a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, caller: str, limit: int | None) -> None:
        """Count one registration. Raises TooManyRequests when it is beyond `limit` within the minute; None is no limit."""
        if limit is None:
            return
        now = self._clock.monotonic()
        with self._lock:
            if len(self._windows) > _MOST_CALLERS:
                self._windows = {name: window for name, window in self._windows.items() if now - window[0] < _MINUTE}
            start, count = self._windows.get(caller, (now, 0))
            if now - start >= _MINUTE:
                start, count = now, 0
            if count >= limit:
                raise TooManyRequests("too many registrations in a short time", retry_after=int(start + _MINUTE - now) + 1)
            self._windows[caller] = (start, count + 1)
