"""Entra access tokens that callers bring to the bridge itself, judged by the same rules and keys as the tokens they ask about."""

from collections.abc import Mapping
from typing import Any

from shared.clock import Clock
from shared.errors import TemporarilyUnavailable
from shared.http.refreshed import Unavailable, settled
from shared.introspection.claims import audience_of
from shared.introspection.reasons import Refused
from shared.introspection.verifier import TokenVerifier

PATIENCE = 4.0  # seconds that a caller's request waits for the tenant's documents
ROUNDS = 4  # metadata and keys are one fetch; a new signing key may take another


class BearerTokens:
    """Judges access tokens that the tenant's Entra issued."""

    def __init__(self, verifier: TokenVerifier, clock: Clock) -> None:
        self._verifier = verifier
        self._clock = clock

    def verify(self, token: str, audience: str) -> Mapping[str, Any] | None:
        """The claims of a token that is valid now and whose `aud` is `audience`, as App ID URI or client id; None of any other.

        Raises TemporarilyUnavailable while the tenant's keys can't be had.
        """
        now = self._clock.now().timestamp()
        try:
            verified = settled(lambda: self._verifier.verify(token.encode(), now), PATIENCE, ROUNDS)
            matches = audience_of(verified.claims) in (audience, audience.removeprefix("api://"))
        except Refused:
            return None
        except Unavailable as unavailable:
            raise TemporarilyUnavailable(
                "the credential can't be checked at the moment", retry_after=unavailable.retry_after, detail=unavailable.name
            ) from None
        return verified.claims if matches else None
