"""The state of each credential of a client at a moment: pure rules over dates.

One rule carries the rest: a credential has a *successor* when another one of its kind is usable now, was made later and ends no
earlier. So of the usable credentials of a kind there is always one without a successor, and whatever is removed for having one
leaves the client a usable credential that lasts at least as long.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.audit.clients import Client, Credential
from shared.audit.rules import Rules


class State(StrEnum):
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
class Standing:
    """A credential's state: since when, and the threshold (days) that an expiring one crossed last."""

    credential: Credential
    state: State
    since: datetime | None = None
    threshold: int | None = None


def standings(client: Client, rules: Rules, now: datetime) -> tuple[Standing, ...]:
    """The state of each credential of a client, in the order of `client.credentials`."""
    return tuple(_standing(credential, client.credentials, rules, now) for credential in client.credentials)


def _standing(credential: Credential, all_of_client: Iterable[Credential], rules: Rules, now: datetime) -> Standing:
    if credential.end <= now:
        return Standing(credential, State.EXPIRED, since=credential.end)
    if credential.start > now:
        return Standing(credential, State.PENDING, since=None)
    successors = [other for other in all_of_client if _succeeds(other, credential, now)]
    if successors:
        over = min(successor.start for successor in successors) + rules.overlap
        return Standing(credential, State.SUPERSEDED if over <= now else State.OVERLAPPING, since=over)
    crossed = [days for days in rules.thresholds if credential.end - now <= timedelta(days=days)]
    if crossed:
        days = min(crossed)
        return Standing(credential, State.EXPIRING, since=credential.end - timedelta(days=days), threshold=days)
    return Standing(credential, State.HEALTHY)


def _succeeds(other: Credential, credential: Credential, now: datetime) -> bool:
    return other.kind is credential.kind and other.usable(now) and other.start > credential.start and other.end >= credential.end
