"""Eventual consistency: how long each kind of read lags behind the writes, and how it flaps.

Writes go to the primary. Each kind of read (a channel) sees the state of `lag` seconds ago; `replica_share` below 1 lets some
reads reach a replica that has caught up, so that one read succeeds and the next one does not. Everything is 0 by default.
"""

import random
from dataclasses import asdict, dataclass, fields
from operator import attrgetter

from emulator.clock import Clock
from emulator.directory.record import Record, State


@dataclass(slots=True)
class Lags:
    """The lag of each channel in seconds."""

    by_id: float = 0.0
    by_app_id: float = 0.0
    by_unique_name: float = 0.0
    lists: float = 0.0
    service_principals: float = 0.0
    service_principal_reference: float = 0.0
    deleted_items: float = 0.0
    sts_applications: float = 0.0
    sts_credentials: float = 0.0


_all_lags = attrgetter(*(lag.name for lag in fields(Lags)))


class Consistency:
    """Decides which version of a record a read sees. `lags` may be changed at any time; what was written before is settled."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.reset(seed)

    def reset(self, seed: int = 0) -> None:
        """No lag, no flapping, no window; the dice start anew from `seed`."""
        self.lags = Lags()
        self.replica_share = 1.0
        self.credential_write_window = 0.0
        """Seconds in which a second credential write on one application gets 409 Directory_ConcurrencyViolation."""
        self.reference_refusal = "bad_request"
        """How POST /servicePrincipals answers while the application has not arrived: "bad_request" (400) or "forbidden" (403)."""
        self._random = random.Random(seed)  # noqa: S311 - a test double's dice

    def set(self, **lags: float) -> None:
        """Set the lags named, in seconds; the others stay. Raises AttributeError for an unknown channel."""
        for channel, seconds in lags.items():
            setattr(self.lags, channel, float(seconds))

    def set_all(self, seconds: float) -> None:
        """Give every channel the same lag."""
        self.set(**dict.fromkeys(asdict(self.lags), seconds))

    def lag(self, channel: str) -> float:
        """The lag of `channel` in seconds."""
        return float(getattr(self.lags, channel))

    def note(self, record: Record, before: State | None, after: State | None) -> None:
        """Remember a write, for as long as any channel lags."""
        longest = max(_all_lags(self.lags))
        if not longest:
            record.versions.clear()
            return
        now = self.clock.time()
        if not record.versions:
            record.versions.append((float("-inf"), before))
        record.versions.append((now, after))
        while len(record.versions) > 2 and record.versions[1][0] < now - longest:
            del record.versions[0]

    def visible(self, record: Record | None, channel: str) -> State | None:
        """The state of `record` that a read through `channel` sees; None when it does not exist there (yet, or any more)."""
        if record is None:
            return None
        current = record.state if record.alive else None
        if channel == "deleted_items":
            return None if record.alive or self._is_behind(record, channel) else record.state
        if not record.versions:
            return current
        if not self._is_behind(record, channel):
            return current
        horizon = self.clock.time() - self.lag(channel)
        for written_at, state in reversed(record.versions):
            if written_at <= horizon:
                return state
        return None

    def _is_behind(self, record: Record, channel: str) -> bool:
        """Whether this read goes to a replica that has not seen the record's last write."""
        if not record.versions or record.versions[-1][0] <= self.clock.time() - self.lag(channel):
            return False
        return self._random.random() < self.replica_share
