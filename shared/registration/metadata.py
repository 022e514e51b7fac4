"""Client metadata as a caller sends it: RFC 7591 section 2 and OpenID Connect Registration 1.0 section 2, typed and no more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.strict_json import JsonObject

# RFC 7591 section 2.2: the members that people read may come in several languages, as `client_name#ja`.
HUMAN_READABLE = ("client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MOST_LANGUAGES = 50


@dataclass(frozen=True, slots=True)
class FederatedIdentity:
    """A token issuer whose tokens for `subject` stand in for a client credential (Graph: federatedIdentityCredential)."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What a caller asks for. A member that is absent or null is None; an empty array is an empty tuple.

    `localized` holds the members with a language tag, by their whole name. Unknown members are ignored (RFC 7591 section 2);
    so are client_id, client_secret and everything else that only a server may choose.
    """

    redirect_uris: tuple[str, ...] | None = None
    token_endpoint_auth_method: str | None = None
    grant_types: tuple[str, ...] | None = None
    response_types: tuple[str, ...] | None = None
    application_type: str | None = None
    client_name: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    tos_uri: str | None = None
    policy_uri: str | None = None
    scope: str | None = None
    contacts: tuple[str, ...] | None = None
    jwks: Mapping[str, Any] | None = field(default=None, repr=False)
    jwks_uri: str | None = None
    post_logout_redirect_uris: tuple[str, ...] | None = None
    frontchannel_logout_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None
    software_statement: str | None = field(default=None, repr=False)
    federated_identities: tuple[FederatedIdentity, ...] | None = None
    localized: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: JsonObject) -> Self:
        """The members of `document` that the bridge knows.

        Raises InvalidRedirectUri where `redirect_uris` is no array of strings, InvalidClientMetadata where another known
        member has the wrong type; both name the member.
        """
        members: dict[str, Any] = {}
        for name, read in _READERS.items():
            value = document.get(name)
            if value is not None:
                members[name] = read(name, value)
        return cls(**members, localized=_localized(document))


def _refuse(member: str, expected: str) -> InvalidClientMetadata | InvalidRedirectUri:
    kind = InvalidRedirectUri if member == "redirect_uris" else InvalidClientMetadata
    return kind(f"{member} must be {expected}")


def _text(member: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refuse(member, "a string")
    return value


def _optional_text(member: str, value: object) -> str | None:
    """Some clients write an empty string where they mean nothing."""
    return _text(member, value) or None


def _texts(member: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _refuse(member, "an array of strings")
    return tuple(value)


def _object(member: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _refuse(member, "an object")
    return value


def _identities(member: str, value: object) -> tuple[FederatedIdentity, ...]:
    """An extension of this bridge: `[{"issuer": ..., "subject": ..., "audience": ...}]`, the last optional."""
    known = {entry.name for entry in fields(FederatedIdentity)}
    if not isinstance(value, list):
        raise _refuse(member, "an array of objects")
    identities = []
    for entry in value:
        if not isinstance(entry, dict) or not {"issuer", "subject"} <= entry.keys() <= known:
            raise _refuse(member, "an array of objects with issuer, subject and perhaps audience")
        identities.append(FederatedIdentity(**{name: _text(f"{member}.{name}", text) for name, text in entry.items()}))
    return tuple(identities)


_READERS = {
    "redirect_uris": _texts,
    "token_endpoint_auth_method": _optional_text,
    "grant_types": _texts,
    "response_types": _texts,
    "application_type": _optional_text,
    "client_name": _text,
    "client_uri": _optional_text,
    "logo_uri": _optional_text,
    "tos_uri": _optional_text,
    "policy_uri": _optional_text,
    "scope": _optional_text,
    "contacts": _texts,
    "jwks": _object,
    "jwks_uri": _optional_text,
    "post_logout_redirect_uris": _texts,
    "frontchannel_logout_uri": _optional_text,
    "software_id": _optional_text,
    "software_version": _optional_text,
    "software_statement": _optional_text,
    "federated_identities": _identities,
}


def _localized(document: JsonObject) -> dict[str, str]:
    """Members with a well-formed language tag. Tags are compared without case (RFC 7591 section 2.2), so two that differ in
    case alone contradict each other."""
    found: dict[str, str] = {}
    for name, value in document.items():
        member, _, tag = name.partition("#")
        if member not in HUMAN_READABLE or value is None or not _LANGUAGE_TAG.fullmatch(tag):
            continue
        if any(name.lower() == other.lower() for other in found):
            raise InvalidClientMetadata(f"{member}#{tag} is given twice")
        found[name] = _text(name, value)
    if len(found) > _MOST_LANGUAGES:
        raise InvalidClientMetadata(f"more than {_MOST_LANGUAGES} members have a language tag")
    return found
