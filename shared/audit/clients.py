"""The clients that the audit looks at, with their credentials and the state of each: pure rules over dates.

Graph resources: application, passwordCredential, keyCredential (learn.microsoft.com/graph/api/resources/application).

A credential has a *successor* when another one of its kind is usable now, was made later and ends no earlier. So of the usable
credentials of a kind there is always one without a successor, and whatever is removed for having one leaves the client a usable
credential that lasts at least as long.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.audit.configuration import AuditRules
from shared.clock import ALWAYS, NEVER, read_time
from shared.registration.tags import Record
from shared.strict_json import JsonObject

# What Graph is asked for: the properties that `read_client` reads.
CLIENT_PROPERTIES = (
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
# Uses of a key that let a client prove who it is; a key to encrypt tokens for it ("Encrypt") does not.
AUTHENTICATING_USES = frozenset({"verify", "sign"})


class CredentialKind(StrEnum):
    """A client proves who it is with a secret or with the key of a certificate."""

    SECRET = "secret"  # noqa: S105  the name of a kind
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """One secret or certificate. It is valid from `start` (included) to `end` (excluded), both in UTC."""

    kind: CredentialKind
    key_id: str
    name: str
    start: datetime
    end: datetime

    def is_usable(self, now: datetime) -> bool:
        """Whether the token service takes it at that moment."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class AuditedClient:
    """A client. `created` is None where Graph doesn't say; `disabled` is the application's own switch or Microsoft's. `policy`,
    `caller`, `auth_method` and `awaits_approval` are from the bridge's own record; the texts are empty where it says nothing."""

    client_id: str
    name: str
    created: datetime | None
    credentials: tuple[ClientCredential, ...]
    disabled: bool = False
    policy: str = ""
    caller: str = ""
    auth_method: str = ""
    awaits_approval: bool = False

    def usable_credentials(self, now: datetime) -> tuple[ClientCredential, ...]:
        """The credentials that the token service takes at that moment."""
        return tuple(credential for credential in self.credentials if credential.is_usable(now))

    def lacks_credential(self, now: datetime) -> bool:
        """Whether it needs a secret or certificate and has none that is usable; a federated credential may still serve it. A
        public client needs none (RFC 7591 section 2: token_endpoint_auth_method none)."""
        return self.auth_method != "none" and not self.usable_credentials(now)


def read_client(application: JsonObject) -> AuditedClient:
    """The client that an application object stands for."""
    secrets, keys = _entries(application.get("passwordCredentials")), _entries(application.get("keyCredentials"))
    certificates = [key for key in keys if str(key.get("usage") or "verify").lower() in AUTHENTICATING_USES]
    record = Record.from_tags(str(tag) for tag in application.get("tags") or [])
    return AuditedClient(
        client_id=str(application.get("appId") or ""),
        name=str(application.get("displayName") or ""),
        created=read_time(application.get("createdDateTime")),
        credentials=(
            *(_credential(entry, CredentialKind.SECRET) for entry in secrets),
            *(_credential(entry, CredentialKind.CERTIFICATE) for entry in certificates),
        ),
        disabled=application.get("isDisabled") is True
        or str(application.get("disabledByMicrosoftStatus") or "") not in {"", "NotDisabled"},
        policy=record.text("policy") or "",
        caller=record.text("caller") or "",
        auth_method=record.text("token_endpoint_auth_method") or "",
        awaits_approval=record.text("approval") == "required",
    )


def _entries(value: object) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _credential(entry: JsonObject, kind: CredentialKind) -> ClientCredential:
    return ClientCredential(
        kind=kind,
        key_id=str(entry.get("keyId") or ""),
        name=str(entry.get("displayName") or ""),
        # Graph's schema lets both be null. One without an end never ends, as far as anyone can tell.
        start=read_time(entry.get("startDateTime")) or ALWAYS,
        end=read_time(entry.get("endDateTime")) or NEVER,
    )


class CredentialState(StrEnum):
    """Where a credential is in its life."""

    PENDING = "pending"
    """It isn't valid yet."""
    HEALTHY = "healthy"
    EXPIRING = "expiring"
    """A threshold is crossed, and no newer one takes its place."""
    OVERLAPPING = "overlapping"
    """A newer one exists; users may still change over."""
    SUPERSEDED = "superseded"
    """A newer one exists, and the overlap is over."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CredentialStatus:
    """A credential's state: since when, and the threshold (days) that an expiring one crossed last."""

    credential: ClientCredential
    state: CredentialState
    since: datetime | None = None
    threshold: int | None = None


def credential_statuses(client: AuditedClient, rules: AuditRules, now: datetime) -> tuple[CredentialStatus, ...]:
    """The state of each credential of a client, in the order of `client.credentials`."""
    return tuple(_status(credential, client.credentials, rules, now) for credential in client.credentials)


def _status(
    credential: ClientCredential, all_of_client: tuple[ClientCredential, ...], rules: AuditRules, now: datetime
) -> CredentialStatus:
    if credential.end <= now:
        return CredentialStatus(credential, CredentialState.EXPIRED, since=credential.end)
    if credential.start > now:
        return CredentialStatus(credential, CredentialState.PENDING)
    successors = [other for other in all_of_client if _succeeds(other, credential, now)]
    if successors:
        over = min(successor.start for successor in successors) + rules.overlap
        state = CredentialState.SUPERSEDED if over <= now else CredentialState.OVERLAPPING
        return CredentialStatus(credential, state, since=over)
    days = min((days for days in rules.thresholds if credential.end - now <= timedelta(days=days)), default=None)
    if days is None:
        return CredentialStatus(credential, CredentialState.HEALTHY)
    return CredentialStatus(credential, CredentialState.EXPIRING, credential.end - timedelta(days=days), days)


def _succeeds(other: ClientCredential, credential: ClientCredential, now: datetime) -> bool:
    return (
        other.kind is credential.kind and other.is_usable(now) and other.start > credential.start and other.end >= credential.end
    )
