"""Kinds of client: their grants and response types, their way to authenticate, and the Entra platform of each redirect URI."""

from collections.abc import Iterable
from enum import Enum, auto

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.registration.policy import (
    AUTH_METHODS,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEFAULT_AUTH_METHOD,
    DEVICE_CODE,
    IMPLICIT,
    NO_METHOD,
    PRIVATE_KEY_JWT,
    REFRESH_TOKEN,
    SECRET_POST,
    Policy,
)
from shared.registration.redirect_uris import RedirectUri, UriKind

# OpenID Connect Registration 1.0 section 2 has the first two; the others are what Gravitee and WSO2 send.
APPLICATION_TYPES = ("web", "native", "browser", "backend_to_backend", "service")
DEFAULT_APPLICATION_TYPE = "web"
REDIRECT_GRANTS = frozenset({AUTHORIZATION_CODE, IMPLICIT})
_PARTS = frozenset({"code", "token", "id_token"})


class Platform(Enum):
    """The places of an application object that hold redirect URIs, by their name in Graph."""

    WEB = "web"
    SINGLE_PAGE = "spa"
    NATIVE = "publicClient"


class ClientType(Enum):
    """What a client is to Entra."""

    WEB = auto()
    SERVICE = auto()
    SINGLE_PAGE = auto()
    NATIVE = auto()


