"""What there is to find about one client at a moment: pure, and complete in itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.audit.clients import AuditedClient, ClientCredential, CredentialKind
from shared.audit.configuration import AuditRules
from shared.audit.credential_states import CredentialState, CredentialStatus, credential_statuses
from shared.audit.findings import USUAL, AuditFinding, FindingKind, Severity
from shared.clock import ALWAYS, NEVER, write_time
from shared.registration.entra_application import federated_credential

# Secrets are made a little before the moment their life is counted from.
TOLERANCE = timedelta(days=1)
# How long a registration that lag left open is the business of the timer that finishes them.
FINISHING = timedelta(days=1)
# The severity of a credential that ends within so many days.
_SEVERITIES = ((1, Severity.CRITICAL), (7, Severity.HIGH), (30, Severity.MEDIUM), (730, Severity.LOW))
# How long the end of an object's last credential is urgent.
LAPSED = timedelta(days=30)
# What to do about objects that aren't the bridge's.
WATCHED_ADVICE = {
    FindingKind.EXPIRING: "Have its owner add a new one and change over before that day.",
    FindingKind.EXPIRED: "Have its owner remove it, or add a new one if it is still needed.",
    FindingKind.SUPERSEDED: "Have its owner make sure that nobody uses it, and remove it.",
    FindingKind.STILL_USED: "Have its owner change over to the newer one.",
}
REPORTED = frozenset({CredentialState.EXPIRING, CredentialState.SUPERSEDED, CredentialState.EXPIRED})
CURRENT = frozenset({CredentialState.HEALTHY, CredentialState.EXPIRING, CredentialState.OVERLAPPING})


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is known of a client beyond its application object; None where nobody asked or Graph doesn't tell.

    `principal`: whether it has a service principal. `enabled`: whether that one may sign in. `unclaimed`: whether a timer made
    that one, and nobody is known to have been told of the client. `federated`: whether it has a federated credential.
    `identities`: the names of those that are the bridge's. `last_sign_in`: ALWAYS where the report knows of none. `restored`: the
    time at which a shared client came back.
    """

    principal: bool | None = None
    enabled: bool | None = None
    unclaimed: bool | None = None
    federated: bool | None = None
    identities: frozenset[str] | None = None
    last_sign_in: datetime | None = None
    restored: datetime | None = None

    @property
    def signed_in(self) -> bool:
        """Whether it is known to have signed in ever."""
        return self.last_sign_in not in (None, ALWAYS)


UNKNOWN = ClientFacts()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A client, its credentials' states and the findings."""

    client: AuditedClient
    credentials: tuple[CredentialStatus, ...]
    findings: tuple[AuditFinding, ...]
    facts: ClientFacts = UNKNOWN

    def secrets_in(self, state: CredentialState) -> tuple[CredentialStatus, ...]:
        """The client's secrets that are in a state."""
        return tuple(
            status for status in self.credentials if status.state is state and status.credential.kind is CredentialKind.SECRET
        )


def assess(client: AuditedClient, rules: AuditRules, now: datetime, facts: ClientFacts = UNKNOWN) -> Assessment:
    """Judge one client at an aware moment."""
    statuses = credential_statuses(client, rules, now)
    if not client.own:
        return Assessment(client, statuses, tuple(_about_watched(client, statuses, rules, now, facts)), facts)
    found = (
        *_about_the_whole(client, rules, now, facts),
        *(finding for status in statuses for finding in _about_one_credential(client, status, rules, now)),
        *_about_claims(client, rules, now, facts),
        *_about_excess(client, statuses, rules),
    )
    return Assessment(client, statuses, found, facts)


def lifetime_over_since(client: AuditedClient, rules: AuditRules, now: datetime, facts: ClientFacts = UNKNOWN) -> datetime | None:
    """Since when the lifetime that the client's policy gives it is over; None where it isn't, or the policy gives none.

    What equal clients share lives on while one of them uses it, so for that the lifetime counts from its last use, and is over
    only where a report tells of uses.
    """
    lifetime = rules.lifetimes.get(client.policy)
    if lifetime is None or client.created is None or (client.shared and facts.last_sign_in is None):
        return None
    begun = client.created
    if client.shared:
        begun = max(moment for moment in (begun, facts.last_sign_in, facts.restored) if moment is not None)
    return begun + lifetime if begun + lifetime <= now else None


