"""What a run of the audit saw and did: counters, the most urgent findings, the outcomes of actions, and the record of it all."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from shared.audit.assessment import Assessment
from shared.audit.clients import CredentialKind
from shared.audit.credential_states import CredentialState
from shared.audit.findings import AuditFinding
from shared.audit.window import Window
from shared.clock import write_time
from shared.environment import GUID

WEEKS = 26
# What the weeks count: an overlapping credential ends without anybody noticing.
COUNTED = frozenset({CredentialState.HEALTHY, CredentialState.EXPIRING, CredentialState.PENDING})


class Ranking[T]:
    """The first ones of a stream by a key, up to a number; `seen` counts all. It holds about twice as many in memory."""

    def __init__(self, most: int, key: Callable[[T], Any]) -> None:
        self._most = most
        self._key = key
        self._kept: list[T] = []
        self.seen = 0

    def add(self, entry: T) -> None:
        """Keep an entry, as long as it is among the first."""
        self.seen += 1
        self._kept.append(entry)
        if len(self._kept) >= 2 * self._most + 64:
            self._cut()

    def first(self) -> tuple[T, ...]:
        """The first entries, in order."""
        self._cut()
        return tuple(self._kept)

    def _cut(self) -> None:
        self._kept.sort(key=self._key)
        del self._kept[self._most :]


class Result(StrEnum):
    """How one step of an action ended."""

    DONE = "done"
    WOULD = "would"
    """A dry run: it would have been done."""
    SKIPPED = "skipped"
    """It is no longer called for, or better left to the next run."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did to one client. `detail` is for operators; sinks are notified of `finding` as of any other."""

    action: str
    result: Result
    client_id: str
    client_name: str
    detail: str
    key_id: str = ""
    finding: AuditFinding | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome as a JSON object, members without a value left out."""
        names = ("action", "result", "client_id", "client_name", "key_id", "detail")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(slots=True)
class Summary:
    """Counts over all clients seen. Weeks are named by their Monday."""

    clients: int = 0
    in_trouble: int = 0
    with_findings: int = 0
    states: Counter[CredentialState] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    weeks: Counter[date] = field(default_factory=Counter)
    certificates: int = 0

    def count_client(self, assessment: Assessment, now: datetime) -> None:
        """Count one client with its findings."""
        self.clients += 1
        for status in assessment.credentials:
            self.states[status.state] += 1
            self.certificates += status.credential.kind is CredentialKind.CERTIFICATE
            if status.state in COUNTED and status.credential.end < now + timedelta(weeks=WEEKS):
                self.weeks[monday_of(status.credential.end)] += 1
        self._count((), assessment.findings)

    def count_confirmed(self, assessment: Assessment, confirmed: Sequence[AuditFinding]) -> None:
        """Count the findings that asking again about a client already counted has confirmed."""
        self._count([finding for finding in assessment.findings if finding not in confirmed], confirmed)

    def count_finding(self, finding: AuditFinding) -> None:
        """Count one finding."""
        self.kinds[finding.kind.value] += 1
        self.severities[finding.severity.label] += 1

    def timeline(self, now: datetime) -> list[tuple[date, int]]:
        """The coming weeks with the number of credentials that end in each, empty weeks included."""
        first = monday_of(now)
        return [(week, self.weeks[week]) for week in (first + timedelta(weeks=number) for number in range(WEEKS))]

    def as_json(self) -> Mapping[str, Any]:
        """The counters as a JSON object."""
        return {
            "clients": self.clients,
            "clients_in_trouble": self.in_trouble,
            "clients_with_findings": self.with_findings,
            "credentials": {state.value: self.states[state] for state in CredentialState},
            "certificates": self.certificates,
            "findings": dict(sorted(self.kinds.items())),
            "severities": dict(sorted(self.severities.items())),
        }

    def _count(self, before: Sequence[AuditFinding], new: Sequence[AuditFinding]) -> None:
        self.with_findings += bool(new) and not before
        self.in_trouble += any(finding.trouble for finding in new) and not any(finding.trouble for finding in before)
        for finding in new:
            self.count_finding(finding)


def monday_of(moment: datetime) -> date:
    """The Monday of the week in which a moment (UTC) lies."""
    day = moment.date()
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class AuditRun:
    """The record of one run.

    `complete`: whether all clients were seen and all pending findings confirmed or dismissed; otherwise `stopped` says why not,
    and `pages` and `last_client` how far it got. `findings` are the most urgent ones, up to the configured number; `found` counts
    all, `notified` those that were news. `postponed`: clients that an action has left for later runs. `duration` is in seconds.
    `portal`: the origin of Azure's portal.
    """

    run_id: str
    started: datetime
    duration: float
    complete: bool
    stopped: str
    pages: int
    last_client: str
    summary: Summary
    findings: tuple[AuditFinding, ...]
    found: int
    notified: int
    outcomes: tuple[Outcome, ...]
    window: Window | None = None
    dry_run: bool = False
    notes: tuple[str, ...] = ()
    failed_sinks: tuple[str, ...] = ()
    postponed: Mapping[str, int] = field(default_factory=dict)
    portal: str = ""

    def portal_link(self, finding: AuditFinding) -> str:
        """Where the portal shows what a finding is about; empty where that isn't known."""
        place, _, object_id = finding.object.partition("/")
        if not self.portal or not GUID.fullmatch(finding.client_id):
            return ""
        if place == "servicePrincipals":
            view = (
                f"Microsoft_AAD_IAM/ManagedAppMenuBlade/~/SignOn/objectId/{quote(object_id, safe='')}/appId/{finding.client_id}"
            )
        else:
            view = f"Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId/{finding.client_id}"
        return f"{self.portal}/#view/{view}"

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON object, without the list of findings."""
        window = self.window
        actions: dict[str, Counter[str]] = {}
        for outcome in self.outcomes:
            actions.setdefault(outcome.action, Counter())[outcome.result.value] += 1
        return {
            "run_id": self.run_id,
            "started": write_time(self.started),
            "duration_seconds": round(self.duration, 3),
            "complete": self.complete,
            "stopped": self.stopped,
            "pages": self.pages,
            "last_client_id": self.last_client,
            "dry_run": self.dry_run,
            "window": None if window is None else {"after": write_time(window.start), "until": write_time(window.end)},
            **self.summary.as_json(),
            "found": self.found,
            "notified": self.notified,
            "actions": actions,
            "postponed": dict(self.postponed),
            "notes": list(self.notes),
            "failed_sinks": list(self.failed_sinks),
        }
