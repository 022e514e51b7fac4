"""What an operator decides about registration: one frozen object, read from the settings by `shared.settings.registration`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass as model

from shared.clock import Clock
from shared.environment import GUID, LOOPBACK_HOSTS
from shared.registration.policy import DEFAULT_POLICY, SETTING, USUAL_POLICIES, Policy, one_of
from shared.registration.tags import PREFIX as RECORD_PREFIX
from shared.registration.tokens import KeyRing

if TYPE_CHECKING:
    from shared.graph.directory import Directory

DAY = 86_400
_TAG = re.compile(r"[\x21-\x7e]{1,64}")
# The name under which clients of callers without a credential are kept.
OPEN_CALLER = "open"
# RFC 8725 section 3.1: asymmetric ones alone, since the keys are public.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

type CredentialHeader = Literal["authorization", "x-api-key"]


@dataclass(frozen=True, slots=True)
class StaticCredential:
    """A value that a caller sends as it is. Only its SHA-256 is kept.

    `header` is `authorization` (the whole value, scheme included) or `x-api-key`. Several credentials of one `name` are one
    caller that is changing from one to the other.
    """

    name: str
    digest: bytes = field(repr=False)
    header: CredentialHeader = "authorization"
    policy: str = DEFAULT_POLICY


@model(frozen=True, slots=True, config=SETTING)
class ResourceApi:
    """An API whose scopes clients may ask for."""

    app_id: str = Field(pattern=f"^{GUID.pattern}$", description="the API's client id, in lower case")
    prefix: str = Field(pattern="^[^ ]+$", description="what its scopes begin with as clients write them: api://orders/")
    app_roles: bool = Field(default=False, description="whether its app roles can be asked for too")


def _check_public_keys(jwks: dict[str, Any]) -> dict[str, Any]:
    import jwt

    try:
        jwt.PyJWKSet.from_dict(jwks)
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
        raise ValueError("must be a JWK set of public keys") from None
    return jwks


@model(frozen=True, slots=True, config=SETTING)
class StatementIssuer:
    """Somebody whose software statements count."""

    issuer: str = Field(description="the iss of the statements")
    jwks: Annotated[dict[str, Any], AfterValidator(_check_public_keys)] = Field(description="a JWK set of public keys")
    algorithms: tuple[Annotated[str, *one_of(_ALGORITHMS)], ...] = Field(default=("RS256", "PS256", "ES256"), min_length=1)


@dataclass(frozen=True, slots=True)
class RegistrationConfiguration:
    """Everything that registration and management of clients depends on.

    `base_url` is where callers reach the bridge, without a slash at its end: URLs in answers start with it, whatever Host header
    came. Durations are in seconds. `open_policy` names the policy for callers without a credential; None turns them away.
    """

    base_url: str
    sealing_keys: KeyRing
    bridge_tag: str
    sign_in_audience: str = "AzureADMyOrg"
    budget: float = 4.5

    policies: Mapping[str, Policy] = field(default_factory=lambda: MappingProxyType(USUAL_POLICIES))
    static_credentials: tuple[StaticCredential, ...] = ()
    initial_token_keys: KeyRing | None = None
    entra_audience: str = ""
    # App role of an Entra access token -> name of the policy.
    entra_roles: Mapping[str, str] = field(default_factory=dict)
    open_policy: str | None = None

    allow_update: bool = True
    allow_delete: bool = True
    purge_on_delete: bool = False
    # A PUT of a portal whose client_secret is not the current one: Anypoint's way to ask for a new one, or an error.
    mismatch: Literal["rotate", "refuse"] = "rotate"

    secret_lifetime: int = 182 * DAY
    # Tried once when the tenant's policy refuses the lifetime.
    shorter_secret_lifetime: int | None = 90 * DAY
    secret_overlap: int = 7 * DAY
    most_secrets: int = 3
    secrets_in_tokens: bool = True
    rotate_access_tokens: bool = True
    # How long the token of the generation before stays good, for answers that got lost.
    access_token_grace: int = DAY

    resource_apis: tuple[ResourceApi, ...] = ()
    statement_issuers: tuple[StatementIssuer, ...] = ()
    impersonated_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for a configuration that contradicts itself."""
        parts = urlsplit(self.base_url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
        if self.base_url.endswith("/") or not secure:
            raise ValueError("base_url must be an https URL without a slash at its end (http for a loopback host alone)")
        if not _TAG.fullmatch(self.bridge_tag) or self.bridge_tag.startswith(RECORD_PREFIX):
            raise ValueError(f"bridge_tag must be 1 to 64 characters without blanks, and not begin with {RECORD_PREFIX}")
        if self.sign_in_audience not in ("AzureADMyOrg", "AzureADMultipleOrgs"):
            raise ValueError("sign_in_audience must be AzureADMyOrg or AzureADMultipleOrgs")
        if self.most_secrets < 2:
            raise ValueError("most_secrets must be at least 2, or a new secret could not overlap with the old one")
        if DEFAULT_POLICY not in self.policies:
            raise ValueError(f"policies must have one named {DEFAULT_POLICY}")
        if any(credential.name == OPEN_CALLER for credential in self.static_credentials):
            raise ValueError(f"{OPEN_CALLER} is the name of callers without a credential")
        used = {credential.policy for credential in self.static_credentials} | set(self.entra_roles.values())
        if self.open_policy is not None:
            used.add(self.open_policy)
        if missing := sorted(used - set(self.policies)):
            raise ValueError(f"there is no policy named {missing[0]}")

    def policy(self, name: str) -> Policy:
        """The policy of that name; where it is gone, the default one, which is always there."""
        return self.policies.get(name) or self.policies[DEFAULT_POLICY]

    def client_uri(self, client_id: str) -> str:
        """The client's registration_client_uri."""
        return f"{self.base_url}/register/{client_id}"


@dataclass(frozen=True, slots=True)
class RegistrationContext:
    """What every use case works with: the operator's decisions, the directory, and the time."""

    configuration: RegistrationConfiguration
    directory: "Directory"
    clock: Clock
