"""The settings of registration: environment variables into one configuration, each problem with its setting's name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.environment import Environment, choice, document, flag, number, text
from shared.registration.configuration import (
    DAY,
    DEFAULT_POLICY,
    RegistrationConfiguration,
    ResourceApi,
    StatementIssuer,
    StaticCredential,
)
from shared.registration.configuration_reader import (
    read_entra_roles,
    read_keys,
    read_names,
    read_policies,
    read_resource_apis,
    read_statement_issuers,
    read_static_credentials,
)
from shared.registration.keys import Key, KeyRing
from shared.registration.policy import OPEN_POLICY, Policy
from shared.settings.tenant import BUDGET_MILLISECONDS

# Stands where no usable keys are set; the settings are refused then, so that nothing is ever sealed with it.
_NO_KEYS = KeyRing(Key("none", "-" * 32))
_USUAL_POLICIES: Mapping[str, Policy] = MappingProxyType({DEFAULT_POLICY: Policy(), OPEN_POLICY.name: OPEN_POLICY})
_NO_ROLES: Mapping[str, str] = MappingProxyType({})
_LIST, _OBJECT = {"type": "array"}, {"type": "object"}
_KEYS = {"type": ["string", "array"]}

CREDENTIALS = document(
    "REGISTRATION_CREDENTIALS",
    read_static_credentials,
    tuple[StaticCredential, ...](),
    "JSON list: who may register and manage with a fixed `Authorization` or `X-API-KEY` value",
    _LIST,
)
POLICIES = document(
    "REGISTRATION_POLICIES",
    read_policies,
    _USUAL_POLICIES,
    "JSON object of policies by name: what a caller may have registered",
    _OBJECT,
    shown="`default`, `open`",
)
SEALING_KEYS = document(
    "REGISTRATION_SEALING_KEYS",
    read_keys,
    _NO_KEYS,
    "the secret that seals registration access tokens, or a JSON list of keys, the current one first",
    _KEYS,
    required="a random secret of at least 32 characters",
    shown="required",
)
INITIAL_TOKEN_KEYS = document(
    "REGISTRATION_INITIAL_TOKEN_KEYS",
    lambda value: (read_keys(value),),
    tuple[KeyRing, ...](),
    "the secret that signs initial access tokens, or a JSON list; without it there are no such tokens",
    _KEYS,
)
ENTRA_AUDIENCE = text(
    "REGISTRATION_ENTRA_AUDIENCE",
    "the audience of callers' Entra access tokens: the client id (v2) or App ID URI (v1) of the bridge's API",
    shown="none",
)
ENTRA_ROLES = document("REGISTRATION_ENTRA_ROLES", read_entra_roles, _NO_ROLES, "JSON object: app role to policy", _OBJECT)
REGISTRATION_OPEN_POLICY = text(
    "REGISTRATION_OPEN_POLICY",
    "the policy for callers without a credential, such as `open`; without it they are turned away",
    shown="none",
)
ALLOW_UPDATE = flag("REGISTRATION_ALLOW_UPDATE", True, "whether PUT is answered")
ALLOW_DELETE = flag("REGISTRATION_ALLOW_DELETE", True, "whether DELETE is answered")
PURGE_ON_DELETE = flag(
    "REGISTRATION_PURGE_ON_DELETE",
    False,
    "delete for good, so that an administrator can't restore the application and its share of the quota is free",
)
SECRET_MISMATCH = choice(
    "REGISTRATION_SECRET_MISMATCH",
    ("rotate", "refuse"),
    "what a portal's PUT with another secret means: `rotate` (Anypoint's reset) or `refuse` (RFC 7592)",
)
SECRET_DAYS = number("REGISTRATION_SECRET_DAYS", 182, 1, 730, "how long a secret lives")
SHORTER_SECRET_DAYS = number(
    "REGISTRATION_SHORTER_SECRET_DAYS",
    90,
    0,
    730,
    "tried once where the tenant's policy refuses that; `0` for no second attempt",
)
SECRET_OVERLAP_DAYS = number(
    "REGISTRATION_SECRET_OVERLAP_DAYS",
    7,
    0,
    365,
    "how long an old secret may live on after a rotation, before the audit removes it",
)
MOST_SECRETS = number(
    "REGISTRATION_MOST_SECRETS", 3, 2, 50, "how many secrets a client may have; the oldest goes when a rotation would exceed it"
)
SECRETS_IN_TOKENS = flag(
    "REGISTRATION_SECRETS_IN_TOKENS", True, "seal the secret into the registration access token, so that reads can return it"
)
ROTATE_ACCESS_TOKENS = flag(
    "REGISTRATION_ROTATE_ACCESS_TOKENS", True, "an update ends older registration access tokens and returns a new one"
)
ACCESS_TOKEN_GRACE_SECONDS = number(
    "REGISTRATION_ACCESS_TOKEN_GRACE_SECONDS",
    DAY,
    0,
    30 * DAY,
    "how long the token before stays good, in case the answer got lost",
)
RESOURCE_APIS = document(
    "REGISTRATION_RESOURCE_APIS",
    read_resource_apis,
    tuple[ResourceApi, ...](),
    "JSON list: APIs whose scopes clients may ask for",
    _LIST,
)
STATEMENT_ISSUERS = document(
    "REGISTRATION_STATEMENT_ISSUERS",
    read_statement_issuers,
    tuple[StatementIssuer, ...](),
    "JSON list: whose software statements count",
    _LIST,
)
FORBIDDEN_NAMES = document(
    "REGISTRATION_FORBIDDEN_NAMES",
    read_names,
    tuple[str, ...](),
    "JSON list of names that no client may pretend to have, besides Microsoft's",
    _LIST,
)
SIGN_IN_AUDIENCE = choice("REGISTRATION_SIGN_IN_AUDIENCE", ("AzureADMyOrg", "AzureADMultipleOrgs"), "or `AzureADMultipleOrgs`")


def read_registration(environment: Environment, base_url: str, bridge_tag: str) -> RegistrationConfiguration:
    """The configuration from the settings whose names begin with REGISTRATION_; what is wrong is noted in the environment."""
    read = environment.read
    policies, credentials, roles = read(POLICIES), read(CREDENTIALS), read(ENTRA_ROLES)
    open_policy = read(REGISTRATION_OPEN_POLICY) or None
    for setting, named in (
        (CREDENTIALS, {credential.policy for credential in credentials}),
        (ENTRA_ROLES, set(roles.values())),
        (REGISTRATION_OPEN_POLICY, {open_policy} if open_policy else set()),
    ):
        if unknown := sorted(named - set(policies)):
            environment.refuse(setting.name, f"names a policy that {POLICIES.name} doesn't have: {', '.join(unknown)}")
    audience = read(ENTRA_AUDIENCE)
    if roles and not audience:
        environment.refuse(ENTRA_AUDIENCE.name, f"is needed by {ENTRA_ROLES.name}: the audience of callers' tokens")
    initial_keys = read(INITIAL_TOKEN_KEYS)
    members: dict[str, Any] = {
        "base_url": base_url,
        "sealing_keys": read(SEALING_KEYS),
        "bridge_tag": bridge_tag,
        "sign_in_audience": read(SIGN_IN_AUDIENCE),
        "budget": read(BUDGET_MILLISECONDS) / 1000,
        "policies": policies,
        "static_credentials": credentials,
        "initial_token_keys": initial_keys[0] if initial_keys else None,
        "entra_audience": audience,
        "entra_roles": roles,
        "open_policy": open_policy,
        "allow_update": read(ALLOW_UPDATE),
        "allow_delete": read(ALLOW_DELETE),
        "purge_on_delete": read(PURGE_ON_DELETE),
        "mismatch": read(SECRET_MISMATCH),
        "secret_lifetime": read(SECRET_DAYS) * DAY,
        "shorter_secret_lifetime": read(SHORTER_SECRET_DAYS) * DAY or None,
        "secret_overlap": read(SECRET_OVERLAP_DAYS) * DAY,
        "most_secrets": read(MOST_SECRETS),
        "secrets_in_tokens": read(SECRETS_IN_TOKENS),
        "rotate_access_tokens": read(ROTATE_ACCESS_TOKENS),
        "access_token_grace": read(ACCESS_TOKEN_GRACE_SECONDS),
        "resource_apis": read(RESOURCE_APIS),
        "statement_issuers": read(STATEMENT_ISSUERS),
        "impersonated_names": read(FORBIDDEN_NAMES),
    }
    try:
        return RegistrationConfiguration(**members)
    except ValueError as contradiction:
        # Where a setting was refused above, its default may contradict the others: that is no problem of its own.
        if not environment.problems:
            environment.refuse("REGISTRATION settings", str(contradiction))
        return RegistrationConfiguration("https://not.configured.invalid", _NO_KEYS)
