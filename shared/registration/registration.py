"""A registration: what is really registered for a client, after every default, refusal and omission."""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.registration.certificates import Certificate
from shared.registration.client_type import ClientType, Platform, classify_client, platform_of
from shared.registration.metadata import FederatedIdentity
from shared.registration.policy import SECRET_METHODS
from shared.registration.redirect_uris import RedirectUri
from shared.secret import repr_without

# Shown even where they are empty.
_ALWAYS = frozenset(
    {"client_name", "application_type", "token_endpoint_auth_method", "grant_types", "response_types", "redirect_uris"}
)


class Registration(NamedTuple):
    """The registered metadata of one client. Everything here is kept in the directory and comes back from there.

    `localized` holds members with a language tag by their whole name.
    """

    client_name: str
    application_type: str
    token_endpoint_auth_method: str
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    redirect_uris: tuple[RedirectUri, ...] = ()
    scope: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    tos_uri: str | None = None
    policy_uri: str | None = None
    contacts: tuple[str, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    federated_identities: tuple[FederatedIdentity, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    frontchannel_logout_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None
    software_statement: str | None = None
    localized: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        return repr_without(self, "contacts", "software_statement")

    @property
    def client_type(self) -> ClientType:
        return classify_client(self.application_type, self.token_endpoint_auth_method, self.grant_types, self.redirect_uris)

    @property
    def has_secret(self) -> bool:
        """Whether the client authenticates with a secret."""
        return self.token_endpoint_auth_method in SECRET_METHODS

    def uris_of(self, platform: Platform) -> tuple[str, ...]:
        """The redirect URIs that Entra keeps under a platform."""
        client_type = self.client_type
        return tuple(uri.text for uri in self.redirect_uris if platform_of(uri, client_type) is platform)

    def as_metadata(self) -> dict[str, Any]:
        """All registered metadata as RFC 7591 section 3.2.1 has them returned: arrays as arrays, no nulls, nothing left out."""
        members: dict[str, Any] = {name: getattr(self, name) for name in self._fields}
        members["redirect_uris"] = [uri.text for uri in self.redirect_uris]
        members["federated_identities"] = [asdict(entry) for entry in self.federated_identities]
        if certificates := members.pop("certificates"):
            members["jwks"] = {"keys": [certificate.as_jwk() for certificate in certificates]}
        members |= members.pop("localized")
        shown = {name: list(value) if isinstance(value, tuple) else value for name, value in members.items()}
        return {name: value for name, value in shown.items() if value or name in _ALWAYS}
