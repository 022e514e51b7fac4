"""Time as an argument, so that tests can move it, and moments as Graph and the bridge's documents write them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

ALWAYS = datetime.min.replace(tzinfo=UTC)
EPOCH = datetime.fromtimestamp(0, UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


class Clock(Protocol):
    """The time of day, a time that only goes forward, and a pause."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def write_time(moment: datetime | None) -> str:
    """A moment as Graph's DateTimeOffset in whole seconds of UTC, 2026-11-22T03:00:00Z; empty for None."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_time(value: object) -> datetime | None:
    """A DateTimeOffset as a moment in UTC; None where it isn't one.

    Graph writes seven digits of a fraction, which are cut to six. A leap second (ISO 8601 allows a 60th) is the first moment of
    the next minute.
    """
    if not isinstance(value, str):
        return None
    leap = value[16:19] == ":60"
    try:
        moment = datetime.fromisoformat(value[:16] + ":59" + value[19:] if leap else value)
        if moment.tzinfo is None:
            return None
        return moment.astimezone(UTC) + timedelta(seconds=leap)
    except ValueError:
        return None
    except OverflowError:
        # The first or the last day of the calendar, shifted out of it by an offset.
        return NEVER if value.startswith("9") else ALWAYS
