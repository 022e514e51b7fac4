"""How the bridge proves to Entra who it is: a managed identity, a certificate or a secret, through MSAL."""

import json
import logging
from typing import Any, Protocol

from shared.graph.clouds import Cloud
from shared.graph.errors import PermissionRefused, Unavailable
from shared.graph.identity import ClientCertificate, Identity, ManagedIdentity
from shared.graph.session import DirectorySession

logger = logging.getLogger("bridge.graph")


class Credential(Protocol):
    """Where the access token for Graph comes from."""

    def token(self, *, claims_challenge: str | None = None, renew: bool = False) -> str:
        """An access token for Graph, from the cache where one serves. `renew` asks for a fresh one; `claims_challenge` is the
        JSON of Graph's claims challenge (continuous access evaluation). Raises PermissionRefused or Unavailable."""
        ...


class MsalCredential:
    """A Credential on MSAL's own cache. It is built at the first use, since MSAL asks for the tenant's metadata at once."""

    def __init__(self, identity: Identity, tenant_id: str, cloud: Cloud, session: DirectorySession) -> None:
        self._identity = identity
        self._tenant_id = tenant_id
        self._cloud = cloud
        self._session = session
        self._client: Any = None

    def token(self, *, claims_challenge: str | None = None, renew: bool = False) -> str:
        import requests

        try:
            answer = self._acquire(claims_challenge, renew)
        except requests.RequestException as cause:
            raise Unavailable("the token service can't be reached") from cause
        except ValueError as cause:
            # MSAL raises it for an authority that it can't discover, so for a wrong tenant too.
            raise PermissionRefused(
                f"the authority {self._cloud.authority}/{self._tenant_id} gives no usable metadata"
            ) from cause
        if isinstance(answer, dict) and "access_token" in answer:
            return str(answer["access_token"])
        raise self._refusal(answer)

    def _acquire(self, claims_challenge: str | None, renew: bool) -> Any:
        import msal

        if self._client is None:
            self._client = self._build(msal)
        if isinstance(self._identity, ManagedIdentity):
            return self._client.acquire_token_for_client(resource=self._cloud.graph, claims_challenge=claims_challenge)
        if renew and not claims_challenge:
            self._client.remove_tokens_for_client()
        return self._client.acquire_token_for_client(scopes=[self._cloud.graph_scope], claims_challenge=claims_challenge)

    def _build(self, msal: Any) -> Any:
        identity = self._identity
        if isinstance(identity, ManagedIdentity):
            managed = (
                msal.UserAssignedManagedIdentity(client_id=identity.client_id)
                if identity.client_id
                else msal.SystemAssignedManagedIdentity()
            )
            return msal.ManagedIdentityClient(managed, http_client=self._session)
        credential: object
        if isinstance(identity, ClientCertificate):
            credential = {"private_key": identity.private_key.reveal(), "public_certificate": identity.certificate}
        else:
            credential = identity.secret.reveal()
        return msal.ConfidentialClientApplication(
            identity.client_id,
            client_credential=credential,
            authority=f"{self._cloud.authority}/{self._tenant_id}",
            # The authority is the operator's setting; asking Microsoft's list of hosts would be a call to the public cloud.
            instance_discovery=False,
            # A claims challenge can be answered: Graph may then end a session at once instead of at the token's expiry.
            client_capabilities=["cp1"],
            http_client=self._session,
        )

    def _refusal(self, answer: object) -> PermissionRefused | Unavailable:
        fields = answer if isinstance(answer, dict) else {}
        error = str(fields.get("error", "no answer"))
        codes = json.dumps(fields.get("error_codes", []))
        text = f"the token service refused the bridge's own credential: {error}, AADSTS {codes}"
        logger.error(text)
        if error in {"temporarily_unavailable", "server_error"}:
            return Unavailable(text, code=error)
        return PermissionRefused(text, code=error)
