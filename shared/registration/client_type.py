"""Kinds of client, and the Entra platform that each of their redirect URIs belongs to."""

from enum import Enum, auto

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.registration.grants import uses_redirects
from shared.registration.policy import CLIENT_CREDENTIALS, IMPLICIT, NO_METHOD, Policy
from shared.registration.redirect_uris import Kind, RedirectUri

# OpenID Connect Registration 1.0 section 2 has the first two; the others are what Gravitee and WSO2 send.
APPLICATION_TYPES = ("web", "native", "browser", "backend_to_backend", "service")
DEFAULT_APPLICATION_TYPE = "web"
# RFC 7591 section 2.
DEFAULT_AUTH_METHOD = "client_secret_basic"


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


def classify(
    application_type: str, auth_method: str, grant_types: tuple[str, ...], redirect_uris: tuple[RedirectUri, ...]
) -> ClientType:
    """The type that follows from everything a client says of itself.

    A client with a credential is a web client, or a service where no grant redirects. One without is a single-page application
    unless it says "native" or one of its URIs can only lead to an application on a device: MCP clients, among others, register
    loopback URIs and leave the type out.
    """
    if auth_method != NO_METHOD:
        return ClientType.WEB if uses_redirects(grant_types) else ClientType.SERVICE
    if application_type == "browser":
        return ClientType.SINGLE_PAGE
    if application_type == "native" or not uses_redirects(grant_types):
        return ClientType.NATIVE
    return ClientType.NATIVE if any(uri.kind is not Kind.HTTPS for uri in redirect_uris) else ClientType.SINGLE_PAGE


def platform_of(uri: RedirectUri, client_type: ClientType) -> Platform:
    """Where Entra keeps a URI of such a client. The platform decides how the token service treats whoever redeems a code."""
    if client_type in (ClientType.WEB, ClientType.SERVICE):
        return Platform.WEB
    if client_type is ClientType.NATIVE or uri.kind is Kind.PRIVATE:
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
) -> str:
    """How the client authenticates: `client_secret_basic` where nothing is said (RFC 7591 section 2), but `none` for an
    application in a browser, and for a native one with a private-use scheme, where Entra gives a secret no use.

    Raises InvalidClientMetadata for a method that is unknown or not allowed, or that contradicts grants or application type.
    """
    public = application_type == "browser" or (
        application_type == "native" and any(uri.kind is Kind.PRIVATE for uri in redirect_uris)
    )
    method = asked or (NO_METHOD if public and CLIENT_CREDENTIALS not in grant_types else DEFAULT_AUTH_METHOD)
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
    if client_type in (ClientType.WEB, ClientType.SERVICE) and any(uri.kind is Kind.PRIVATE for uri in redirect_uris):
        raise InvalidRedirectUri(
            "redirect_uris has a private-use scheme, which is for clients with token_endpoint_auth_method none"
        )
    if (
        application_type == "web"
        and IMPLICIT in grant_types
        and any(uri.kind is not Kind.HTTPS or uri.is_local for uri in redirect_uris)
    ):
        raise InvalidRedirectUri("redirect_uris of a web client with the implicit grant must be https and not on localhost")
    if application_type == "native" and not policy.native_https and any(uri.kind is Kind.HTTPS for uri in redirect_uris):
        raise InvalidRedirectUri("redirect_uris has an https URI, which is not allowed here for application_type native")
