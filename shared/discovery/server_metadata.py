"""The authorization server metadata that portals and clients read (RFC 8414, OpenID Connect Discovery 1.0).

Entra publishes a document of its own without a registration and an introspection endpoint and without its PKCE methods. The
bridge's document is Entra's with these added, under the bridge's own issuer: RFC 8414 section 3.3 wants the issuer to be the URL
that the document was found at. Tokens keep Entra's `iss`, which `entra_issuer` names: a client that signs users in by OpenID
Connect must be given that one, since OpenID Connect Core 1.0 section 3.1.3.7 has it compare the ID token's `iss` with its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What is true of Entra itself, whoever asks, so it is taken from Entra's document as it stands.
TAKEN = (
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "response_modes_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "claims_supported",
    "request_uri_parameter_supported",
    "frontchannel_logout_supported",
)
OFFLINE_ACCESS = "offline_access"
REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Offer:
    """What this bridge offers: an endpoint that is off is left out of the document (RFC 9207 section 2.3 in spirit)."""

    base_url: str
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    auth_methods: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    # Whether clients may ask for all scopes of the configured APIs.
    all_scopes: bool = False
    registration: bool = True
    introspection: bool = True
    signs_introspection: bool = False
    offline_access: bool = True


def server_metadata(
    entra: Mapping[str, object], offer: Offer, api_scopes: Iterable[str] = (), *, secrets: bool = True
) -> dict[str, object]:
    """The bridge's document out of Entra's v2.0 one. `api_scopes` are those of the configured APIs, `secrets` says whether the
    tenant allows client secrets. Raises ValueError where Entra's lacks what clients can't do without."""
    missing = [name for name in REQUIRED if not isinstance(entra.get(name), str)]
    if missing:
        raise ValueError(f"Entra's metadata has no {', '.join(missing)}")
    document: dict[str, object] = {"issuer": offer.base_url}
    if entra.get("issuer"):
        # No registered member: whose tokens these are, for whoever verifies them.
        document["entra_issuer"] = entra["issuer"]
    document |= {name: entra[name] for name in TAKEN if entra.get(name) not in (None, [])}
    document["response_types_supported"] = list(offer.response_types)
    methods = [name for name in offer.auth_methods if secrets or not name.startswith("client_secret_")] or offer.auth_methods
    alone = [name for name in offer.grant_types if name != "client_credentials"] or offer.grant_types
    document["grant_types_supported"] = list(alone if list(methods) == ["none"] else offer.grant_types)
    document["token_endpoint_auth_methods_supported"] = list(methods)
    if "private_key_jwt" in methods:
        # RFC 8414 section 2 asks for it then; these two are what Entra takes for client assertions.
        document["token_endpoint_auth_signing_alg_values_supported"] = ["RS256", "PS256"]
    # Entra supports it and doesn't say so; MCP clients refuse a server that doesn't (and plain is not to be used: RFC 9700).
    document["code_challenge_methods_supported"] = ["S256"]
    published = entra.get("scopes_supported")
    standard = [name for name in published if isinstance(name, str)] if isinstance(published, list) else []
    scopes = dict.fromkeys([*standard, *offer.scopes, *api_scopes])
    if not offer.offline_access:
        # MCP clients that find it ask for it, and add prompt=consent (OpenID Connect Core 1.0 section 11), which locks out the
        # users of a tenant where they may not consent themselves. Entra takes the scope all the same.
        scopes.pop(OFFLINE_ACCESS, None)
    if scopes:
        document["scopes_supported"] = list(scopes)
    if offer.registration:
        document["registration_endpoint"] = f"{offer.base_url}/register"
    if offer.introspection:
        document["introspection_endpoint"] = f"{offer.base_url}/introspect"
        document["introspection_endpoint_auth_methods_supported"] = ["client_secret_basic", "client_secret_post"]
        if offer.signs_introspection:
            document["introspection_signing_alg_values_supported"] = ["ES256"]
    return document
