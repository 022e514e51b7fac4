"""What there is to find about one client at a moment: pure, and complete in itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.audit.clients import AuditedClient, CredentialKind, CredentialState, CredentialStatus, credential_statuses
from shared.audit.configuration import AuditRules
from shared.audit.findings import Finding, FindingKind, Severity
from shared.clock import NEVER, write_time

# Secrets are made a little before the moment their life is counted from.
TOLERANCE = timedelta(days=1)
CURRENT = frozenset({CredentialState.HEALTHY, CredentialState.EXPIRING, CredentialState.OVERLAPPING})


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is known of a client beyond its application object; None where nobody asked or Graph doesn't tell.

    `principal`: whether it has a service principal. `enabled`: whether that one may sign in. `federated`: whether it has a
    federated credential. `used`: whether it signed in of late.
    """

    principal: bool | None = None
    enabled: bool | None = None
    federated: bool | None = None
    used: bool | None = None


UNKNOWN = ClientFacts()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A client, its credentials' states and the findings."""

    client: AuditedClient
    credentials: tuple[CredentialStatus, ...]
    findings: tuple[Finding, ...]

    def secrets_in(self, state: CredentialState) -> tuple[CredentialStatus, ...]:
        """The client's secrets that are in a state."""
        return tuple(
            status for status in self.credentials if status.state is state and status.credential.kind is CredentialKind.SECRET
        )


def assess(client: AuditedClient, rules: AuditRules, now: datetime, facts: ClientFacts = UNKNOWN) -> Assessment:
    """Judge one client at an aware moment."""
    statuses = credential_statuses(client, rules, now)
    found = (
        *_about_the_whole(client, rules, now, facts),
        *(finding for status in statuses for finding in _about_one_credential(client, status, rules)),
        *_about_excess(client, statuses, rules),
    )
    return Assessment(client, statuses, found)


def lifetime_end(client: AuditedClient, rules: AuditRules) -> datetime | None:
    """When the lifetime that the client's policy gives it is over; None where the policy gives none."""
    lifetime = rules.lifetimes.get(client.policy)
    return None if lifetime is None or client.created is None else client.created + lifetime


def finding_about(
    client: AuditedClient, kind: FindingKind, severity: Severity, summary: str, advice: str, **details: Any
) -> Finding:
    """A finding about a client; `details` are the other members of Finding."""
    return Finding(
        kind, severity, client.client_id, client.name, summary, advice, policy=client.policy, caller=client.caller, **details
    )


def _about_the_whole(client: AuditedClient, rules: AuditRules, now: datetime, facts: ClientFacts) -> Iterator[Finding]:
    begun = None if client.created is None else client.created + rules.settling
    settled = begun is None or begun <= now
    if client.lacks_credential(now) and not facts.federated and settled:
        since = max((credential.end for credential in client.credentials if credential.end <= now), default=begun)
        yield finding_about(
            client,
            FindingKind.NO_USABLE_CREDENTIAL,
            Severity.CRITICAL,
            "It has no secret or certificate that is valid now, so it gets no token.",
            "Rotate its secret through the bridge, or delete the client if nobody needs it.",
            since=since,
            due=since,
        )
    if facts.principal is False and settled:
        yield finding_about(
            client,
            FindingKind.HALF_REGISTERED,
            Severity.HIGH,
            "It has no service principal in the tenant, so it gets no token (AADSTS7000229).",
            "Let the audit finish or undo such registrations, or create the service principal.",
            since=begun,
            due=begun,
        )
    if client.disabled:
        yield _disabled(client, "The application is disabled")
    elif facts.enabled is False and client.awaits_approval:
        yield finding_about(
            client,
            FindingKind.DISABLED,
            Severity.LOW,
            "It waits for approval: its service principal may not sign in yet.",
            "Approve it by enabling its service principal, or delete the client.",
        )
    elif facts.enabled is False:
        yield _disabled(client, "Its service principal may not sign in")
    over = lifetime_end(client, rules)
    if over is not None and over <= now:
        yield finding_about(
            client,
            FindingKind.LIFETIME_OVER,
            Severity.MEDIUM,
            f"The lifetime that policy {client.policy} gives a client is over.",
            "Delete the client, or let the audit delete such clients.",
            since=over,
            due=over,
        )
    if facts.used is False and client.created is not None and client.created + rules.unused_after <= now:
        yield finding_about(
            client,
            FindingKind.UNUSED,
            Severity.LOW,
            f"The sign-in report knows of no sign-in in the last {rules.unused_after.days} days.",
            "Ask its owner whether it is still needed.",
            since=client.created + rules.unused_after,
        )


