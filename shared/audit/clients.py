"""The clients that the audit looks at, with their credentials, as the directory shows them.

Graph resources: application, passwordCredential, keyCredential (learn.microsoft.com/graph/api/resources/application).
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.clock import ALWAYS, NEVER, read_time
from shared.registration.entra_application import SHARED, read_registered
from shared.registration.metadata import FederatedIdentity
from shared.registration.notes import read_generation
from shared.registration.tags import Record
from shared.strict_json import JsonObject

# What Graph is asked for: the properties that `read_client` reads.
CLIENT_PROPERTIES = (
    "id",
    "appId",
    "displayName",
    "createdDateTime",
    "tags",
    "notes",
    "passwordCredentials",
    "keyCredentials",
    "tokenEncryptionKeyId",
    "isDisabled",
    "disabledByMicrosoftStatus",
)
# Secrets that the bridge made have names that begin so; others aren't its to remove.
OWN = "dcr"
# A secret with a random part in its name is known to have been told where the service principal's notes have its key id. Others
# are of earlier versions or from a renewal, whose delivery the store knows. `only`: the older ones are to go at once.
_MARKED = re.compile(r"dcr [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9a-f]{8}(?P<only> only)?")
# Uses of a key that let a client prove who it is; a key to encrypt tokens for it ("Encrypt") does not.
AUTHENTICATING_USES = frozenset({"verify", "sign"})


class CredentialKind(StrEnum):
    """A client proves who it is with a secret or with the key of a certificate. With the third kind Entra signs what it tells a
    SAML application."""

    SECRET = "secret"  # noqa: S105  the name of a kind
    CERTIFICATE = "certificate"
    SIGNING = "SAML signing certificate"


class Place(StrEnum):
    """The list in which an object stands, as it is in Graph's paths."""

    APPLICATIONS = "applications"
    SERVICE_PRINCIPALS = "servicePrincipals"


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """One secret or certificate. It is valid from `start` (included) to `end` (excluded), both in UTC.

    `told`: whether somebody is known to have it; None where nobody asked. `only`: its caller wanted the older ones to end at
    once. `last_used`: None where no report tells.
    """

    kind: CredentialKind
    key_id: str
    name: str
    start: datetime
    end: datetime
    told: bool | None = True
    only: bool = False
    last_used: datetime | None = None

    @property
    def own(self) -> bool:
        """Whether the bridge made it."""
        return self.kind is CredentialKind.SECRET and self.name.startswith(OWN)

    def is_usable(self, now: datetime) -> bool:
        """Whether the token service takes it at that moment."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class AuditedClient:
    """A client: an application of the bridge (`own`), or another object with credentials, which is watched and never changed.

    `created` is None where Graph doesn't say; `disabled` is its own switch or Microsoft's. `policy` and what follows it to
    `identities` are from the bridge's own record; the texts are empty where it says nothing. `lagging` is what was to become of a
    registration that lag left open, `identities` are the federated ones that are registered. `shared`: all equal clients are this
    one. `tenant` is that of its application, where it is another one.
    """

    client_id: str
    name: str
    created: datetime | None
    credentials: tuple[ClientCredential, ...]
    disabled: bool = False
    policy: str = ""
    caller: str = ""
    auth_method: str = ""
    awaits_approval: bool = False
    lagging: str = ""
    generation: int = 1
    identities: tuple[FederatedIdentity, ...] = ()
    shared: bool = False
    object_id: str = ""
    place: Place = Place.APPLICATIONS
    own: bool = True
    tenant: str = ""

    @property
    def path(self) -> str:
        """The object's path in Graph."""
        return f"{self.place}/{self.object_id}"

    def usable_credentials(self, now: datetime) -> tuple[ClientCredential, ...]:
        """The credentials that the token service takes at that moment."""
        return tuple(credential for credential in self.credentials if credential.is_usable(now))

    def lacks_credential(self, now: datetime) -> bool:
        """Whether it needs a secret or certificate and has none that is usable; a federated credential may still serve it. A
        public client needs none (RFC 7591 section 2: token_endpoint_auth_method none)."""
        return self.auth_method != "none" and not self.usable_credentials(now)

    def knowing(self, told: Container[str] | None, uses: Mapping[str, datetime]) -> "AuditedClient":
        """The client with what is known of its credentials by their key ids: who was told (None: not known), and last uses. What
        was used is known to somebody."""
        changed = {}
        for credential in self.credentials:
            used = uses.get(credential.key_id, credential.last_used)
            known = credential.told or used is not None or (credential.told if told is None else credential.key_id in told)
            if known is not credential.told or used is not credential.last_used:
                changed[credential.key_id] = replace(credential, told=known, last_used=used)
        return replace(self, credentials=tuple(changed.get(c.key_id, c) for c in self.credentials)) if changed else self

    def watched(self) -> "AuditedClient":
        """The same as an object that isn't the bridge's: what its secrets' names mean is its owner's affair."""
        return replace(self.knowing({credential.key_id for credential in self.credentials}, {}), own=False)


