"""`/.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`: one document at both places."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from shared.discovery.metadata import Offer, server_metadata
from shared.errors import NotFound, TemporarilyUnavailable
from shared.http.message import JSON, Request, Response, json_response

# Seconds that a client may keep the document; Anypoint fetches it when a provider is saved, Gravitee at its start.
MAX_AGE = 300


class Discovery:
    """Serves the metadata. `entra_metadata` gives Entra's v2.0 document of the tenant, or raises OSError or ValueError."""

    def __init__(self, offer: Offer, entra_metadata: Callable[[], Mapping[str, object]]) -> None:
        self._offer = offer
        self._entra_metadata = entra_metadata

    def read(self, request: Request) -> Response:
        """The document. RFC 8414 section 3.1 puts an issuer's path behind the well-known name, so no other path is answered."""
        suffix = "/" + request.params.get("path", "").strip("/")
        if suffix != (urlsplit(self._offer.base_url).path or "/"):
            raise NotFound("no authorization server of that path is described here")
        answer = json_response(200, self.document())
        return Response(200, answer.body, {"Content-Type": JSON, "Cache-Control": f"public, max-age={MAX_AGE}"})

    def document(self) -> dict[str, object]:
        """The document as it stands now. Raises TemporarilyUnavailable while Entra's can't be read."""
        try:
            return server_metadata(self._entra_metadata(), self._offer)
        except (OSError, ValueError) as cause:
            raise TemporarilyUnavailable("the directory's metadata can't be read now") from cause