def choose_grants(
    grant_types: tuple[str, ...] | None, response_types: tuple[str, ...] | None, policy: Policy
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The grant types and response types to register, each once, in the order asked for.

    Empty arrays count as absent: portals send them when nothing was ticked. Without either member the defaults of RFC 7591
    section 2 hold; with one of them the other is derived from it. Response types without any redirect grant mean nothing and are
    left out. Raises InvalidClientMetadata for a grant that the policy doesn't allow (unless it drops such grants), an unknown
    response type, and grant and response types that contradict each other.
    """
    responses = _normal(response_types or ())
    asked = _once(grant_types or ()) or _grants_for(responses) or (AUTHORIZATION_CODE,)
    grants = _allowed(asked, policy)
    if not REDIRECT_GRANTS & set(grants):
        return grants, ()
    if IMPLICIT in asked and IMPLICIT not in grants:
        # Dropped by policy, and its response types with it: they follow from the grants that are left.
        responses = ()
    responses = responses or _responses_for(grants)
    _check_agreement(grants, responses)
    return grants, responses


def uses_redirects(grant_types: Iterable[str]) -> bool:
    """Whether a client with these grants takes part in redirects."""
    return not REDIRECT_GRANTS.isdisjoint(grant_types)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _normal(responses: Iterable[str]) -> tuple[str, ...]:
    """Response types with their parts in one order: `id_token code` is `code id_token` (OAuth 2.0 Multiple Response Types)."""
    normal = []
    for response in responses:
        parts = response.split(" ")
        if not set(parts) <= _PARTS or len(set(parts)) != len(parts):
            raise InvalidClientMetadata(
                f"response_types has an unknown value; known are combinations of {', '.join(sorted(_PARTS))}"
            )
        normal.append(" ".join(part for part in ("code", "id_token", "token") if part in parts))
    return _once(normal)


def _grants_for(responses: Iterable[str]) -> tuple[str, ...]:
    parts = {part for response in responses for part in response.split()}
    return ((AUTHORIZATION_CODE,) if "code" in parts else ()) + ((IMPLICIT,) if parts & {"token", "id_token"} else ())


def _responses_for(grants: Iterable[str]) -> tuple[str, ...]:
    return (("code",) if AUTHORIZATION_CODE in grants else ()) + (("id_token", "token") if IMPLICIT in grants else ())


def _allowed(asked: tuple[str, ...], policy: Policy) -> tuple[str, ...]:
    refused = [grant for grant in asked if grant not in policy.grant_types]
    allowed = tuple(grant for grant in asked if grant in policy.grant_types)
    # A refresh token comes with another grant; alone it is nothing to drop down to.
    usable = set(allowed) - {REFRESH_TOKEN}
    if refused and (policy.unsupported_grants == "refuse" or not usable):
        raise InvalidClientMetadata(
            f"grant_types has {_shown(refused[0])}, which is not allowed; allowed are {', '.join(sorted(policy.grant_types))}"
        )
    if not usable:
        raise InvalidClientMetadata(f"grant_types has {REFRESH_TOKEN} and no grant that yields a refresh token")
    return allowed


def _shown(value: str) -> str:
    """A caller's own word in an answer: short enough to read."""
    return value if len(value) <= len(DEVICE_CODE) else value[: len(DEVICE_CODE)] + "..."


def _check_agreement(grants: tuple[str, ...], responses: tuple[str, ...]) -> None:
    """RFC 7591 section 2.1: code belongs to authorization_code, token and id_token to implicit."""
    needed = set(_grants_for(responses))
    present = REDIRECT_GRANTS & set(grants)
    if lacking := sorted(needed - present):
        raise InvalidClientMetadata(f"response_types needs the grant type {lacking[0]}, which grant_types does not have")
    if idle := sorted(present - needed):
        raise InvalidClientMetadata(f"grant_types has {idle[0]} and response_types has nothing that belongs to it")


def classify_client(
    application_type: str, auth_method: str, grant_types: tuple[str, ...], redirect_uris: tuple[RedirectUri, ...]
) -> ClientType:
    """The type that follows from everything a client says of itself.

    A client with a credential is a web client, or a service where no grant redirects. One without is native where it says so, or
    its URIs can only lead to a device or a server that redeems codes itself: MCP clients, among others, leave the type out. With
    any other https URI it is a single-page application, whose http://localhost is where it is developed.
    """
    if auth_method != NO_METHOD:
        return ClientType.WEB if uses_redirects(grant_types) else ClientType.SERVICE
    if application_type == "browser":
        return ClientType.SINGLE_PAGE
    if application_type == "native" or not uses_redirects(grant_types):
        return ClientType.NATIVE
    if any(uri.kind is UriKind.PRIVATE for uri in redirect_uris):
        return ClientType.NATIVE
    in_browser = any(uri.kind is UriKind.HTTPS and not uri.at_server for uri in redirect_uris)
    return ClientType.SINGLE_PAGE if in_browser else ClientType.NATIVE


def platform_of(uri: RedirectUri, client_type: ClientType) -> Platform:
    """Where Entra keeps a URI of such a client. The platform decides how the token service treats whoever redeems a code."""
    if client_type in (ClientType.WEB, ClientType.SERVICE):
        return Platform.WEB
    if client_type is ClientType.NATIVE or uri.kind is UriKind.PRIVATE or uri.at_server:
        return Platform.NATIVE
    return Platform.SINGLE_PAGE


def choose_application_type(asked: str | None) -> str:
    """OpenID Connect Registration 1.0 section 2: `web` where nothing is said. Raises InvalidClientMetadata for an unknown
    type."""
    if asked is not None and asked not in APPLICATION_TYPES:
        raise InvalidClientMetadata(f"application_type is none of {', '.join(APPLICATION_TYPES)}")
    return asked or DEFAULT_APPLICATION_TYPE


def choose_auth_method(
    asked: str | None,
    application_type: str,
    grant_types: tuple[str, ...],
    redirect_uris: tuple[RedirectUri, ...],
    policy: Policy,
    *,
    has_keys: bool = False,
) -> str:
    """How the client authenticates: `client_secret_basic` where nothing is said (RFC 7591 section 2), but `none` for an
    application in a browser, and for a native one with a private-use scheme, where Entra gives a secret no use. A policy that
    doesn't allow the former has the first of the other methods that it allows and the client can use; `has_keys` says whether
    it could use private_key_jwt. A known method that the policy doesn't allow may be replaced likewise (section 2).

    Raises InvalidClientMetadata for a method that is unknown or not allowed, or that contradicts grants or application type.
    """
    public = application_type == "browser" or (
        application_type == "native" and any(uri.kind is UriKind.PRIVATE for uri in redirect_uris)
    )
    if asked is None and policy.share_public_clients != "never" and redirect_uris:
        # Software on a device, which nothing but its metadata tells from its equals.
        public = public or all(uri.kind is UriKind.LOOPBACK for uri in redirect_uris)
    method = asked
    if method in AUTH_METHODS - policy.auth_methods and policy.unsupported_auth_methods == "replace":
        method = None
    if method is None and public and CLIENT_CREDENTIALS not in grant_types:
        method = NO_METHOD
    if method is None:
        usable = [DEFAULT_AUTH_METHOD, SECRET_POST]
        usable += [PRIVATE_KEY_JWT] if has_keys else []
        usable += [NO_METHOD] if CLIENT_CREDENTIALS not in grant_types else []
        method = next((method for method in usable if method in policy.auth_methods), DEFAULT_AUTH_METHOD)
    if method not in policy.auth_methods:
        raise InvalidClientMetadata(
            f"token_endpoint_auth_method is not one that is allowed here: {', '.join(sorted(policy.auth_methods))}"
        )
    if method == NO_METHOD and CLIENT_CREDENTIALS in grant_types:
        raise InvalidClientMetadata("token_endpoint_auth_method none cannot go with the grant type client_credentials")
    if method != NO_METHOD and application_type == "browser":
        raise InvalidClientMetadata(
            "token_endpoint_auth_method must be none for application_type browser, which cannot keep a secret"
        )
    return method


def check_redirects(
    application_type: str,
    client_type: ClientType,
    grant_types: tuple[str, ...],
    redirect_uris: tuple[RedirectUri, ...],
    policy: Policy,
) -> None:
    """The rules that join URIs with the rest. Raises InvalidRedirectUri, InvalidClientMetadata.

    RFC 7591 section 2: redirect grants need a URI. OpenID Connect Registration 1.0 section 2: a web client with the implicit
    grant has https URIs off the local machine alone; a native client has no https ones (RFC 8252 section 7.2 does, so policy
    decides).
    """
    if uses_redirects(grant_types) and not redirect_uris:
        raise InvalidRedirectUri("redirect_uris is missing, and a grant type needs it")
    if client_type in (ClientType.WEB, ClientType.SERVICE) and any(uri.kind is UriKind.PRIVATE for uri in redirect_uris):
        raise InvalidRedirectUri(
            "redirect_uris has a private-use scheme, which is for clients with token_endpoint_auth_method none"
        )
    if (
        application_type == "web"
        and IMPLICIT in grant_types
        and any(uri.kind is not UriKind.HTTPS or uri.is_local for uri in redirect_uris)
    ):
        raise InvalidRedirectUri("redirect_uris of a web client with the implicit grant must be https and not on localhost")
    if application_type == "native" and not policy.native_https and any(uri.kind is UriKind.HTTPS for uri in redirect_uris):
        raise InvalidRedirectUri("redirect_uris has an https URI, which is not allowed here for application_type native")
