"""Entra's own metadata of the tenant, read from the configured authority, kept for hours and served from memory in an outage."""

from concurrent.futures import ThreadPoolExecutor

from shared.clock import Clock
from shared.http.documents import DocumentReader
from shared.http.refreshed import Lifetimes, Refreshed, Unavailable, settled

HOUR = 3600.0
PATIENCE = 4.0  # seconds that a caller's request waits for the document
# Entra's endpoints hardly ever change; an old document is better than none.
LIFETIMES = Lifetimes(renew=HOUR, wait=24 * HOUR, refuse=7 * 24 * HOUR, retry=60, retry_empty=2)


class EntraMetadata:
    """The tenant's v2.0 OpenID configuration."""

    def __init__(self, authority: str, tenant_id: str, read: DocumentReader, clock: Clock) -> None:
        url = f"{authority}/{tenant_id}/v2.0/.well-known/openid-configuration"
        host = authority.removeprefix("https://")
        self._clock = clock
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="discovery")
        self._refreshed = Refreshed("the tenant's metadata", lambda: read(url, host), LIFETIMES, executor)

    def document(self) -> dict[str, object]:
        """The document. Raises OSError while it can't be had, ValueError where it isn't a JSON object."""
        try:
            found = settled(lambda: self._refreshed.value(self._clock.now().timestamp()), PATIENCE, rounds=1)
        except Unavailable as unavailable:
            raise ConnectionError(f"{unavailable.name} can't be read") from unavailable
        if not isinstance(found, dict):
            raise ValueError("the tenant's metadata is not a JSON object")
        return found
