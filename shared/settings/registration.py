"""The settings of registration: environment variables into one configuration, each problem with its setting's name.

Those that are JSON are read by models: an error names the member at fault and never repeats a value, which may be a secret.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.environment import Environment, Setting, choice, document, flag, number, text
from shared.registration.client_name import IMPERSONATED
from shared.registration.configuration import (
    OPEN_CALLER,
    RegistrationConfiguration,
    ResourceApi,
    StatementIssuer,
    StaticCredential,
    TokenCaller,
)
from shared.registration.policy import DEFAULT_POLICY, NO_METHOD, USUAL_POLICIES, Policy
from shared.registration.tokens import Key, KeyRing
from shared.settings.registration_callers import (
    CredentialSetting,
    Name,
    TenantId,
    TokenCallerSetting,
    hashed_callers,
    one_caller_each,
    with_protected_names,
)
from shared.settings.tenant import BUDGET_MILLISECONDS

DAY = 86_400
# Stands where no usable keys are set; the settings are refused then, so that nothing is ever sealed with it.
_NO_KEYS = KeyRing(Key("none", "-" * 32))


def read_setting(kind: Any, text: str) -> Any:
    """`text` as JSON of the type `kind`. Raises ValueError that names the member at fault."""
    try:
        return TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        raise ValueError(f"{place}: {message}" if place else message) from None


def read_keys(text: str) -> KeyRing:
    """`[{"id": ..., "secret": ...}, ...]`, or plain secrets of at least 32 characters, one a line; the one in use first.

    A plain secret's id follows from it, so that another secret never has the same. A secret with an id of its own has the other
    too: it may have been a plain one before, and clients hold tokens of that time.
    """
    if not text.lstrip().startswith("["):
        secrets = [line.strip() for line in text.splitlines() if line.strip()]
        text = json.dumps([{"id": _id_of(secret), "secret": secret} for secret in secrets])
    keys: list[Key] = read_setting(list[Key], text)
    known = {key.id for key in keys}
    earlier = {_id_of(key.secret): key.secret for key in keys if _id_of(key.secret) not in known}
    return KeyRing(*keys, *(Key(key_id, secret) for key_id, secret in earlier.items()))


def _id_of(secret: str) -> str:
    return hashlib.sha256(f"key id of {secret}".encode()).hexdigest()[:8]


def _named_policies(found: dict[str, Policy]) -> Mapping[str, Policy]:
    """A policy named `default` is there in any case, and one named `open`."""
    for name, policy in found.items():
        if policy.name != DEFAULT_POLICY:
            raise ValueError(f"{name}.name: the name of a policy is the member that it stands under")
    return MappingProxyType(USUAL_POLICIES | {name: replace(policy, name=name) for name, policy in found.items()})


def _distinct_apis(found: list[ResourceApi]) -> tuple[ResourceApi, ...]:
    if len({api.prefix for api in found}) != len(found):
        raise ValueError("two APIs have the same prefix")
    return tuple(found)


def _json[T](name: str, kind: Any, finish: Callable[[Any], T], default: T, meaning: str, *, shown: str = "none") -> Setting[T]:
    """A setting that is JSON of the type `kind`, from which `finish` makes what the configuration takes."""
    return document(
        name,
        lambda text: finish(read_setting(kind, text)),
        default,
        meaning,
        lambda: TypeAdapter(kind).json_schema(),
        shown=shown,
    )


CREDENTIALS = _json(
    "REGISTRATION_CREDENTIALS",
    list[CredentialSetting],
    one_caller_each,
    tuple[StaticCredential, ...](),
    "JSON list: who may register and manage with a fixed `Authorization` or `X-API-KEY` value",
)
TOKEN_CALLERS = _json(
    "REGISTRATION_TOKEN_CALLERS",
    list[TokenCallerSetting],
    hashed_callers,
    tuple[TokenCaller, ...](),
    "JSON list: who gets short-lived tokens for registration and management from the bridge, by id and secret",
)
POLICIES = _json(
    "REGISTRATION_POLICIES",
    dict[Name, Policy],
    _named_policies,
    _named_policies({}),
    "JSON object of policies by name: what a caller may have registered",
    shown="`default`, `open`",
)
RESOURCE_APIS = _json(
    "REGISTRATION_RESOURCE_APIS",
    list[ResourceApi],
    _distinct_apis,
    tuple[ResourceApi, ...](),
    "JSON list: APIs whose scopes clients may ask for",
)
STATEMENT_ISSUERS = _json(
    "REGISTRATION_STATEMENT_ISSUERS",
    list[StatementIssuer],
    tuple[StatementIssuer, ...],
    tuple[StatementIssuer, ...](),
    "JSON list: whose software statements count",
)
# Where a caller has several roles the first one counts.
ENTRA_ROLES = _json(
    "REGISTRATION_ENTRA_ROLES", dict[str, str], dict[str, str], dict[str, str](), "JSON object: app role to policy"
)
FORBIDDEN_NAMES = _json(
    "REGISTRATION_FORBIDDEN_NAMES",
    list[str],
    tuple[str, ...],
    tuple[str, ...](),
    "JSON list of names that no client may pretend to have, besides Microsoft's",
)
_KEYS = {"type": ["string", "array"]}
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
ENTRA_TENANTS = _json(
    "REGISTRATION_ENTRA_TENANTS",
    list[TenantId],
    frozenset[str],
    frozenset[str](),
    "JSON list of tenant ids besides the bridge's own whose applications may register and manage with such a token",
)
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
    "REGISTRATION_MOST_SECRETS", 3, 2, 50, "how many valid secrets a client may have before the audit says that it has too many"
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
    "how long an older token stays good once the newer one has come back from the client",
)
SIGN_IN_AUDIENCE = choice("REGISTRATION_SIGN_IN_AUDIENCE", ("AzureADMyOrg", "AzureADMultipleOrgs"), "or `AzureADMultipleOrgs`")


WHEN_LAGGING = choice(
    "REGISTRATION_WHEN_LAGGING",
    ("complete", "refuse"),
    "a registration that Entra's lag leaves open when the time is over: `complete` answers 201 and completes it behind the"
    " answer, `refuse` answers 503 and undoes it",
)


def read_registration(environment: Environment, base_url: str, bridge_tag: str, tenant_id: str = "") -> RegistrationConfiguration:
    """The configuration from the settings whose names begin with REGISTRATION_; what is wrong is noted in the environment.

    `tenant_id` is the bridge's own tenant.
    """
    read = environment.read
    policies, credentials, roles = read(POLICIES), read(CREDENTIALS), read(ENTRA_ROLES)
    token_callers = read(TOKEN_CALLERS)
    open_policy = read(REGISTRATION_OPEN_POLICY) or None
    for setting, named in (
        (CREDENTIALS, {credential.policy for credential in credentials}),
        (TOKEN_CALLERS, {caller.policy for caller in token_callers}),
        (ENTRA_ROLES, set(roles.values())),
        (REGISTRATION_OPEN_POLICY, {open_policy} if open_policy else set()),
    ):
        if unknown := sorted(named - set(policies)):
            environment.refuse(setting.name, f"names a policy that {POLICIES.name} doesn't have: {', '.join(unknown)}")
    if open_policy is not None and open_policy in policies and policies[open_policy].auth_methods != {NO_METHOD}:
        # With a credential a client can have tokens without any user, whatever its grant types: Entra doesn't restrict them.
        expected = f"{open_policy} must allow the auth method {NO_METHOD} alone: who is anonymous gets no credential"
        environment.refuse(REGISTRATION_OPEN_POLICY.name, expected)
    known = {*(entry.policy for entry in credentials), *(entry.policy for entry in token_callers), *roles.values()}
    policies = with_protected_names(policies, known - {open_policy})
    for setting, names in (
        (CREDENTIALS, {credential.name for credential in credentials}),
        (TOKEN_CALLERS, {caller.name for caller in token_callers}),
    ):
        if OPEN_CALLER in names:
            environment.refuse(setting.name, f"{OPEN_CALLER} is the name of callers without a credential")
    audience = read(ENTRA_AUDIENCE)
    if roles and not audience:
        environment.refuse(ENTRA_AUDIENCE.name, f"is needed by {ENTRA_ROLES.name}: the audience of callers' tokens")
    tenants = read(ENTRA_TENANTS) - {tenant_id}
    if tenants and not roles:
        environment.refuse(ENTRA_TENANTS.name, f"lets nobody in without {ENTRA_ROLES.name}")
    initial_keys = read(INITIAL_TOKEN_KEYS)
    return RegistrationConfiguration(
        base_url=base_url,
        bridge_tag=bridge_tag,
        sealing_keys=read(SEALING_KEYS),
        sign_in_audience=read(SIGN_IN_AUDIENCE),
        budget=read(BUDGET_MILLISECONDS) / 1000,
        when_lagging="refuse" if read(WHEN_LAGGING) == "refuse" else "complete",
        policies=policies,
        static_credentials=credentials,
        token_callers=token_callers,
        initial_token_keys=initial_keys[0] if initial_keys else None,
        entra_audience=audience,
        entra_tenants=tenants,
        entra_roles=roles,
        open_policy=open_policy,
        allow_update=read(ALLOW_UPDATE),
        allow_delete=read(ALLOW_DELETE),
        purge_on_delete=read(PURGE_ON_DELETE),
        mismatch="refuse" if read(SECRET_MISMATCH) == "refuse" else "rotate",
        secret_lifetime=read(SECRET_DAYS) * DAY,
        shorter_secret_lifetime=read(SHORTER_SECRET_DAYS) * DAY or None,
        secret_overlap=read(SECRET_OVERLAP_DAYS) * DAY,
        secrets_in_tokens=read(SECRETS_IN_TOKENS),
        rotate_access_tokens=read(ROTATE_ACCESS_TOKENS),
        access_token_grace=read(ACCESS_TOKEN_GRACE_SECONDS),
        resource_apis=read(RESOURCE_APIS),
        statement_issuers=read(STATEMENT_ISSUERS),
        impersonated_names=(*IMPERSONATED, *read(FORBIDDEN_NAMES)),
    )
