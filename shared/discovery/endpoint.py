"""`/.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`: one document at both places."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from shared.clock import Clock
from shared.discovery.server_metadata import Offer, server_metadata
from shared.errors import NotFound, TemporarilyUnavailable
from shared.http.documents import DocumentReader
from shared.http.message import Request, Response, public_response
from shared.http.refreshed import FetchFailed, Lifetimes, Refreshed, settled

HOUR = 3600.0
# Seconds that a caller's request waits for Entra's document, and for the scopes of APIs.
PATIENCE = 4.0
SCOPES_PATIENCE = 1.5
# Entra's endpoints hardly ever change; an old document is better than none.
LIFETIMES = Lifetimes(renew=HOUR, wait=24 * HOUR, refuse=7 * 24 * HOUR, retry=60, retry_empty=2)
# The document can be given without scopes, so nobody waits for another try soon after one that failed.
SCOPES_LIFETIMES = LIFETIMES._replace(retry_empty=30)


class EntraMetadata:
    """The tenant's v2.0 OpenID configuration, kept for hours and served from memory in an outage."""

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
        except FetchFailed as failed:
            raise ConnectionError(f"{failed.name} can't be read") from failed
        if not isinstance(found, dict):
            raise ValueError("the tenant's metadata is not a JSON object")
        return found


class ApiScopes:
    """The names of the configured APIs' scopes, kept for an hour; none while the directory can't tell."""

    def __init__(self, read: Callable[[], Sequence[str]], clock: Clock) -> None:
        self._clock = clock
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scopes")
        self._refreshed = Refreshed("the scopes of the configured APIs", read, SCOPES_LIFETIMES, executor)

    def names(self) -> Sequence[str]:
        """The names. Waits for them for a moment at the most: the rest of the metadata doesn't depend on them."""
        try:
            return settled(lambda: self._refreshed.value(self._clock.now().timestamp()), SCOPES_PATIENCE, rounds=1)
        except FetchFailed:
            return ()


class Discovery:
    """Serves the metadata. `entra_metadata` gives Entra's v2.0 document of the tenant, or raises OSError or ValueError;
    `api_scopes` the names of the configured APIs' scopes, `allows_secrets` whether the tenant does, as far as is known."""

    def __init__(
        self,
        offer: Offer,
        entra_metadata: Callable[[], Mapping[str, object]],
        api_scopes: Callable[[], Sequence[str]] = tuple,
        allows_secrets: Callable[[], bool] = lambda: True,
    ) -> None:
        self._offer = offer
        self._entra_metadata = entra_metadata
        self._api_scopes = api_scopes
        self._allows_secrets = allows_secrets

    def read(self, request: Request) -> Response:
        """The document, for the bridge's own issuer alone.

        RFC 8414 section 3.1 puts an issuer's path behind the well-known name (the route's `path`), OpenID Connect Discovery 1.0
        section 4.1 before it (the route's `prefix`, which is absent where a proxy or the host has taken it off).
        """
        own = urlsplit(self._offer.base_url).path.strip("/")
        prefix, path = (request.params.get(name, "").strip("/") for name in ("prefix", "path"))
        if (prefix, path) not in {("", own), ("", ""), (own, "")}:
            raise NotFound("no authorization server of that path is described here")
        return public_response(self.document())

    def document(self) -> dict[str, object]:
        """The document as it stands now. Raises TemporarilyUnavailable while Entra's can't be read."""
        try:
            return server_metadata(self._entra_metadata(), self._offer, self._api_scopes(), secrets=self._allows_secrets())
        except (OSError, ValueError) as cause:
            raise TemporarilyUnavailable("the directory's metadata can't be read now") from cause
