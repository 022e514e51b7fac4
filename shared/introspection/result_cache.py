"""Answers for tokens that come again: bounded, short-lived, and bound to the caller that they were made for.

The key is a hash, so that the memory holds no token. Nothing is kept about inactive tokens: refusing them is cheap, and a
flood of them would push out the good ones.
"""

from contextlib import suppress
from typing import NamedTuple

from shared.http.message import Response
from shared.introspection.key_store import KeyStore
from shared.introspection.keys import VerificationKey
from shared.introspection.revocation import Subject
from shared.introspection.verifier import Verified

CacheKey = tuple[str, bytes]  # the caller's name, the SHA-256 of the token's header and payload


class CachedAnswer(NamedTuple):
    """An active answer and what must still hold when it is given again: the token has this `signature` text too, `key` is still
    published, and the time is from `since` to before `until`, in seconds since 1970;
    `subject` is whom to check for revocation, None when that is off."""

    response: Response
    signature: bytes
    since: float
    until: float
    key: VerificationKey
    store: KeyStore
    subject: Subject | None


class ResultCache:
    """At most `size` answers; the oldest goes first. `ttl`: seconds that an answer lasts, though never beyond its token's
    `exp`.
    """

    def __init__(self, size: int, ttl: int) -> None:
        self._ttl = ttl
        self._size = size
        self._answers: dict[CacheKey, CachedAnswer] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: CacheKey, signature: bytes, now: float) -> CachedAnswer | None:
        """The kept answer if it is current and its key is still published. Raises Pending or Unavailable as the key store
        does.
        """
        answer = self._answers.get(key)
        if answer is None or answer.signature != signature or not answer.since <= now < answer.until:
            return None
        if not answer.store.holds(answer.key, now):
            return None
        return answer

    def put(
        self, key: CacheKey, response: Response, signature: bytes, verified: Verified, subject: Subject | None, now: float
    ) -> None:
        """Keeps the `response` for a `verified` token at `now`. Needs no lock: each step is atomic, and one too many does no
        harm.
        """
        answers = self._answers
        if len(answers) >= self._size:
            if not self._size:
                return
            with suppress(StopIteration, RuntimeError):  # another thread was faster
                answers.pop(next(iter(answers)), None)
        until = now + self._ttl
        expires = verified.expires
        answers[key] = CachedAnswer(
            response, signature, now, until if until < expires else expires, verified.key, verified.store, subject
        )
