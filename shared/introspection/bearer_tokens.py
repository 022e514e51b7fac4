"""Entra access tokens that callers bring to the bridge itself, judged by the same rules and keys as the tokens they ask about."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.clock import Clock
from shared.errors import TemporarilyUnavailable
from shared.http.documents import DocumentReader
from shared.http.refreshed import FetchFailed, settled
from shared.introspection.configuration import IntrospectionConfiguration, TrustedTenant
from shared.introspection.issuers import TrustedIssuers
from shared.introspection.reasons import Refused
from shared.introspection.verifier import TokenVerifier, check_for_bridge

PATIENCE = 4.0  # seconds that a caller's request waits for the tenant's documents
ROUNDS = 4  # metadata and keys are one fetch; a new signing key may take another


class BearerTokens:
    """Judges access tokens that Entra issued in `tenants`: those that may use the bridge's own doors."""

    def __init__(self, verifier: TokenVerifier, clock: Clock, tenants: frozenset[str]) -> None:
        self._verifier = verifier
        self._clock = clock
        self._tenants = tenants

    def verify(self, token: str, audience: str) -> Mapping[str, Any] | None:
        """The claims of a plain bearer token that is valid now, whose `aud` is `audience` as App ID URI or client id, and whose
        `tid` is one of the tenants; None of any other.

        Raises TemporarilyUnavailable while the tenant's keys can't be had.
        """
        now = self._clock.now().timestamp()
        audiences = frozenset({audience, audience.removeprefix("api://")})
        try:
            verified = settled(lambda: self._verifier.verify(token.encode("utf-8", "replace"), now), PATIENCE, ROUNDS)
            check_for_bridge(verified, audiences, self._tenants)
        except Refused:
            return None
        except FetchFailed as failed:
            raise TemporarilyUnavailable(
                "the credential can't be checked at the moment", retry_after=failed.retry_after, detail=failed.name
            ) from None
        return verified.claims


def tokens_of_tenants(tenants: frozenset[str], authority: str, documents: DocumentReader, clock: Clock) -> BearerTokens:
    """The judge of these tenants' tokens alone, whatever introspection trusts besides."""
    trusted = IntrospectionConfiguration(tenants=tuple(TrustedTenant(tenant_id, authority) for tenant_id in sorted(tenants)))
    issuers = TrustedIssuers(trusted, documents, ThreadPoolExecutor(1, thread_name_prefix="callers' keys"))
    return BearerTokens(TokenVerifier(issuers, trusted.options), clock, tenants)