def finding_about(client: AuditedClient, kind: FindingKind, summary: str, **details: Any) -> AuditFinding:
    """A finding about a client. `details` are its other members; severity and advice are the usual ones without them."""
    severity, advice = USUAL[kind]
    usual: dict[str, Any] = {"severity": severity, "advice": advice, "client_id": client.client_id, "client_name": client.name}
    usual["object"] = client.path if client.object_id else ""
    return AuditFinding(**{**usual, **details}, kind=kind, summary=summary, policy=client.policy, caller=client.caller)


def _about_the_whole(client: AuditedClient, rules: AuditRules, now: datetime, facts: ClientFacts) -> Iterator[AuditFinding]:
    settling = FINISHING if client.lagging else rules.settling
    begun = None if client.created is None else client.created + settling
    settled = begun is None or begun <= now
    if client.lacks_credential(now) and not facts.federated and settled:
        since = max((credential.end for credential in client.credentials if credential.end <= now), default=begun)
        summary = "It has no secret or certificate that is valid now, so it gets no token."
        yield finding_about(client, FindingKind.NO_USABLE_CREDENTIAL, summary, since=since, due=since)
    if facts.principal is False and settled:
        summary = "It has no service principal in the tenant, so it gets no token (AADSTS7000229)."
        yield finding_about(client, FindingKind.HALF_REGISTERED, summary, since=begun, due=begun)
    if client.disabled:
        yield finding_about(client, FindingKind.DISABLED, "The application is disabled, so it gets no token.")
    elif facts.enabled is False and client.awaits_approval:
        summary = "It waits for approval: its service principal may not sign in yet."
        advice = "Approve it by enabling its service principal, or delete the client."
        yield finding_about(client, FindingKind.DISABLED, summary, severity=Severity.LOW, advice=advice)
    elif facts.enabled is False:
        yield finding_about(client, FindingKind.DISABLED, "Its service principal may not sign in, so it gets no token.")
    over = lifetime_over_since(client, rules, now, facts)
    if over is not None:
        summary = f"The lifetime that policy {client.policy} gives a client is over."
        yield finding_about(client, FindingKind.LIFETIME_OVER, summary, since=over, due=over)
    old_enough = client.created is not None and client.created + rules.unused_after <= now
    if facts.last_sign_in is not None and facts.last_sign_in <= now - rules.unused_after and old_enough:
        used = facts.last_sign_in if facts.signed_in else None
        since = max(filter(None, (used, client.created))) + rules.unused_after
        summary = f"The sign-in report knows of no sign-in in the last {rules.unused_after.days} days."
        yield finding_about(client, FindingKind.UNUSED, summary, since=since, last_used=used)
    wanted = frozenset(str(federated_credential(identity)["name"]) for identity in client.identities)
    if facts.identities is not None and facts.identities != wanted:
        lacking, foreign = len(wanted - facts.identities), len(facts.identities - wanted)
        summary = f"Of its {len(wanted)} registered federated identities {lacking} are missing, and {foreign} others are there."
        yield finding_about(client, FindingKind.IDENTITIES_DIFFER, summary)


def _about_claims(client: AuditedClient, rules: AuditRules, now: datetime, facts: ClientFacts) -> Iterator[AuditFinding]:
    """What nobody is known to have been told of. A client as a whole stands for its secrets."""
    after = rules.unclaimed_after
    secrets = [credential for credential in client.usable_credentials(now) if credential.kind is CredentialKind.SECRET]
    claimed = facts.signed_in or client.generation > 1 or any(c.last_used for c in secrets)
    if facts.unclaimed and not claimed and client.created is not None and client.created + after <= now:
        seen = "" if facts.last_sign_in else ", as far as is known"
        summary = f"Its registration was finished by a timer, and nobody may have been told of it: it never signed in{seen}."
        yield finding_about(client, FindingKind.UNCLAIMED_CLIENT, summary, since=client.created + after)
        return
    for credential in secrets:
        if credential.told is False and credential.start + after <= now:
            summary = f'Nobody is known to have been told the secret "{credential.name}"; it ends {_end_of(credential)}.'
            since = credential.start + after
            yield finding_about(client, FindingKind.UNCLAIMED_SECRET, summary, since=since, key_id=credential.key_id)


