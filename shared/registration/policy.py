"""What a caller of the registration endpoint may have registered: data, decided by the operator, one policy for each caller."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic.dataclasses import dataclass
from pydantic.json_schema import SkipJsonSchema

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105  the name of a grant, RFC 6749 section 6
CLIENT_CREDENTIALS = "client_credentials"
IMPLICIT = "implicit"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

GRANT_TYPES = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, IMPLICIT, DEVICE_CODE, JWT_BEARER})

# RFC 7591 section 2: what holds where a client names no method.
DEFAULT_AUTH_METHOD = "client_secret_basic"
SECRET_POST = "client_secret_post"  # noqa: S105  the name of a method
SECRET_METHODS = frozenset({DEFAULT_AUTH_METHOD, SECRET_POST})
PRIVATE_KEY_JWT = "private_key_jwt"
NO_METHOD = "none"
AUTH_METHODS = SECRET_METHODS | {PRIVATE_KEY_JWT, NO_METHOD}

# learn.microsoft.com/entra/identity-platform/reply-url, for applications of organisations.
ENTRA_REDIRECT_URIS = 256
DEFAULT_POLICY = "default"

# Hosts of clients whose own server redeems the code: Entra redeems codes of `spa` URIs for browsers alone (AADSTS9002327).
SERVER_HOSTS = frozenset(
    {
        "claude.ai",
        "claude.com",
        "chatgpt.com",
        "global.consent.azure-apim.net",
        "teams.microsoft.com",
        "vscode.dev",
        "insiders.vscode.dev",
        "www.cursor.com",
    }
)
# Schemes without a dot that well-known applications on a device have taken, which RFC 8252 section 7.1 wouldn't have them do.
KNOWN_SCHEMES = frozenset({"cursor", "vscode", "vscode-insiders"})

# How the models of settings read JSON: a misspelt limit would be no limit. Each is built when it is first used.
SETTING = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


def among(values: Collection[str]) -> tuple[AfterValidator, WithJsonSchema]:
    """For Annotated: a string that is one of `values`."""
    known = sorted(values)

    def check(value: str) -> str:
        if value not in values:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return AfterValidator(check), WithJsonSchema({"enum": known})


type Handling = Literal["refuse", "drop"]
type Sharing = Literal["never", "localhost", "loopback"]
type PublicHttps = Literal["by_host", "spa", "native"]
type Positive = Annotated[int, Field(ge=1)]
type GrantType = Annotated[str, *among(GRANT_TYPES)]
# RFC 6749 section 3.3, or nothing.
type ScopeText = Annotated[str, Field(pattern=r"^[\x20\x21\x23-\x5b\x5d-\x7e]*$")]
type AuthMethod = Annotated[str, *among(AUTH_METHODS)]


@dataclass(frozen=True, slots=True, config=SETTING)
class Policy:
    """The rules for one caller, or one kind of callers.

    What a policy doesn't allow is refused with the member's name, or, where a member of type `Handling` says "drop", left out of
    the registration, which the answer shows. `None` for a list means: no restriction. RFC 9700 section 2 is why implicit, the
    password grant (which Entra's own advice rules out too) and wildcards aren't to be had by default or at all; Microsoft
    advises against the device code grant where it isn't needed.
    """

    name: SkipJsonSchema[str] = DEFAULT_POLICY
    grant_types: frozenset[GrantType] = Field(
        default=frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS}), min_length=1, description="allowed grants"
    )
    unsupported_grants: Handling = Field(default="refuse", description="refuse other grants, or drop them")
    auth_methods: frozenset[AuthMethod] = Field(default=AUTH_METHODS, min_length=1, description="how clients may authenticate")
    # RFC 7591 section 2: the server may register another value than it was asked for.
    unsupported_auth_methods: Literal["refuse", "replace"] = Field(
        default="refuse", description="refuse other methods, or choose one that is allowed"
    )

    redirect_hosts: tuple[str, ...] | None = Field(
        default=None,
        description="hosts of https redirect URIs: exact names, or .example.com for all names below example.com; IP addresses"
        " only where they are named",
    )
    loopback: bool = Field(default=True, description="redirect URIs on localhost and 127.0.0.1")
    # RFC 8252 section 7.1.
    private_schemes: bool = Field(default=True, description="private-use schemes that are reverse domain names")
    undotted_schemes: frozenset[str] = Field(default=KNOWN_SCHEMES, description="other private-use schemes, by name")
    # RFC 8252 section 7.2, which OpenID Connect Registration doesn't know.
    native_https: bool = Field(default=True, description="https redirect URIs for application_type native")
    public_https: PublicHttps = Field(
        default="by_host",
        description="where https redirect URIs of public clients live: spa, for codes redeemed in a browser, native (Graph's"
        " publicClient), for codes redeemed by a server or device, or by_host: native for server_hosts, spa for others",
    )
    server_hosts: frozenset[str] = Field(
        default=SERVER_HOSTS, description="hosts whose servers redeem codes of public clients, as in redirect_hosts"
    )
    most_redirect_uris: int = Field(default=50, ge=1, le=ENTRA_REDIRECT_URIS, description="redirect URIs of one client")

    scopes: frozenset[str] | None = Field(default=None, description="allowed scopes, by the name that clients use")
    default_scope: str = Field(default="", description="the scope where a client names none")
    scope_names: Mapping[str, ScopeText] = Field(
        default_factory=dict, description="scopes of Entra by a name that clients use for them; an empty text leaves the name out"
    )
    unknown_scopes: Handling = Field(default="refuse", description="refuse other scopes, or drop them")

    name_prefix: str = Field(default="", description="what the names of clients begin with")
    protect_names: bool | None = Field(
        default=None,
        description="refuse names that read like one of Microsoft's; null: unless all who use the policy have a credential or an"
        " app role of the operator's",
    )
    # RFC 7591 section 5.
    urls_elsewhere: Literal["keep", "refuse", "drop"] = Field(
        default="keep", description="URLs that people see on other hosts than the redirect URIs"
    )
    # RFC 7591 section 6.
    store_contacts: bool = Field(default=False, description="keep contacts, which are personal data")
    federated_issuers: frozenset[str] = Field(default=frozenset(), description="issuers that federated_identities may name")
    require_software_statement: bool = Field(default=False, description="only with a software statement")

    share_public_clients: Sharing = Field(
        default="never",
        description="equal public clients are one application, which none of them can change: `localhost`, whatever the port of"
        " their http://localhost redirect URIs; `loopback`, that of http://127.0.0.1 too, which Entra is not known to leave out",
    )
    secret_lifetime: Positive | None = Field(default=None, description="seconds; null leaves it to REGISTRATION_SECRET_DAYS")
    requires_approval: bool = Field(default=False, description="clients wait until an operator enables them")
    may_register: bool = Field(default=True, description="register clients")
    may_read: bool = Field(default=True, description="read clients")
    may_update: bool = Field(default=True, description="update clients")
    may_rotate: bool = Field(default=True, description="ask for new secrets")
    may_delete: bool = Field(default=True, description="delete clients")
    manages_all: bool = Field(default=False, description="manage the clients of other callers too")
    may_audit: bool = Field(default=False, description="read the report on the secrets of all clients")

    most_clients: Positive | None = Field(default=None, description="clients of one caller")
    registrations_per_minute: Positive | None = Field(default=None, description="for each caller and instance of the app")
    # RFC 7591 section 5.
    one_client_per_software: bool = Field(
        default=False, description="registering a software_id and software_version again gives the client that is there"
    )


def without_secrets(policy: Policy) -> Policy:
    """The policy in a tenant that allows no client secrets; one that has no other method stays, for Graph to refuse."""
    others = policy.auth_methods - SECRET_METHODS
    return replace(policy, auth_methods=others) if others else policy


OPEN_POLICY = Policy(
    name="open",
    grant_types=frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    unsupported_grants="drop",
    # Whoever is anonymous gets no credential: with one, a client could ask for tokens without any user.
    auth_methods=frozenset({NO_METHOD}),
    unsupported_auth_methods="replace",
    unknown_scopes="drop",
    protect_names=True,
    urls_elsewhere="drop",
    share_public_clients="localhost",
    most_clients=100,
    registrations_per_minute=30,
)
USUAL_POLICIES = {DEFAULT_POLICY: Policy(), OPEN_POLICY.name: OPEN_POLICY}
