"""What a run keeps while the clients stream by: counters, and the most urgent findings up to a fixed number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shared.audit.assessment import Assessment
from shared.audit.clients import CredentialKind
from shared.audit.credential_states import State
from shared.audit.findings import Finding, urgency

WEEKS = 26
# These are what a client's life hangs on; an overlapping one ends without anybody noticing.
COUNTED = frozenset({State.HEALTHY, State.EXPIRING, State.PENDING})


@dataclass(slots=True)
class Census:
    """Counts over all clients seen. Weeks are named by their Monday."""

    clients: int = 0
    in_trouble: int = 0
    with_findings: int = 0
    states: Counter[State] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    weeks: Counter[date] = field(default_factory=Counter)
    certificates: int = 0

    def count(self, assessment: Assessment, now: datetime) -> None:
        """Count one client with its findings."""
        self.clients += 1
        for standing in assessment.standings:
            self.states[standing.state] += 1
            self.certificates += standing.credential.kind is CredentialKind.CERTIFICATE
            if standing.state in COUNTED and standing.credential.end < now + timedelta(weeks=WEEKS):
                self.weeks[monday(standing.credential.end)] += 1
        self.in_trouble += any(finding.trouble for finding in assessment.findings)
        self.with_findings += bool(assessment.findings)
        for finding in assessment.findings:
            self.add(finding)

    def count_confirmed(self, assessment: Assessment, confirmed: Sequence[Finding]) -> None:
        """Count the findings that a second look at a client already counted has confirmed."""
        before = [finding for finding in assessment.findings if finding not in confirmed]
        if confirmed:
            self.in_trouble += not any(finding.trouble for finding in before)
            self.with_findings += not before
        for finding in confirmed:
            self.add(finding)

    def add(self, finding: Finding) -> None:
        """Count one finding."""
        self.kinds[finding.kind.value] += 1
        self.severities[finding.severity.label] += 1

    def timeline(self, now: datetime) -> list[tuple[date, int]]:
        """The coming weeks with the number of credentials that end in each, empty weeks included."""
        first = monday(now)
        return [(week, self.weeks[week]) for week in (first + timedelta(weeks=number) for number in range(WEEKS))]

    def as_json(self) -> Mapping[str, Any]:
        """The counters as a JSON object."""
        return {
            "clients": self.clients,
            "clients_in_trouble": self.in_trouble,
            "clients_with_findings": self.with_findings,
            "credentials": {state.value: self.states[state] for state in State},
            "certificates": self.certificates,
            "findings": dict(sorted(self.kinds.items())),
            "severities": dict(sorted(self.severities.items())),
        }


def monday(moment: datetime) -> date:
    """The Monday of the week in which a moment (UTC) lies."""
    day = moment.date()
    return day - timedelta(days=day.weekday())


class MostUrgent:
    """The most urgent findings, up to a number; those beyond it are dropped as others come."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[Finding] = []
        self.seen = 0

    def add(self, finding: Finding) -> None:
        """Keep one, as long as there is room for it."""
        self.seen += 1
        self._kept.append(finding)
        if len(self._kept) >= 2 * self._most + 64:
            self._cut()

    def findings(self) -> tuple[Finding, ...]:
        """What is kept, the most urgent first."""
        self._cut()
        return tuple(self._kept)

    def _cut(self) -> None:
        self._kept.sort(key=urgency)
        del self._kept[self._most :]
