"""The state of each credential of a client: pure rules over dates.

A credential has a *successor* when another one of its kind is usable now, is known to have been told, was made later and ends no
earlier. So of the usable credentials of a kind there is always one without a successor, and whatever is removed for having one
leaves the client a usable credential that somebody has and that lasts at least as long. A secret made to be the only one
succeeds all older ones of the bridge, whenever they end: its caller asked for that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.audit.clients import AuditedClient, ClientCredential
from shared.audit.configuration import AuditRules


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
    """A credential's state: since when, and the threshold (days) that an expiring one crossed last. `revoked`: it is superseded
    because its caller asked for its end."""

    credential: ClientCredential
    state: CredentialState
    since: datetime | None = None
    threshold: int | None = None
    revoked: bool = False


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
        revokers = [other for other in successors if _revokes(other, credential)]
        # A worker that lives removes them within minutes.
        ends = min((other.start + rules.settling for other in revokers), default=None)
        if ends is not None and ends <= now:
            return CredentialStatus(credential, CredentialState.SUPERSEDED, since=ends, revoked=True)
        over = min(other.start for other in successors) + rules.overlap
        state = CredentialState.SUPERSEDED if over <= now else CredentialState.OVERLAPPING
        return CredentialStatus(credential, state, since=over)
    days = min((days for days in rules.thresholds if credential.end - now <= timedelta(days=days)), default=None)
    if days is None:
        return CredentialStatus(credential, CredentialState.HEALTHY)
    return CredentialStatus(credential, CredentialState.EXPIRING, credential.end - timedelta(days=days), days)


def _succeeds(other: ClientCredential, credential: ClientCredential, now: datetime) -> bool:
    later = other.kind is credential.kind and other.start > credential.start
    lasts = other.end >= credential.end or _revokes(other, credential)
    return later and lasts and bool(other.told) and other.is_usable(now)


def _revokes(other: ClientCredential, credential: ClientCredential) -> bool:
    return other.only and credential.own
