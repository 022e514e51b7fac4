"""Reading the registration settings: JSON texts in, frozen configuration out. docs/registration.md describes the forms.

Every reader raises ValueError that names the member at fault and never repeats a value, which may be a secret. Unknown
members are refused: a misspelt limit would be no limit.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from shared.registration.configuration import DEFAULT_POLICY, ResourceApi, StatementIssuer, StaticCredential
from shared.registration.keys import Key, KeyRing
from shared.registration.policy import OPEN_POLICY, Policy

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_SHORTEST_LITERAL = 12
# RFC 8725 section 3.1: asymmetric ones alone, since the keys are public.
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})


@dataclass(frozen=True, slots=True)
class _Credential:
    """A static credential as an operator writes it: the whole header value, or its SHA-256 in hexadecimal."""

    name: str
    authorization: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    authorization_sha256: str | None = None
    api_key_sha256: str | None = None
    policy: str = DEFAULT_POLICY


def _validate(kind: Any, text: str) -> Any:
    """`text` as JSON of the type `kind`. The import is here because an app without such settings can do without the library."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{place}: {message}" if place else message) from None


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{what} must be 1 to 64 letters, digits, dots, hyphens and underscores")


def read_policies(text: str) -> Mapping[str, Policy]:
    """`{"<name>": {<members of Policy>}, ...}`. A policy named `default` is there in any case, and one named `open`."""
    policies = {DEFAULT_POLICY: Policy(), OPEN_POLICY.name: OPEN_POLICY}
    for name, members in _validate(dict[str, dict[str, Any]], text).items():
        _check_name(name, "the name of a policy")
        if "name" in members:
            raise ValueError(f"{name}.name: the name of a policy is the member that it stands under")
        try:
            policies[name] = _validate(Policy, json.dumps({**members, "name": name}))
        except ValueError as error:
            raise ValueError(f"{name}.{error}") from None
    return MappingProxyType(policies)


def read_static_credentials(text: str) -> tuple[StaticCredential, ...]:
    """`[{"name": ..., "authorization" | "api_key" | "authorization_sha256" | "api_key_sha256": ..., "policy": ...}, ...]`."""
    return tuple(_credential(entry, place) for place, entry in enumerate(_validate(list[_Credential], text)))


def _credential(entry: _Credential, place: int) -> StaticCredential:
    _check_name(entry.name, f"{place}.name")
    literals = [
        (header, value) for header, value in (("authorization", entry.authorization), ("x-api-key", entry.api_key)) if value
    ]
    digests = [
        (header, value)
        for header, value in (("authorization", entry.authorization_sha256), ("x-api-key", entry.api_key_sha256))
        if value
    ]
    if len(literals) + len(digests) != 1:
        raise ValueError(f"{place}: needs one of authorization, api_key, authorization_sha256, api_key_sha256")
    header: Literal["authorization", "x-api-key"]
    if literals:
        header, value = ("x-api-key" if entry.api_key else "authorization"), literals[0][1]
        if len(value) < _SHORTEST_LITERAL or value != value.strip():
            raise ValueError(f"{place}: the credential must be at least {_SHORTEST_LITERAL} characters, without blanks around it")
        digest = hashlib.sha256(value.encode()).digest()
    else:
        header, value = ("x-api-key" if entry.api_key_sha256 else "authorization"), digests[0][1]
        if not _SHA256.fullmatch(value):
            raise ValueError(f"{place}: a SHA-256 must be 64 hexadecimal digits")
        digest = bytes.fromhex(value)
    return StaticCredential(entry.name, digest, header, entry.policy)


def read_keys(text: str) -> KeyRing:
    """`[{"id": ..., "secret": ...}, ...]`, or plain secrets of at least 32 characters, one a line; the one in use first.

    A plain secret's id follows from it, so that another secret never has the same.
    """
    if text.lstrip().startswith("["):
        return KeyRing(*_validate(list[Key], text))
    secrets = [line.strip() for line in text.splitlines() if line.strip()]
    return KeyRing(*(Key(hashlib.sha256(f"key id of {secret}".encode()).hexdigest()[:8], secret) for secret in secrets))


def read_resource_apis(text: str) -> tuple[ResourceApi, ...]:
    """`[{"app_id": ..., "prefix": ..., "app_roles": ...}, ...]`."""
    apis: list[ResourceApi] = _validate(list[ResourceApi], text)
    for place, api in enumerate(apis):
        if not _GUID.fullmatch(api.app_id):
            raise ValueError(f"{place}.app_id: must be a GUID in lower case")
        if not api.prefix or " " in api.prefix:
            raise ValueError(f"{place}.prefix: must be what the API's scopes begin with, such as api://orders/")
    if len({api.prefix for api in apis}) != len(apis):
        raise ValueError("two APIs have the same prefix")
    return tuple(apis)


def read_statement_issuers(text: str) -> tuple[StatementIssuer, ...]:
    """`[{"issuer": ..., "jwks": {"keys": [...]}, "algorithms": [...]}, ...]`."""
    import jwt

    issuers: list[StatementIssuer] = _validate(list[StatementIssuer], text)
    for place, issuer in enumerate(issuers):
        if not issuer.algorithms or not set(issuer.algorithms) <= _ALGORITHMS:
            raise ValueError(f"{place}.algorithms: must be among {', '.join(sorted(_ALGORITHMS))}")
        try:
            jwt.PyJWKSet.from_dict(dict(issuer.jwks))
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
            raise ValueError(f"{place}.jwks: must be a JWK set of public keys") from None
    return tuple(issuers)


def read_entra_roles(text: str) -> Mapping[str, str]:
    """`{"<value of the app role>": "<name of the policy>", ...}`; where a caller has several roles the first one counts."""
    roles: dict[str, str] = _validate(dict[str, str], text)
    return MappingProxyType(roles)


def read_names(text: str) -> tuple[str, ...]:
    """`["<name that no client may pretend to have>", ...]`."""
    names: list[str] = _validate(list[str], text)
    return tuple(names)
