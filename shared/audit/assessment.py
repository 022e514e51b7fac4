"""What there is to say about one client at a moment: pure, and complete in itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.audit.clients import Client, CredentialKind
from shared.audit.credential_states import Standing, State, standings
from shared.audit.findings import Finding, Kind, Severity
from shared.audit.rules import Rules
from shared.clock import NEVER, write_time

# Secrets are made a little before the moment their life is counted from.
TOLERANCE = timedelta(days=1)
CURRENT = frozenset({State.HEALTHY, State.EXPIRING, State.OVERLAPPING})


@dataclass(frozen=True, slots=True)
class Signs:
    """What else is known of a client than its application says; None where nobody asked or Graph doesn't tell.

    `principal`: whether it has a service principal. `enabled`: whether that one may sign in. `federated`: whether it has a
    federated credential. `used`: whether it signed in of late.
    """

    principal: bool | None = None
    enabled: bool | None = None
    federated: bool | None = None
    used: bool | None = None


UNKNOWN = Signs()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A client, its credentials' states and the findings."""

    client: Client
    standings: tuple[Standing, ...]
    findings: tuple[Finding, ...]

    @property
    def superseded_secrets(self) -> tuple[Standing, ...]:
        """The secrets that a newer one has taken the place of."""
        return self._secrets(State.SUPERSEDED)

    @property
    def expired_secrets(self) -> tuple[Standing, ...]:
        """The secrets that are over."""
        return self._secrets(State.EXPIRED)

    def _secrets(self, state: State) -> tuple[Standing, ...]:
        return tuple(s for s in self.standings if s.state is state and s.credential.kind is CredentialKind.SECRET)


def assess(client: Client, rules: Rules, now: datetime, signs: Signs = UNKNOWN) -> Assessment:
    """Judge one client. `now` is aware; `signs` is what is known beyond the application object."""
    states = standings(client, rules, now)
    found = (
        *_whole_client(client, rules, now, signs),
        *(finding for standing in states for finding in _one_credential(client, standing, rules)),
        *_excess(client, states, rules),
    )
    return Assessment(client, states, found)


def lacks_credential(client: Client, now: datetime) -> bool:
    """Whether a client that needs a secret or certificate has none that is usable; a federated one may still serve it."""
    return not client.registration.public and not client.usable_credentials(now)


def lifetime_end(client: Client, rules: Rules) -> datetime | None:
    """When the lifetime that the client's policy gives it is over; None where the policy gives none."""
    lifetime = rules.lifetimes.get(client.registration.policy)
    return None if lifetime is None or client.created is None else client.created + lifetime


def _whole_client(client: Client, rules: Rules, now: datetime, signs: Signs) -> Iterator[Finding]:
    begun = None if client.created is None else client.created + rules.settling
    settled = begun is None or begun <= now
    if lacks_credential(client, now) and not signs.federated and settled:
        ends = [credential.end for credential in client.credentials if credential.end <= now]
        since = max(ends, default=begun)
        yield _finding(
            client,
            Kind.NO_USABLE_CREDENTIAL,
            Severity.CRITICAL,
            "It has no secret or certificate that is valid now, so it gets no token.",
            "Rotate its secret through the bridge, or delete the client if nobody needs it.",
            since=since,
            due=since,
        )
    if signs.principal is False and settled:
        yield _finding(
            client,
            Kind.HALF_REGISTERED,
            Severity.HIGH,
            "It has no service principal in the tenant, so it gets no token (AADSTS7000229).",
            "Let the audit finish or undo such registrations, or create the service principal.",
            since=begun,
            due=begun,
        )
    if client.disabled or signs.enabled is False:
        yield _disabled(client)
    over = lifetime_end(client, rules)
    if over is not None and over <= now:
        yield _finding(
            client,
            Kind.LIFETIME_OVER,
            Severity.MEDIUM,
            f"The lifetime that policy {client.registration.policy} gives a client is over.",
            "Delete the client, or let the audit delete such clients.",
            since=over,
            due=over,
        )
    if signs.used is False and client.created is not None and client.created + rules.unused_after <= now:
        since = client.created + rules.unused_after
        yield _finding(
            client,
            Kind.UNUSED,
            Severity.LOW,
            f"The sign-in report knows of no sign-in in the last {rules.unused_after.days} days.",
            "Ask its owner whether it is still needed.",
            since=since,
            due=None,
        )