def read_client(application: JsonObject, tag: str | None = None) -> AuditedClient:
    """The client that an application object stands for; the bridge's own where it has the tag, or none is given."""
    own = tag is None or tag in (application.get("tags") or [])
    secrets = credential_entries(application.get("passwordCredentials"))
    certificates = authenticating_keys(application)
    record = Record.from_tags(str(tag) for tag in application.get("tags") or [])
    client = AuditedClient(
        client_id=str(application.get("appId") or ""),
        name=str(application.get("displayName") or ""),
        created=read_time(application.get("createdDateTime")),
        credentials=(
            *(read_credential(entry, CredentialKind.SECRET) for entry in secrets),
            *(read_credential(entry, CredentialKind.CERTIFICATE) for entry in certificates),
        ),
        disabled=is_disabled(application),
        policy=record.text("policy") or "",
        caller=record.text("caller") or "",
        auth_method=record.text("token_endpoint_auth_method") or "",
        awaits_approval=record.text("approval") == "required",
        lagging=record.text("lagging") or "",
        generation=read_generation(application),
        identities=read_registered({"tags": application["tags"]}).federated_identities
        if record.texts("federated_identities")
        else (),
        shared=record.text("request") == SHARED,
        object_id=str(application.get("id") or ""),
    )
    return client if own else client.watched()


def is_disabled(entity: JsonObject) -> bool:
    """Whether an application or service principal is switched off, by its own switch or by Microsoft."""
    return entity.get("isDisabled") is True or str(entity.get("disabledByMicrosoftStatus") or "") not in {"", "NotDisabled"}


def authenticating_keys(entity: JsonObject) -> list[JsonObject]:
    """The keyCredentials that prove who a client is, the two halves of a pair (usage Sign and Verify) counted once. What encrypts
    tokens for it proves nothing."""
    found: dict[str, JsonObject] = {}
    for key in credential_entries(entity.get("keyCredentials")):
        encrypts = key.get("keyId") is not None and key.get("keyId") == entity.get("tokenEncryptionKeyId")
        if not encrypts and str(key.get("usage") or "verify").lower() in AUTHENTICATING_USES:
            pair = str(key.get("customKeyIdentifier") or key.get("keyId") or len(found))
            # The half that Entra signs with is the one whose key id its password has too.
            if pair not in found or str(key.get("usage")).lower() == "sign":
                found[pair] = key
    return list(found.values())


def credential_entries(value: object) -> list[JsonObject]:
    """The entries of one of the credential lists; Graph's schema lets the list and each of them be null."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def read_credential(entry: JsonObject, kind: CredentialKind) -> ClientCredential:
    """One of Graph's passwordCredentials or keyCredentials."""
    name = str(entry.get("displayName") or "")
    marked = _MARKED.fullmatch(name) if kind is CredentialKind.SECRET else None
    return ClientCredential(
        kind=kind,
        key_id=str(entry.get("keyId") or ""),
        name=name,
        # Graph's schema lets both be null. One without an end never ends, as far as anyone can tell.
        start=read_time(entry.get("startDateTime")) or ALWAYS,
        end=read_time(entry.get("endDateTime")) or NEVER,
        told=None if marked else True,
        only=marked is not None and marked["only"] is not None,
    )
