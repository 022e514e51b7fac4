"""The emulator's clock: real time plus an offset that tests move, or frozen."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Tells the emulated tenant's time. Everything that expires, lags or is stamped follows it; TLS alone does not."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._frozen: float | None = None

    def time(self) -> float:
        """Seconds since the epoch."""
        return (self._source() if self._frozen is None else self._frozen) + self._offset

    def now(self) -> datetime:
        """The same moment as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; a negative number moves it back."""
        self._offset += seconds

    # As code under test reads a clock, and pauses: the pause moves this one and takes no time.
    monotonic = time
    sleep = advance

    def set(self, moment: datetime) -> None:
        """Make it `moment` now; time goes on from there unless frozen."""
        self._offset += moment.timestamp() - self.time()

    def freeze(self) -> None:
        """Stop the clock; only `advance` and `set` move it from here on."""
        if self._frozen is None:
            self._frozen = self._source()

    def resume(self) -> None:
        """Let a frozen clock run again from the moment it shows."""
        if self._frozen is not None:
            self._offset += self._frozen - self._source()
            self._frozen = None


def graph_time(moment: datetime) -> str:
    """`moment` as Graph prints a time: UTC, `Z`, seven decimals as directory objects carry, none when it has no fraction."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond:06d}0Z" if moment.microsecond else f"{text}Z"


def parse_graph_time(text: str) -> datetime:
    """A DateTimeOffset of a request or of stored state as an aware datetime; ValueError when it is none."""
    head, dot, fraction = text.partition(".")
    if dot:
        digits = len(fraction) - len(fraction.lstrip("0123456789"))
        text = f"{head}.{fraction[:digits][:6]}{fraction[digits:]}"
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a DateTimeOffset needs an offset")
    return moment