def _disabled(client: Client) -> Finding:
    if client.registration.awaits_approval and not client.disabled:
        return _finding(
            client,
            Kind.DISABLED,
            Severity.LOW,
            "It waits for approval: its service principal may not sign in yet.",
            "Approve it by enabling its service principal, or delete the client.",
        )
    what = "The application is disabled" if client.disabled else "Its service principal may not sign in"
    return _finding(
        client,
        Kind.DISABLED,
        Severity.MEDIUM,
        f"{what}, so it gets no token.",
        "Enable it in the directory if that was not meant, or delete the client.",
    )


def _one_credential(client: Client, standing: Standing, rules: Rules) -> Iterator[Finding]:
    credential = standing.credential
    thing = f'The {credential.kind.value} "{credential.name or credential.key_id}"'
    end = "never" if credential.end == NEVER else write_time(credential.end)
    match standing.state:
        case State.EXPIRING:
            yield _finding(
                client,
                Kind.EXPIRING,
                _severity_of(standing.threshold or 0),
                f"{thing} ends within {_number_of_days(standing.threshold or 0)}, at {end}, and no newer one takes its place.",
                "Rotate it through the bridge and give the new one to its users before that day.",
                since=standing.since,
                due=credential.end,
                key_id=credential.key_id,
                threshold=standing.threshold,
            )
        case State.EXPIRED:
            yield _finding(
                client,
                Kind.EXPIRED,
                Severity.LOW,
                f"{thing} ended at {end} and is still listed.",
                "Remove it, or let the audit remove such secrets.",
                since=standing.since,
                due=credential.end,
                key_id=credential.key_id,
            )
        case State.SUPERSEDED:
            yield _finding(
                client,
                Kind.SUPERSEDED,
                Severity.LOW,
                f"{thing} still works, although a newer one exists and the time to change over is past.",
                "Make sure that nobody uses it and remove it, or let the audit remove such secrets.",
                since=standing.since,
                due=standing.since,
                key_id=credential.key_id,
            )
        case _:
            pass
    secret = credential.kind is CredentialKind.SECRET
    if (
        secret
        and standing.state is not State.EXPIRED
        and rules.longest
        and credential.end - credential.start > rules.longest + TOLERANCE
    ):
        yield _finding(
            client,
            Kind.TOO_LONG,
            Severity.MEDIUM,
            f"{thing} lives longer than the {rules.longest.days} days that a secret may have: it ends {end}.",
            "Rotate it through the bridge; the new one keeps to the policy.",
            since=max(credential.start, client.created or credential.start),
            due=credential.end,
            key_id=credential.key_id,
        )


def _excess(client: Client, states: Iterable[Standing], rules: Rules) -> Iterator[Finding]:
    for kind in CredentialKind:
        living = sorted(
            (s.credential for s in states if s.credential.kind is kind and s.state in CURRENT),
            key=lambda credential: (credential.start, credential.key_id),
        )
        if len(living) > rules.most:
            since = living[rules.most].start
            yield _finding(
                client,
                Kind.EXCESS,
                Severity.LOW,
                f"It has {len(living)} valid {kind.value}s, where {rules.most} are enough to change over.",
                "Find out which ones are in use and remove the others.",
                since=since,
                due=None,
                key_id=kind.value,
            )


def _number_of_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _severity_of(days: int) -> Severity:
    if days <= 1:
        return Severity.CRITICAL
    if days <= 7:
        return Severity.HIGH
    return Severity.MEDIUM if days <= 30 else Severity.LOW


def _finding(
    client: Client,
    kind: Kind,
    severity: Severity,
    summary: str,
    advice: str,
    *,
    since: datetime | None = None,
    due: datetime | None = None,
    key_id: str = "",
    threshold: int | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        severity=severity,
        client_id=client.client_id,
        name=client.name,
        summary=summary,
        advice=advice,
        since=since,
        due=due,
        key_id=key_id,
        threshold=threshold,
        policy=client.registration.policy,
        caller=client.registration.caller,
    )
