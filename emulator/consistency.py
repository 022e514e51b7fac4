"""Eventual consistency: several replicas, each of which hears of a write some time after it.

Writes go to the primary, and their own answers are consistent. Everything else asks a replica: one of `replicas`, drawn for each
request. There is a set of replicas for each channel (reads by id, lists, the token service's view of secrets ...); each hears of
a write after a time of its own, drawn when the write happens from the channel's range of lags. All dice are seeded.

Only what is written over HTTP lags. What a test puts into the directory through the Python API is known everywhere at once.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from emulator.clock import Clock
from emulator.directory.record import Record, State, Version

type Lag = tuple[float, float]
"""The least and the most seconds that a replica may lag."""

CALM: Lag = (0.0, 0.0)
ENTRA_LAG: Lag = (1.0, 20.0)
"""What is seen of Entra: 4 to 18 seconds in reports, without a promise."""
DEFAULT_LAG: Lag = ENTRA_LAG
"""The lag of an emulator that is made without one."""


@dataclass(slots=True)
class Lags:
    """The range of lags of each channel in seconds. `writes` is where a write looks for the object that it is about."""

    by_id: Lag = CALM
    by_app_id: Lag = CALM
    by_unique_name: Lag = CALM
    lists: Lag = CALM
    writes: Lag = CALM
    service_principals: Lag = CALM
    service_principal_reference: Lag = CALM
    deleted_items: Lag = CALM
    users: Lag = CALM
    sts_applications: Lag = CALM
    sts_credentials: Lag = CALM
    sts_service_principals: Lag = CALM


CHANNELS = {lag.name: number for number, lag in enumerate(fields(Lags))}


class _Thread(threading.local):
    """Which replica the request under way in this thread asks; a test's own thread makes no request."""

    replica: int | None = None


class Consistency:
    """Decides which version of a record a read sees. `lags` may be changed at any time, also for writes under way."""

    def __init__(self, clock: Clock, seed: int = 0, lag: Lag | None = None) -> None:
        self.clock = clock
        self.replicas = 3
        self._serial = 0
        self._settled = 0
        self._thread = _Thread()
        self.reset(seed)
        self.lag(*(DEFAULT_LAG if lag is None else lag))

    def reset(self, seed: int = 0) -> None:
        """No lag, no flapping, no window; the dice start anew from `seed`."""
        self.lags = Lags()
        self.replica_share = 1.0
        """The share of reads that ask a replica; the others ask the primary."""
        self.credential_write_window = 0.0
        """Seconds in which a second credential write on one application gets Directory_ConcurrencyViolation."""
        self.reference_refusal = "either"
        """How POST /servicePrincipals answers while the application has not arrived: "bad_request" (400), "forbidden" (403) or
        "either", drawn each time."""
        self._random = random.Random(seed)  # noqa: S311 - a test double's dice

    def lag(self, least: float, most: float | None = None, *channels: str) -> None:
        """Let the replicas of `channels` (all, unless named) lag between `least` and `most` seconds. AttributeError for none."""
        self.set(**dict.fromkeys(channels or CHANNELS, (least, least if most is None else most)))

    def set(self, **lags: float | Lag) -> None:
        """Set the lags named, each to seconds or to a range; the others stay. Raises AttributeError for an unknown channel."""
        for channel, given in lags.items():
            least, most = given if isinstance(given, (tuple, list)) else (given, given)
            if not 0 <= least <= most:
                raise ValueError(f"not a range of lags: {given}")
            setattr(self.lags, channel, (float(least), float(most)))

    def set_all(self, seconds: float) -> None:
        """Give every channel the same lag."""
        self.lag(seconds)

    def calm(self) -> None:
        """No lag from here on, and everything written so far has arrived."""
        self.lag(0)
        self.settle()

    def settle(self) -> None:
        """Let everything written so far arrive everywhere; later writes lag as before."""
        self._settled = self._serial

    def longest(self, channel: str | None = None) -> float:
        """The longest lag of `channel`, or of any."""
        return float(getattr(self.lags, channel)[1]) if channel else max(getattr(self.lags, name)[1] for name in CHANNELS)

    @contextmanager
    def request(self) -> Iterator[None]:
        """What happens within is one request: one replica (of each channel) answers its reads, and its writes lag."""
        outer, self._thread.replica = self._thread.replica, self._random.randrange(self.replicas)
        try:
            yield
        finally:
            self._thread.replica = outer

    def note(self, record: Record, before: Version) -> bool:
        """Remember a write to a record that was `before`. Returns whether it is under way to replicas."""
        longest = self.longest()
        if not longest or self._thread.replica is None:
            record.versions.clear()
            return False
        self._serial += 1
        now = self.clock.time()
        if not record.versions:
            record.versions.append(before)
        shares = [tuple(self._random.random() for _ in range(self.replicas)) for _ in CHANNELS]
        record.versions.append(Version.of(record, self._serial, now, shares))
        while len(record.versions) > 2 and self._is_old(record.versions[1], longest):
            del record.versions[0]
        return True

    def is_settled(self, record: Record) -> bool:
        """Whether every replica knows the record's last write; then its versions are forgotten."""
        if record.versions and self._is_old(record.versions[-1], self.longest()):
            record.versions.clear()
        return not record.versions

    def seen(self, record: Record | None, channel: str) -> Version | None:
        """What the replica that is asked through `channel` knows of `record`; None when it has not heard of it at all."""
        if record is None:
            return None
        if not record.versions or (self.replica_share < 1 and self._random.random() >= self.replica_share):
            return Version.of(record)
        asked = self._thread.replica
        replica = self._random.randrange(self.replicas) if asked is None else asked
        least, most = getattr(self.lags, channel)
        number, now = CHANNELS[channel], self.clock.time()
        for version in reversed(record.versions):
            if version.serial <= self._settled:
                return version
            shares = version.shares[number]
            if version.written_at + least + (most - least) * shares[replica % len(shares)] <= now:
                return version
        return None

    def visible(self, record: Record | None, channel: str) -> State | None:
        """The state of `record` that a read through `channel` sees; None when it is not there (yet, or any more)."""
        wanted = "deleted" if channel == "deleted_items" else "live"
        if record is not None and not record.versions:
            return record.state if record.kind == wanted else None
        version = self.seen(record, channel)
        return version.state if version is not None and version.kind == wanted else None

    def has_heard(self, record: Record | None, channel: str) -> bool:
        """Whether the replica that is asked through `channel` has heard of `record` at all."""
        version = self.seen(record, channel)
        return version is not None and version.kind != "absent"

    def refuses_reference_as_forbidden(self) -> bool:
        """Whether this refusal of a service principal without its application is a 403 and no 400."""
        if self.reference_refusal == "either":
            return self._random.random() < 0.5
        return self.reference_refusal == "forbidden"

    def _is_old(self, version: Version, longest: float) -> bool:
        return version.serial <= self._settled or version.written_at + longest <= self.clock.time()
