"""Answers for tokens that come again: bounded, short-lived, and bound to the caller that they were made for.

The key is a hash, so that the memory holds no token. Nothing is kept about inactive tokens: refusing them is cheap, and a
flood of them would push out the good ones.
"""

from threading import Lock
from typing import NamedTuple

from shared.introspection.key_store import KeyStore
from shared.introspection.keys import VerificationKey
from shared.introspection.revocation import Subject

CacheKey = tuple[str, bytes]  # the caller's name, the SHA-256 of the token


class CachedAnswer(NamedTuple):
    """An active answer and what must still hold when it is given again. `since` and `until` are in seconds since 1970."""

    body: bytes
    since: float
    until: float
    key: VerificationKey
    store: KeyStore
    subject: Subject


class ResultCache:
    """At most `size` answers; the oldest goes first. An answer lasts `ttl` seconds and never beyond its token's `exp`."""

    def __init__(self, size: int, ttl: int) -> None:
        self._size = size
        self._ttl = ttl
        self._answers: dict[CacheKey, CachedAnswer] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: CacheKey, now: float) -> CachedAnswer | None:
        """The kept answer if it is current and its key is still published. Raises Pending or Unavailable as the key store
        does.
        """
        answer = self._answers.get(key)
        if answer is None or not answer.since <= now < answer.until or not answer.store.holds(answer.key, now):
            return None
        return answer

    def put(self, key: CacheKey, answer: CachedAnswer, expires: float) -> None:
        """Keeps `answer`, whose token expires at `expires`."""
        if self._size <= 0:
            return
        answer = answer._replace(until=min(expires, answer.since + self._ttl))
        with self._lock:
            self._answers.pop(key, None)
            while len(self._answers) >= self._size:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = answer
