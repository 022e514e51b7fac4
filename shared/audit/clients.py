"""What the audit looks at: a client of the bridge with its credentials, read from its application object.

Graph resources: application, passwordCredential, keyCredential (learn.microsoft.com/graph/api/resources/application).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.clock import ALWAYS, NEVER, read_time
from shared.strict_json import JsonObject

# What Graph is asked for: the properties that `read_client` reads. A record of the registration may add to it.
PROPERTIES = (
    "id",
    "appId",
    "displayName",
    "createdDateTime",
    "tags",
    "passwordCredentials",
    "keyCredentials",
    "isDisabled",
    "disabledByMicrosoftStatus",
)


class CredentialKind(StrEnum):
    """A client proves who it is with a secret or with the key of a certificate."""

    SECRET = "secret"  # noqa: S105  the name of a kind
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Credential:
    """One secret or certificate. It is valid from `start` (included) to `end` (excluded), both in UTC."""

    kind: CredentialKind
    key_id: str
    name: str
    start: datetime
    end: datetime

    def usable(self, now: datetime) -> bool:
        """Whether the token service takes it at that moment."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class Registration:
    """What the bridge's own record on the application says; empty texts where it says nothing."""

    policy: str = ""
    caller: str = ""
    auth_method: str = ""
    awaits_approval: bool = False

    @property
    def public(self) -> bool:
        """Whether the client has no credential by design (RFC 7591 section 2: token_endpoint_auth_method none)."""
        return self.auth_method == "none"


type Describe = Callable[[JsonObject], Registration]
"""Reads the bridge's record from an application object."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client: `created` is None where Graph doesn't say; `disabled` is the application's own switch or Microsoft's."""

    client_id: str
    object_id: str
    name: str
    created: datetime | None
    registration: Registration
    credentials: tuple[Credential, ...]
    disabled: bool = False

    def usable_credentials(self, now: datetime) -> tuple[Credential, ...]:
        """The credentials that the token service takes at that moment."""
        return tuple(credential for credential in self.credentials if credential.usable(now))


def read_client(application: JsonObject, describe: Describe) -> Client:
    """The client that an application object stands for."""
    secrets = _credentials(application.get("passwordCredentials"), CredentialKind.SECRET)
    certificates = _credentials(application.get("keyCredentials"), CredentialKind.CERTIFICATE)
    by_microsoft = str(application.get("disabledByMicrosoftStatus") or "")
    return Client(
        client_id=str(application.get("appId") or ""),
        object_id=str(application.get("id") or ""),
        name=str(application.get("displayName") or ""),
        created=read_time(application.get("createdDateTime")),
        registration=describe(application),
        credentials=(*secrets, *certificates),
        disabled=application.get("isDisabled") is True or by_microsoft not in {"", "NotDisabled"},
    )


def _credentials(entries: object, kind: CredentialKind) -> list[Credential]:
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [
        Credential(
            kind=kind,
            key_id=str(entry.get("keyId") or ""),
            name=str(entry.get("displayName") or ""),
            # Graph's schema lets both be null. One without an end never ends, as far as anyone can tell.
            start=read_time(entry.get("startDateTime")) or ALWAYS,
            end=read_time(entry.get("endDateTime")) or NEVER,
        )
        for entry in found
    ]
