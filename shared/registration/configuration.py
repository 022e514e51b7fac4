"""What an operator decides about registration: one frozen object, read from the settings by `shared.settings.registration`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field

from shared.clock import Clock
from shared.environment import GUID
from shared.registration.policy import DEFAULT_POLICY, SETTING, Policy, among
from shared.registration.tokens import KeyRing
from shared.secret import repr_without

if TYPE_CHECKING:
    from shared.background import Background
    from shared.graph.directory import Directory
    from shared.graph.tenant_rules import CredentialRules
    from shared.registration.memory import WorkerMemory

# The name under which clients of callers without a credential are kept.
OPEN_CALLER = "open"
# RFC 8725 section 3.1: asymmetric ones alone, since the keys are public.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

type CredentialHeader = Literal["authorization", "x-api-key"]


class StaticCredential(NamedTuple):
    """A value that a caller sends as it is. Only its SHA-256 is kept.

    `header` is `authorization` (the whole value, scheme included) or `x-api-key`. Several credentials of one `name` are one
    caller that is changing from one to the other.
    """

    name: str
    digest: bytes
    header: CredentialHeader = "authorization"
    policy: str = DEFAULT_POLICY

    def __repr__(self) -> str:
        return repr_without(self, "digest")


class TokenCaller(NamedTuple):
    """A caller that gets short-lived tokens from the bridge by its id and secret, of which the SHA-256 is kept.

    Several entries of one `client_id` are one caller that is changing its secret.
    """

    name: str
    client_id: str
    digest: bytes
    policy: str = DEFAULT_POLICY

    def __repr__(self) -> str:
        return repr_without(self, "digest")


@dataclass(frozen=True, slots=True)
class ResourceApi:
    """An API whose scopes clients may ask for."""

    __pydantic_config__: ClassVar = SETTING

    app_id: Annotated[str, Field(pattern=f"^{GUID.pattern}$", description="the API's client id, in lower case")]
    prefix: Annotated[
        str, Field(pattern="^[^ ]+$", description="what its scopes begin with as clients write them: api://orders/")
    ]
    app_roles: Annotated[bool, Field(description="whether its app roles can be asked for too")] = False


def _check_public_keys(jwks: dict[str, Any]) -> dict[str, Any]:
    import jwt

    try:
        jwt.PyJWKSet.from_dict(jwks)
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
        raise ValueError("must be a JWK set of public keys") from None
    return jwks


@dataclass(frozen=True, slots=True)
class StatementIssuer:
    """Somebody whose software statements count."""

    __pydantic_config__: ClassVar = SETTING

    issuer: Annotated[str, Field(description="the iss of the statements")]
    jwks: Annotated[Annotated[dict[str, Any], AfterValidator(_check_public_keys)], Field(description="a JWK set of public keys")]
    algorithms: Annotated[tuple[Annotated[str, *among(_ALGORITHMS)], ...], Field(min_length=1)] = ("RS256", "PS256", "ES256")


class RegistrationConfiguration(NamedTuple):
    """Everything that registration and management of clients depends on. The settings have the defaults.

    `base_url` is where callers reach the bridge, without a slash at its end: URLs in answers start with it, whatever Host header
    came. Durations are in seconds. `open_policy` names the policy for callers without a credential; None turns them away.
    """

    base_url: str
    bridge_tag: str
    sealing_keys: KeyRing
    sign_in_audience: str
    budget: float
    # What becomes of a registration that the directory's lag leaves open when the caller's time is over.
    when_lagging: Literal["complete", "refuse"]

    policies: Mapping[str, Policy]
    static_credentials: tuple[StaticCredential, ...]
    token_callers: tuple[TokenCaller, ...]
    initial_token_keys: KeyRing | None
    entra_audience: str
    # Tenants beside the bridge's own whose applications may call.
    entra_tenants: frozenset[str]
    # App role of an Entra access token -> name of the policy; where a caller has several roles, the first one counts.
    entra_roles: Mapping[str, str]
    open_policy: str | None

    allow_update: bool
    allow_delete: bool
    purge_on_delete: bool
    # A PUT of a portal whose client_secret is not the current one: Anypoint's way to ask for a new one, or an error.
    mismatch: Literal["rotate", "refuse"]

    secret_lifetime: int
    # Tried once when the tenant's policy refuses the lifetime.
    shorter_secret_lifetime: int | None
    secret_overlap: int
    secrets_in_tokens: bool
    rotate_access_tokens: bool
    # How long an older token stays good once the newer one has been presented.
    access_token_grace: int

    resource_apis: tuple[ResourceApi, ...]
    statement_issuers: tuple[StatementIssuer, ...]
    # Names that no client may pretend to have.
    impersonated_names: tuple[str, ...]

    def policy(self, name: str) -> Policy:
        """The policy of that name; where it is gone, the default one, which is always there."""
        return self.policies.get(name) or self.policies[DEFAULT_POLICY]

    def shares_clients(self) -> bool:
        """Whether some caller's policy lets equal public clients share an application."""
        named = {entry.policy for entry in self.static_credentials} | {entry.policy for entry in self.token_callers}
        in_use = {*named, *self.entra_roles.values(), *filter(None, [self.open_policy])}
        return any(self.policy(name).share_public_clients != "never" for name in in_use)

    def client_uri(self, client_id: str) -> str:
        """The client's registration_client_uri."""
        return f"{self.base_url}/register/{client_id}"


class RegistrationContext(NamedTuple):
    """What every use case works with: the operator's decisions, the directory, and the time."""

    configuration: RegistrationConfiguration
    directory: "Directory"
    clock: Clock
    background: "Background"
    memory: "WorkerMemory"
    # What the tenant allows, as far as is known.
    rules: "Callable[[], CredentialRules]"
