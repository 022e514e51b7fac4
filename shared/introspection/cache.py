"""Answers for tokens that come again: bounded, short-lived, and bound to the caller that they were made for.

The key is a hash, so that the memory holds no token. Nothing is kept about inactive tokens: refusing them is cheap, and a
flood of them would push out the good ones.
"""

from contextlib import suppress
from typing import NamedTuple

from shared.http.message import Response
from shared.introspection.keys import KeyStore, VerificationKey
from shared.introspection.revocation import Subject
from shared.introspection.verifier import Verified

SEEN = 16_384
CacheKey = tuple[str, bytes]  # the caller's name, the SHA-256 of the token's header and payload


class CachedAnswer(NamedTuple):
    """An active answer and what must still hold when it is given again: the token has this `signature` text too, `key` is still
    published, and the time is from `since` to before `until`, in seconds since 1970;
    `subject` is whom to look up in the directory, None when nothing is."""

    response: Response
    signature: bytes
    since: float
    until: float
    key: VerificationKey
    store: KeyStore
    subject: Subject | None


class ResultCache:
    """At most `size` answers; the oldest goes first. An answer lasts `ttl` seconds, and never beyond its token's `exp`.

    A token is remembered when it comes for the second time: most gateways remember on their own and ask once, and those tokens
    would cost memory and time for nothing.
    """

    def __init__(self, size: int, ttl: int) -> None:
        self._ttl = ttl
        self._size = size
        self._answers: dict[CacheKey, CachedAnswer] = {}
        self._seen: set[int] = set()  # hashes of the keys that came once; emptied when full

    def __len__(self) -> int:
        return len(self._answers)

    def clear(self) -> None:
        """Forgets all of it."""
        self._answers.clear()
        self._seen.clear()

    def get(self, key: CacheKey, signature: bytes, now: float) -> CachedAnswer | None:
        """The kept answer if it is current and its key is still published. Raises Pending or FetchFailed."""
        answer = self._answers.get(key)
        if answer is None or answer.signature != signature or not answer.since <= now < answer.until:
            return None
        return answer if answer.store.holds(answer.key, now) else None

    def put(
        self, key: CacheKey, response: Response, signature: bytes, verified: Verified, subject: Subject | None, now: float
    ) -> None:
        """Keeps the `response` for a `verified` token at `now` if it was there before.

        Needs no lock: each step is atomic, and what two threads can do to each other costs at most a place.
        """
        if not self._size:
            return
        mark = hash(key)
        seen = self._seen
        if mark not in seen:
            if len(seen) >= SEEN:
                seen.clear()
            seen.add(mark)
            return
        answers = self._answers
        if len(answers) >= self._size and key not in answers:
            with suppress(StopIteration, RuntimeError):  # another thread was faster
                answers.pop(next(iter(answers)), None)
        until = min(verified.expires, now + self._ttl)
        answers[key] = CachedAnswer(response, signature, now, until, verified.key, verified.store, subject)