def _end_of(credential: ClientCredential) -> str:
    return "never" if credential.end == NEVER else f"at {write_time(credential.end)}"


def _about_one_credential(
    client: AuditedClient, status: CredentialStatus, rules: AuditRules, now: datetime
) -> Iterator[AuditFinding]:
    credential, days = status.credential, status.threshold
    secret = credential.kind is CredentialKind.SECRET and status.state is not CredentialState.EXPIRED
    too_long = secret and rules.longest is not None and credential.end - credential.start > rules.longest + TOLERANCE
    if status.state not in REPORTED and not too_long:
        return
    thing = f'The {credential.kind.value} "{credential.name or credential.key_id}"'
    dated = {"key_id": credential.key_id, "due": credential.end, "since": status.since, "last_used": credential.last_used}
    if status.state is CredentialState.EXPIRED:
        yield finding_about(client, FindingKind.EXPIRED, f"{thing} ended {_end_of(credential)} and is still listed.", **dated)
    elif status.state is CredentialState.EXPIRING and days is not None:
        within = "1 day" if days == 1 else f"{days} days"
        summary = f"{thing} ends within {within}, {_end_of(credential)}, and no newer one takes its place."
        severity = next(severity for least, severity in _SEVERITIES if days <= least)
        yield finding_about(client, FindingKind.EXPIRING, summary, severity=severity, threshold_days=days, **dated)
    elif status.state is CredentialState.SUPERSEDED:
        used = rules.is_in_use(credential.last_used, now)
        kind = FindingKind.STILL_USED if used and not status.revoked else FindingKind.SUPERSEDED
        why = "its caller asked for its end" if status.revoked else "a newer one exists and the time to change over is past"
        details = {**dated, "due": status.since} | ({"severity": Severity.MEDIUM} if status.revoked else {})
        summary = f"{thing} {'is still used' if used else 'still works'}, although {why}."
        yield finding_about(client, kind, summary, **details)
    if too_long and rules.longest is not None:
        summary = f"{thing} lives longer than the {rules.longest.days} days that a secret may: it ends {_end_of(credential)}."
        dated["since"] = max(credential.start, client.created or credential.start)
        yield finding_about(client, FindingKind.TOO_LONG, summary, **dated)


def _about_watched(
    client: AuditedClient, statuses: Sequence[CredentialStatus], rules: AuditRules, now: datetime, facts: ClientFacts
) -> Iterator[AuditFinding]:
    """What there is to find about an object that isn't the bridge's. One that may not sign in matters little."""
    off = client.disabled or facts.enabled is False
    working = bool(client.usable_credentials(now))
    for status in statuses:
        for finding in _about_one_credential(client, status, replace(rules, longest=None), now):
            lapsed = finding.kind is FindingKind.EXPIRED and not working and now - status.credential.end < LAPSED
            severity = Severity.LOW if off else Severity.HIGH if lapsed else finding.severity
            yield replace(finding, severity=severity, advice=WATCHED_ADVICE.get(finding.kind, finding.advice))
    for credential in client.usable_credentials(now) if client.tenant else ():
        thing = f'the {credential.kind.value} "{credential.name or credential.key_id}"'
        summary = f"Its service principal here has {thing}, although the application is of tenant {client.tenant}."
        yield finding_about(client, FindingKind.FOREIGN_CREDENTIAL, summary, key_id=credential.key_id, since=credential.start)


def _about_excess(client: AuditedClient, statuses: Iterable[CredentialStatus], rules: AuditRules) -> Iterator[AuditFinding]:
    for kind in CredentialKind:
        valid = sorted(s.credential.start for s in statuses if s.credential.kind is kind and s.state in CURRENT)
        if len(valid) > rules.most:
            summary = f"It has {len(valid)} valid {kind.value}s, where {rules.most} are enough to change over."
            yield finding_about(client, FindingKind.EXCESS, summary, since=valid[rules.most], key_id=kind.value)
