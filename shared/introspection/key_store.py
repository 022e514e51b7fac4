"""The keys of one trusted source of tokens, as published: renewed in the background, kept through an outage, never flooded.

The figures follow Microsoft's "Signing key rollover in the Microsoft identity platform": keep 24 hours, renew hourly, renew at
once on an unknown `kid` but not for each one, keep the last good set when a renewal fails.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import NamedTuple

from shared.http.refreshed import Lifetimes, Refreshed, Unavailable
from shared.introspection.keys import VerificationKey


class KeyLifetimes(NamedTuple):
    """Seconds. `soft`: age at which keys are renewed in the background. `hard`: age at which they are no longer used.
    `unknown_key`: least time between two renewals that unknown `kid`s cause. `retry`: the same while there are no keys at all."""

    soft: int = 3600
    hard: int = 86400
    unknown_key: int = 60
    retry: int = 5


class Published(NamedTuple):
    """What a source published: its issuers with the token version of each, and its keys by `kid`."""

    versions: Mapping[str, str]
    keys: Mapping[str, VerificationKey]


class KeyStore:
    """The published keys of one source. `fetch` reads its documents and raises whatever tells that it couldn't.

    All methods take `now` in seconds since 1970 and raise Pending or Unavailable (see shared.http.refreshed).
    """

    def __init__(self, name: str, fetch: Callable[[], Published], lifetimes: KeyLifetimes, executor: Executor) -> None:
        self._lifetimes = lifetimes
        self._published = Refreshed(
            f"keys of {name}",
            fetch,
            Lifetimes(lifetimes.soft, lifetimes.hard, lifetimes.hard, lifetimes.unknown_key, lifetimes.retry),
            executor,
        )
        # What is known of the source, at `now`. The method itself and not one that calls it: every token comes by here.
        self.published: Callable[[float], Published] = self._published.value

    @property
    def known_issuers(self) -> Mapping[str, str]:
        """The issuers that the source named last, with the token version of each; empty before its documents were read."""
        kept = self._published.kept
        return {} if kept is None else kept.versions

    def find(self, key_id: str, now: float) -> VerificationKey | None:
        """The key named `key_id`; None when the source doesn't publish it.

        An unknown name starts a renewal if the last try is long enough ago. While renewals fail, an unknown name may be a new
        key's, so it is Unavailable and not None: an outage must not turn good tokens inactive.
        """
        key = self._published.value(now).keys.get(key_id)
        if key is None:
            self.renew(now)
            key = self._published.value(now).keys.get(key_id)  # a renewal may have ended since the first look
        return key

    def renew(self, now: float) -> None:
        """Renew because the source may have published more than is known; returns
        when that was tried moments ago and went well.
        """
        self._published.ask(now, self._lifetimes.unknown_key)
        if self._published.failing:
            raise Unavailable(self._published.name, self._lifetimes.unknown_key)

    def holds(self, key: VerificationKey, now: float) -> bool:
        """Whether `key` is still published, for the same issuer and audiences. An unknown name starts no renewal here."""
        current = self._published.value(now).keys.get(key.key_id)
        return current is key or current == key
