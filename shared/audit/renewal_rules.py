"""When a client's secret is renewed, and what a renewal that broke off leaves to do: pure rules.

A renewal makes a new secret, stores it, and leaves the old one to its end. It may break off anywhere, and two runs may meet. What
the directory and the store show is enough to go on: a secret is a renewal by its name, and it has arrived when the store hands it
out. One that hasn't arrived is either on its way (while it is young) or broke off; nobody has it, so it counts for nothing. It
isn't removed here: that a secret reached nobody is never quite certain, and pruning ends it after the overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.audit.clients import AuditedClient, ClientCredential, CredentialKind
from shared.clock import ALWAYS, NEVER

RENEWAL = "dcr renewal"
# How long a renewal may be on its way.
UNDER_WAY = timedelta(hours=1)


class RenewalStep(StrEnum):
    """What a client's renewal calls for."""

    NOTHING = "nothing"
    WAIT = "wait"
    """Another run seems to be at it."""
    RENEW = "renew"


@dataclass(frozen=True, slots=True)
class RenewalPlan:
    """What to do, and why."""

    step: RenewalStep
    reason: str = ""


def is_renewal(credential: ClientCredential) -> bool:
    """Whether a renewal made the secret."""
    return credential.kind is CredentialKind.SECRET and credential.name.startswith(RENEWAL)


def usable_secrets(client: AuditedClient, now: datetime) -> tuple[ClientCredential, ...]:
    """The client's usable secrets, the oldest first."""
    usable = (c for c in client.usable_credentials(now) if c.kind is CredentialKind.SECRET)
    return tuple(sorted(usable, key=lambda credential: (credential.start, credential.key_id)))


def known_secrets(secrets: Sequence[ClientCredential]) -> list[ClientCredential]:
    """Those that somebody is known to have been told: others take nobody's place."""
    return [secret for secret in secrets if secret.told]


def renewal_due(client: AuditedClient, now: datetime, before: timedelta) -> datetime | None:
    """When a renewal is or was due, judged without asking the store; None where asking it would be in vain.

    Due is a client whose newest secret ends soon, or whose secrets are over. After all of those, one with a further secret that
    is still good or ended lately is worth a look, since only the store can tell which of them its readers have; the latest come
    first, so that the next run meets the traces of one that broke off.
    """
    if client.auth_method not in {"", "client_secret_basic", "client_secret_post"}:
        return None
    secrets = [credential for credential in client.credentials if credential.kind is CredentialKind.SECRET]
    usable = usable_secrets(client, now)
    if not usable:
        return max((credential.end for credential in secrets if credential.end <= now), default=None)
    newest = (known_secrets(usable) or usable)[-1]
    if newest.end - now <= before:
        return newest.end - before
    others = [credential for credential in secrets if credential is not newest and credential.end > now - before]
    return NEVER - (newest.start - ALWAYS) if others else None


def plan_renewal(client: AuditedClient, held: str, held_since: datetime | None, now: datetime, before: timedelta) -> RenewalPlan:
    """What to do for a client whose store hands out the secret with the key id `held` since `held_since`; empty and None where
    the store has none of the bridge's."""
    usable = usable_secrets(client, now)
    arrived = next((credential for credential in usable if credential.key_id == held), None)
    if arrived is None and held and held_since is not None and now - held_since < UNDER_WAY:
        return RenewalPlan(RenewalStep.WAIT, "the store was just written to, and the directory doesn't show that secret yet")
    if any(is_renewal(c) and c.key_id != held and now - c.start < UNDER_WAY for c in usable):
        return RenewalPlan(RenewalStep.WAIT, "a renewal of this client is under way")
    if held and arrived is None:
        return RenewalPlan(RenewalStep.RENEW, "the store hands out a secret that no longer works")
    candidates = [credential for credential in usable if not is_renewal(credential)]
    in_use = arrived or next(reversed(known_secrets(candidates) or candidates), None)
    if in_use is None:
        return RenewalPlan(RenewalStep.RENEW, "it has no secret that works and is known to anybody")
    if in_use.end - now <= before:
        return RenewalPlan(RenewalStep.RENEW, f"its secret ends within {before.days} days")
    return RenewalPlan(RenewalStep.NOTHING, "its secret is good for long enough")


def earlier_rival(own_key_id: str, client: AuditedClient, held: str, now: datetime) -> ClientCredential | None:
    """Of two renewals that met, the one made first stays: that one, where ours is to go; else None."""
    usable = usable_secrets(client, now)
    own = next((credential for credential in usable if credential.key_id == own_key_id), None)
    if own is None:
        return None
    rivals = (c for c in usable if is_renewal(c) and c.key_id not in {own_key_id, held} and now - c.start < UNDER_WAY)
    return next((rival for rival in rivals if (rival.start, rival.key_id) < (own.start, own.key_id)), None)
