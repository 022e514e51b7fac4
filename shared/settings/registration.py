"""Reading the settings of registration: environment variables into one configuration, each problem with its setting's name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.environment import Environment
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

AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs")
# Stands where no usable keys are set; the settings are refused then, so that nothing is ever sealed with it.
_NO_KEYS = KeyRing(Key("none", "-" * 32))
_USUAL_POLICIES: Mapping[str, Policy] = MappingProxyType({DEFAULT_POLICY: Policy(), OPEN_POLICY.name: OPEN_POLICY})


def read_registration(environment: Environment, base_url: str, bridge_tag: str) -> RegistrationConfiguration:
    """The configuration from the settings whose names begin with REGISTRATION_; what is wrong is noted in the environment."""

    def seconds(name: str, days: int, least: int = 1, most: int = 730) -> int:
        return environment.number(name, days, least, most) * DAY

    policies = environment.parsed("REGISTRATION_POLICIES", read_policies, _USUAL_POLICIES)
    credentials = environment.parsed("REGISTRATION_CREDENTIALS", read_static_credentials, tuple[StaticCredential, ...]())
    no_roles: Mapping[str, str] = MappingProxyType({})
    roles = environment.parsed("REGISTRATION_ENTRA_ROLES", read_entra_roles, no_roles)
    open_policy = environment.text("REGISTRATION_OPEN_POLICY") or None
    for name, named in (
        ("REGISTRATION_CREDENTIALS", {credential.policy for credential in credentials}),
        ("REGISTRATION_ENTRA_ROLES", set(roles.values())),
        ("REGISTRATION_OPEN_POLICY", {open_policy} if open_policy else set()),
    ):
        if unknown := sorted(named - set(policies)):
            environment.refuse(name, f"names a policy that REGISTRATION_POLICIES doesn't have: {', '.join(unknown)}")
    audience = environment.text("REGISTRATION_ENTRA_AUDIENCE")
    if roles and not audience:
        environment.refuse(
            "REGISTRATION_ENTRA_AUDIENCE", "is needed by REGISTRATION_ENTRA_ROLES: the audience of callers' tokens"
        )
    shorter = environment.number("REGISTRATION_SHORTER_SECRET_DAYS", 90, 0, 730)
    members: dict[str, Any] = {
        "base_url": base_url,
        "sealing_keys": environment.parsed(
            "REGISTRATION_SEALING_KEYS", read_keys, _NO_KEYS, required="a random secret of at least 32 characters"
        ),
        "bridge_tag": bridge_tag,
        "sign_in_audience": _choice(environment, "REGISTRATION_SIGN_IN_AUDIENCE", AUDIENCES),
        "budget": environment.number("REGISTRATION_BUDGET_MILLISECONDS", 4500, 500, 60_000) / 1000,
        "policies": policies,
        "static_credentials": credentials,
        "initial_token_keys": environment.parsed("REGISTRATION_INITIAL_TOKEN_KEYS", read_keys, None),
        "entra_audience": audience,
        "entra_roles": roles,
        "open_policy": open_policy,
        "allow_update": environment.flag("REGISTRATION_ALLOW_UPDATE", True),
        "allow_delete": environment.flag("REGISTRATION_ALLOW_DELETE", True),
        "purge_on_delete": environment.flag("REGISTRATION_PURGE_ON_DELETE", False),
        "mismatch": _choice(environment, "REGISTRATION_SECRET_MISMATCH", ("rotate", "refuse")),
        "secret_lifetime": seconds("REGISTRATION_SECRET_DAYS", 182),
        "shorter_secret_lifetime": shorter * DAY or None,
        "secret_overlap": seconds("REGISTRATION_SECRET_OVERLAP_DAYS", 7, 0, 365),
        "most_secrets": environment.number("REGISTRATION_MOST_SECRETS", 3, 2, 50),
        "secrets_in_tokens": environment.flag("REGISTRATION_SECRETS_IN_TOKENS", True),
        "rotate_access_tokens": environment.flag("REGISTRATION_ROTATE_ACCESS_TOKENS", True),
        "access_token_grace": environment.number("REGISTRATION_ACCESS_TOKEN_GRACE_SECONDS", DAY, 0, 30 * DAY),
        "resource_apis": environment.parsed("REGISTRATION_RESOURCE_APIS", read_resource_apis, tuple[ResourceApi, ...]()),
        "statement_issuers": environment.parsed(
            "REGISTRATION_STATEMENT_ISSUERS", read_statement_issuers, tuple[StatementIssuer, ...]()
        ),
        "impersonated_names": environment.parsed("REGISTRATION_FORBIDDEN_NAMES", read_names, tuple[str, ...]()),
    }
    try:
        return RegistrationConfiguration(**members)
    except ValueError as contradiction:
        # Where a setting was refused above, its default may contradict the others: that is no problem of its own.
        if not environment.problems:
            environment.refuse("REGISTRATION settings", str(contradiction))
        return RegistrationConfiguration("https://not.configured.invalid", _NO_KEYS)


def _choice(environment: Environment, name: str, values: tuple[str, ...]) -> str:
    """One of some words; the first is the usual one."""
    value = environment.text(name, values[0])
    if value not in values:
        environment.refuse(name, f"expected one of: {', '.join(values)}")
        return values[0]
    return value
