"""What an audit has to say about a client: one finding for each thing that someone should know or do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

from shared.clock import write_time


class Severity(IntEnum):
    """How much a finding matters, in rising order."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The name in lower case, as it stands in logs and messages."""
        return self.name.lower()


class Kind(StrEnum):
    """What was found. The first nine are states of the directory, the rest are events of a run."""

    NO_USABLE_CREDENTIAL = "no_usable_credential"
    HALF_REGISTERED = "half_registered"
    DISABLED = "disabled"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    EXCESS = "excess"
    TOO_LONG = "too_long"
    LIFETIME_OVER = "lifetime_over"
    UNUSED = "unused"
    RENEWED = "renewed"
    RENEWAL_FAILED = "renewal_failed"
    AUDIT_INCOMPLETE = "audit_incomplete"


# Clients of these findings get no token, or won't for long: they come first in the report and are told again each week.
TROUBLE = frozenset({Kind.NO_USABLE_CREDENTIAL, Kind.HALF_REGISTERED, Kind.DISABLED, Kind.RENEWAL_FAILED})
# Nobody is harmed by these; their due dates lie in the past, and must not stand before what is still to come.
TIDYING = frozenset({Kind.EXPIRED, Kind.SUPERSEDED, Kind.EXCESS, Kind.UNUSED, Kind.RENEWED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `since` is the moment at which it came about, where the directory's dates tell it; `due` the moment by which someone should
    have acted, or at which it is or was too late. `summary` and `advice` are sentences in English. `name` is what a stranger
    called the client: whoever shows it escapes it. `threshold` is in days, for an expiring credential.
    """

    kind: Kind
    severity: Severity
    client_id: str
    name: str
    summary: str
    advice: str
    since: datetime | None = None
    due: datetime | None = None
    key_id: str = ""
    threshold: int | None = None
    policy: str = ""
    caller: str = ""

    @property
    def id(self) -> str:
        """The same for the same thing found again: receivers tell repetitions by it."""
        parts = [self.client_id, self.kind.value, self.key_id, "" if self.threshold is None else f"{self.threshold}d"]
        return "/".join(part for part in parts if part)

    @property
    def trouble(self) -> bool:
        """Whether the client gets no token because of it."""
        return self.kind in TROUBLE

    @property
    def tidying(self) -> bool:
        """Whether it is about order alone."""
        return self.kind in TIDYING

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object; moments as ISO 8601 in UTC, members without a value left out."""
        members = {
            "id": self.id,
            "kind": self.kind.value,
            "severity": self.severity.label,
            "client_id": self.client_id,
            "client_name": self.name,
            "summary": self.summary,
            "advice": self.advice,
            "since": write_time(self.since),
            "due": write_time(self.due),
            "key_id": self.key_id,
            "threshold_days": self.threshold,
            "policy": self.policy,
            "caller": self.caller,
        }
        return {name: value for name, value in members.items() if value not in (None, "")}


def urgency(finding: Finding) -> tuple[int, datetime, int, str]:
    """A key that sorts findings: clients in trouble first, tidying up last, each by due date and then by severity."""
    group = 0 if finding.trouble else 2 if finding.tidying else 1
    return (group, finding.due or datetime.max.replace(tzinfo=UTC), -finding.severity, finding.id)
