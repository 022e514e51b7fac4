"""What one worker remembers of the directory for some minutes, because replicas that are behind can't tell it.

A restart forgets it, which only prolongs a 503.
"""

import hashlib
from threading import Lock

from shared.clock import Clock
from shared.strict_json import JsonObject

# Seconds for which a client must have been missing before it counts as gone: longer than replication takes.
GONE_AFTER = 120.0
# Seconds for which the rest is remembered, and how many entries of a kind.
REMEMBERED = 600.0
# Seconds for which a shared client is answered without asking: as long goes on what an administrator deleted.
SHARED_FOR = 60.0
MOST = 10_000


class _Recent[K, V]:
    """Entries by key with the time at which each came; the oldest go first."""

    def __init__(self) -> None:
        self._entries: dict[K, tuple[float, V]] = {}
        self._lock = Lock()

    def put(self, key: K, value: V, now: float) -> tuple[float, V]:
        """The entry of the key: the one that is there, else a new one."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                while len(self._entries) >= MOST:
                    del self._entries[next(iter(self._entries))]
                entry = self._entries[key] = (now, value)
            return entry

    def get(self, key: K, since: float) -> V | None:
        """The value of the key, if it came since then."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None and entry[0] >= since else None

    def drop(self, key: K) -> None:
        """Forget a key."""
        self._entries.pop(key, None)


class WorkerMemory:
    """Times are of the clock's monotonic scale."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._missing: _Recent[str, None] = _Recent()
        self._deleted: _Recent[str, bool] = _Recent()
        self._issued: _Recent[bytes, str] = _Recent()
        self._presented: _Recent[tuple[str, int], object] = _Recent()
        self._taken: _Recent[str, None] = _Recent()
        self._shared: _Recent[str, JsonObject] = _Recent()

    def note_found(self, client_id: str) -> None:
        """A read found the client."""
        self._missing.drop(client_id)

    def is_gone(self, client_id: str) -> bool:
        """Note that a read didn't find the client. True once it has been missing for `GONE_AFTER` since it was first asked for,
        or where this worker deleted it."""
        now = self._clock.monotonic()
        since, _ = self._missing.put(client_id, None, now)
        return now - since >= GONE_AFTER or self.is_deleted(client_id)

    def note_deleted(self, client_id: str) -> None:
        """This worker deleted the client: Graph said so."""
        self._deleted.put(client_id, True, self._clock.monotonic())

    def is_deleted(self, client_id: str) -> bool:
        """Whether this worker deleted the client, which some replicas may show for a while."""
        return self._deleted.get(client_id, float("-inf")) is not None

    def note_issued(self, client_id: str, secret: str, key_id: str) -> None:
        """This worker gave the client a secret."""
        self._issued.put(_digest(client_id, secret), key_id, self._clock.monotonic())

    def issued_key_id(self, client_id: str, secret: str) -> str | None:
        """The key id of a secret that this worker gave the client in the last minutes."""
        return self._issued.get(_digest(client_id, secret), self._clock.monotonic() - REMEMBERED)

    def is_first_presented(self, client_id: str, generation: int) -> bool:
        """Whether a generation of the client's token is presented to this worker for the first time."""
        mine = object()
        return self._presented.put((client_id, generation), mine, self._clock.monotonic())[1] is mine

    def note_shared_client(self, unique_name: str, information: JsonObject) -> None:
        """What was found out about the client that equal ones share."""
        self._shared.drop(unique_name)
        self._shared.put(unique_name, information, self._clock.monotonic())

    def shared_client(self, unique_name: str) -> JsonObject | None:
        """That, if it was found out lately and this worker didn't delete the client since."""
        known = self._shared.get(unique_name, self._clock.monotonic() - SHARED_FOR)
        return None if known is None or self.is_deleted(str(known["client_id"])) else known

    def is_name_stuck(self, unique_name: str) -> bool:
        """Note that a uniqueName is taken and its application isn't seen. True once that lasts for `REMEMBERED`: the worker that
        deleted it has ended before it could purge it."""
        now = self._clock.monotonic()
        return now - self._taken.put(unique_name, None, now)[0] >= REMEMBERED


def _digest(client_id: str, secret: str) -> bytes:
    return hashlib.sha256(f"{client_id} {secret}".encode()).digest()
