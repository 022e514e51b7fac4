"""Callers of registration as an operator writes them in the settings; secrets are kept as their SHA-256."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from shared.environment import GUID
from shared.registration.configuration import CredentialHeader, StaticCredential, TokenCaller
from shared.registration.policy import DEFAULT_POLICY, SETTING, Policy

type Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
# A whole header value, without blanks around it.
type Literal = Annotated[str, Field(min_length=12, pattern=r"^\S[^\r\n]*\S$")]
type TenantId = Annotated[str, Field(pattern=f"^{GUID.pattern.replace('a-f', 'a-fA-F')}$"), AfterValidator(str.lower)]
type Digest = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]


@dataclass(frozen=True, slots=True)
class CredentialSetting:
    """A static credential as an operator writes it: one of the whole header value and its SHA-256 in hexadecimal."""

    __pydantic_config__: ClassVar = SETTING

    name: Annotated[Name, Field(description="the caller; several credentials of one name are one caller")]
    authorization: Annotated[Literal | None, Field(description="the value of Authorization, scheme included")] = field(
        default=None, repr=False
    )
    api_key: Annotated[Literal | None, Field(description="the value of X-API-KEY")] = field(default=None, repr=False)
    authorization_sha256: Digest | None = None
    api_key_sha256: Digest | None = None
    policy: str = DEFAULT_POLICY

    def __post_init__(self) -> None:
        given = (self.authorization, self.api_key, self.authorization_sha256, self.api_key_sha256)
        if sum(value is not None for value in given) != 1:
            raise ValueError("needs one of authorization, api_key, authorization_sha256, api_key_sha256")

    def hashed(self) -> StaticCredential:
        """The credential as it is kept."""
        literal, digest = self.authorization or self.api_key, self.authorization_sha256 or self.api_key_sha256
        kept = bytes.fromhex(digest) if digest else hashlib.sha256((literal or "").encode()).digest()
        header: CredentialHeader = "x-api-key" if self.api_key or self.api_key_sha256 else "authorization"
        return StaticCredential(self.name, kept, header, self.policy)


@dataclass(frozen=True, slots=True)
class TokenCallerSetting:
    """A caller of the bridge's token endpoint as an operator writes it: with its secret or the secret's SHA-256."""

    __pydantic_config__: ClassVar = SETTING

    name: Annotated[Name, Field(description="the caller, as clients are kept under it")]
    client_id: Annotated[Name, Field(description="what it sends as its id; several entries of one id are one caller")]
    secret: Annotated[str, Field(min_length=16)] | None = field(default=None, repr=False)
    secret_sha256: Digest | None = None
    policy: str = DEFAULT_POLICY

    def __post_init__(self) -> None:
        if (self.secret is None) == (self.secret_sha256 is None):
            raise ValueError("needs one of secret, secret_sha256")

    def hashed(self) -> TokenCaller:
        """The caller as it is kept."""
        digest = self.secret_sha256
        kept = bytes.fromhex(digest) if digest else hashlib.sha256((self.secret or "").encode()).digest()
        return TokenCaller(self.name, self.client_id, kept, self.policy)


def hashed_callers(found: list[TokenCallerSetting]) -> tuple[TokenCaller, ...]:
    """The callers as they are kept. Raises ValueError where entries of one id contradict each other."""
    callers = tuple(entry.hashed() for entry in found)
    if len({caller.client_id for caller in callers}) != len(
        {(caller.client_id, caller.name, caller.policy) for caller in callers}
    ):
        raise ValueError("two entries of one client_id differ in name or policy")
    return callers


def one_caller_each(found: list[CredentialSetting]) -> tuple[StaticCredential, ...]:
    """The credentials as they are kept. Raises ValueError where two callers have the same one."""
    credentials = tuple(credential.hashed() for credential in found)
    callers: dict[tuple[str, bytes], StaticCredential] = {}
    for credential in credentials:
        other = callers.setdefault((credential.header, credential.digest), credential)
        if other.name != credential.name:
            raise ValueError(f"{other.name} and {credential.name} have the same credential")
    return credentials


def with_protected_names(policies: Mapping[str, Policy], trusted: set[str]) -> Mapping[str, Policy]:
    """`trusted` are the policies of callers with a credential or app role: they may name a client after what it works with."""
    return MappingProxyType(
        {
            name: policy if policy.protect_names is not None else replace(policy, protect_names=name not in trusted)
            for name, policy in policies.items()
        }
    )
