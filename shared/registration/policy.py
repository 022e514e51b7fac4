"""What a caller of the registration endpoint may have registered: data, decided by the operator, one policy for each caller."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
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

# How the models of settings read JSON: a misspelt limit would be no limit. They are plain dataclasses, of which pydantic learns
# when there is a document to read: a worker without one doesn't wait for it.
SETTING = ConfigDict(extra="forbid", hide_input_in_errors=True)


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


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for one caller, or one kind of callers.

    What a policy doesn't allow is refused with the member's name, or, where a member of type `Handling` says "drop", left out of
    the registration, which the answer shows. `None` for a list means: no restriction. RFC 9700 section 2 is why implicit, the
    password grant (which Entra's own advice rules out too) and wildcards aren't to be had by default or at all; Microsoft
    advises against the device code grant where it isn't needed.
    """

    __pydantic_config__: ClassVar = SETTING

    name: SkipJsonSchema[str] = DEFAULT_POLICY
    grant_types: Annotated[frozenset[GrantType], Field(min_length=1, description="allowed grants")] = frozenset(
        {AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS}
    )
    unsupported_grants: Annotated[Handling, Field(description="refuse other grants, or drop them")] = "refuse"
    auth_methods: Annotated[frozenset[AuthMethod], Field(min_length=1, description="how clients may authenticate")] = AUTH_METHODS
    # RFC 7591 section 2: the server may register another value than it was asked for.
    unsupported_auth_methods: Annotated[
        Literal["refuse", "replace"], Field(description="refuse other methods, or choose one that is allowed")
    ] = "refuse"

    redirect_hosts: Annotated[
        tuple[str, ...] | None,
        Field(
            description="hosts of https redirect URIs: exact names, or .example.com for all names below example.com; IP addresses"
            " only where they are named"
        ),
    ] = None
    loopback: Annotated[bool, Field(description="redirect URIs on localhost and 127.0.0.1")] = True
    # RFC 8252 section 7.1.
    private_schemes: Annotated[bool, Field(description="private-use schemes that are reverse domain names")] = True
    undotted_schemes: Annotated[frozenset[str], Field(description="other private-use schemes, by name")] = KNOWN_SCHEMES
    # RFC 8252 section 7.2, which OpenID Connect Registration doesn't know.
    native_https: Annotated[bool, Field(description="https redirect URIs for application_type native")] = True
    public_https: Annotated[
        PublicHttps,
        Field(
            description="where https redirect URIs of public clients live: spa, for codes redeemed in a browser, native (Graph's"
            " publicClient), for codes redeemed by a server or device, or by_host: native for server_hosts, spa for others"
        ),
    ] = "by_host"
    server_hosts: Annotated[
        frozenset[str], Field(description="hosts whose servers redeem codes of public clients, as in redirect_hosts")
    ] = SERVER_HOSTS
    most_redirect_uris: Annotated[int, Field(ge=1, le=ENTRA_REDIRECT_URIS, description="redirect URIs of one client")] = 50

    scopes: Annotated[frozenset[str] | None, Field(description="allowed scopes, by the name that clients use")] = None
    default_scope: Annotated[str, Field(description="the scope where a client names none")] = ""
    scope_names: Annotated[
        Mapping[str, ScopeText],
        Field(description="scopes of Entra by a name that clients use for them; an empty text leaves the name out"),
    ] = field(default_factory=dict)
    unknown_scopes: Annotated[Handling, Field(description="refuse other scopes, or drop them")] = "refuse"

    name_prefix: Annotated[str, Field(description="what the names of clients begin with")] = ""
    protect_names: Annotated[
        bool | None,
        Field(
            description="refuse names that read like one of Microsoft's; null: unless all who use the policy have a credential or"
            " an app role of the operator's"
        ),
    ] = None
    # RFC 7591 section 5.
    urls_elsewhere: Annotated[
        Literal["keep", "refuse", "drop"], Field(description="URLs that people see on other hosts than the redirect URIs")
    ] = "keep"
    # RFC 7591 section 6.
    store_contacts: Annotated[bool, Field(description="keep contacts, which are personal data")] = False
    federated_issuers: Annotated[frozenset[str], Field(description="issuers that federated_identities may name")] = frozenset()
    require_software_statement: Annotated[bool, Field(description="only with a software statement")] = False

    share_public_clients: Annotated[
        Sharing,
        Field(
            description="equal public clients are one application, which none of them can change: `localhost`, whatever the port"
            " of their http://localhost redirect URIs; `loopback`, that of http://127.0.0.1 too, which Entra is not known to"
            " leave out"
        ),
    ] = "never"
    secret_lifetime: Annotated[Positive | None, Field(description="seconds; null leaves it to REGISTRATION_SECRET_DAYS")] = None
    requires_approval: Annotated[bool, Field(description="clients wait until an operator enables them")] = False
    may_register: Annotated[bool, Field(description="register clients")] = True
    may_read: Annotated[bool, Field(description="read clients")] = True
    may_update: Annotated[bool, Field(description="update clients")] = True
    may_rotate: Annotated[bool, Field(description="ask for new secrets")] = True
    may_delete: Annotated[bool, Field(description="delete clients")] = True
    manages_all: Annotated[bool, Field(description="manage the clients of other callers too")] = False
    may_audit: Annotated[bool, Field(description="read the report on the secrets of all clients")] = False

    most_clients: Annotated[Positive | None, Field(description="clients of one caller")] = None
    registrations_per_minute: Annotated[Positive | None, Field(description="for each caller and instance of the app")] = None
    # RFC 7591 section 5.
    one_client_per_software: Annotated[
        bool, Field(description="registering a software_id and software_version again gives the client that is there")
    ] = False


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
