"""What a caller of the registration endpoint may have registered: data, decided by the operator, one policy for each caller."""

from dataclasses import dataclass
from typing import Literal

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105  the name of a grant, RFC 6749 section 6
CLIENT_CREDENTIALS = "client_credentials"
IMPLICIT = "implicit"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

GRANT_TYPES = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, IMPLICIT, DEVICE_CODE, JWT_BEARER})

SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
PRIVATE_KEY_JWT = "private_key_jwt"
NO_METHOD = "none"

# learn.microsoft.com/entra/identity-platform/reply-url, for applications of organisations.
ENTRA_REDIRECT_URIS = 256

type Handling = Literal["refuse", "drop"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for one caller, or one kind of callers.

    What a policy doesn't allow is refused with the member's name, or, where a member of type `Handling` says "drop", left out of
    the registration, which the answer shows. `None` for a list means: no restriction. RFC 9700 section 2 is why implicit, the
    password grant (which Entra's own advice rules out too) and wildcards aren't to be had by default or at all; Microsoft
    advises against the device code grant where it isn't needed.
    """

    name: str = "default"

    grant_types: frozenset[str] = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS})
    unsupported_grants: Handling = "refuse"
    auth_methods: frozenset[str] = SECRET_METHODS | {PRIVATE_KEY_JWT, NO_METHOD}

    # Hosts of https redirect URIs: exact names, or `.example.com` for all names below example.com.
    redirect_hosts: tuple[str, ...] | None = None
    loopback: bool = True
    # Private-use schemes (RFC 8252 section 7.1): reverse domain names are allowed as a kind, others by their name alone.
    private_schemes: bool = True
    undotted_schemes: frozenset[str] = frozenset()
    # https redirect URIs for native applications (RFC 8252 section 7.2), which OpenID Connect Registration doesn't know.
    native_https: bool = True
    most_redirect_uris: int = 50

    # Scopes by the name that clients use for them.
    scopes: frozenset[str] | None = None
    default_scope: str = ""
    unknown_scopes: Handling = "refuse"

    name_prefix: str = ""
    # The URLs that people see must be on a host of the redirect URIs (RFC 7591 section 5).
    urls_on_redirect_hosts: bool = False
    # Contacts are personal data (RFC 7591 section 6).
    store_contacts: bool = False
    federated_issuers: frozenset[str] = frozenset()
    require_software_statement: bool = False

    # Seconds; None leaves it to the bridge's setting.
    secret_lifetime: int | None = None
    requires_approval: bool = False
    may_register: bool = True
    may_read: bool = True
    may_update: bool = True
    may_rotate: bool = True
    may_delete: bool = True
    # Clients that other callers registered through this bridge can be managed too.
    manages_all: bool = False
    # The report on the secrets of all clients, whoever registered them.
    may_audit: bool = False

    most_clients: int | None = None
    registrations_per_minute: int | None = None
    # A repeated registration of one software_id and software_version gives the client that is there (RFC 7591 section 5).
    one_client_per_software: bool = False

    def __post_init__(self) -> None:
        for name in ("most_redirect_uris", "secret_lifetime", "most_clients", "registrations_per_minute"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.most_redirect_uris > ENTRA_REDIRECT_URIS:
            raise ValueError(f"most_redirect_uris must be at most {ENTRA_REDIRECT_URIS}, as many as Entra keeps")
        if unknown := self.grant_types - GRANT_TYPES:
            raise ValueError(f"grant_types has {min(unknown)}, which Entra does not know")
        if unknown := self.auth_methods - SECRET_METHODS - {PRIVATE_KEY_JWT, NO_METHOD}:
            raise ValueError(f"auth_methods has {min(unknown)}, which Entra does not know")
        if not self.grant_types or not self.auth_methods:
            raise ValueError("grant_types and auth_methods must not be empty")


OPEN_POLICY = Policy(
    name="open",
    grant_types=frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    urls_on_redirect_hosts=True,
    most_redirect_uris=10,
    most_clients=100,
    registrations_per_minute=10,
)