def _disabled(client: AuditedClient, why: str) -> Finding:
    advice = "Enable it in the directory if that was not meant, or delete the client."
    return finding_about(client, FindingKind.DISABLED, Severity.MEDIUM, f"{why}, so it gets no token.", advice)


def _about_one_credential(client: AuditedClient, status: CredentialStatus, rules: AuditRules) -> Iterator[Finding]:
    credential = status.credential
    thing = f'The {credential.kind.value} "{credential.name or credential.key_id}"'
    end = "never" if credential.end == NEVER else write_time(credential.end)
    dated = {"since": status.since, "due": credential.end, "key_id": credential.key_id}
    if status.state is CredentialState.EXPIRING and status.threshold is not None:
        days = status.threshold
        yield finding_about(
            client,
            FindingKind.EXPIRING,
            _severity_of(days),
            f"{thing} ends within {days} day{'' if days == 1 else 's'}, at {end}, and no newer one takes its place.",
            "Rotate it through the bridge and give the new one to its users before that day.",
            threshold=days,
            **dated,
        )
    elif status.state is CredentialState.EXPIRED:
        yield finding_about(
            client,
            FindingKind.EXPIRED,
            Severity.LOW,
            f"{thing} ended at {end} and is still listed.",
            "Remove it, or let the audit remove such secrets.",
            **dated,
        )
        return
    elif status.state is CredentialState.SUPERSEDED:
        yield finding_about(
            client,
            FindingKind.SUPERSEDED,
            Severity.LOW,
            f"{thing} still works, although a newer one exists and the time to change over is past.",
            "Make sure that nobody uses it and remove it, or let the audit remove such secrets.",
            **{**dated, "due": status.since},
        )
    secret = credential.kind is CredentialKind.SECRET
    if secret and rules.longest and credential.end - credential.start > rules.longest + TOLERANCE:
        yield finding_about(
            client,
            FindingKind.TOO_LONG,
            Severity.MEDIUM,
            f"{thing} lives longer than the {rules.longest.days} days that a secret may have: it ends {end}.",
            "Rotate it through the bridge; the new one keeps to the policy.",
            **{**dated, "since": max(credential.start, client.created or credential.start)},
        )


def _about_excess(client: AuditedClient, statuses: Iterable[CredentialStatus], rules: AuditRules) -> Iterator[Finding]:
    for kind in CredentialKind:
        valid = [s.credential for s in statuses if s.credential.kind is kind and s.state in CURRENT]
        if len(valid) > rules.most:
            valid.sort(key=lambda credential: (credential.start, credential.key_id))
            yield finding_about(
                client,
                FindingKind.EXCESS,
                Severity.LOW,
                f"It has {len(valid)} valid {kind.value}s, where {rules.most} are enough to change over.",
                "Find out which ones are in use and remove the others.",
                since=valid[rules.most].start,
                key_id=kind.value,
            )


def _severity_of(days: int) -> Severity:
    """That of a credential that ends within so many days."""
    if days <= 1:
        return Severity.CRITICAL
    if days <= 7:
        return Severity.HIGH
    return Severity.MEDIUM if days <= 30 else Severity.LOW
