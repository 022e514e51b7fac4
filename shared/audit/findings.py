"""What the audit finds: one finding for each thing that someone should know or do, and how people may be shown it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from shared.clock import NEVER, write_time

LONGEST_NAME = 80


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


class FindingKind(StrEnum):
    """What was found. The last three are events of a run, the others states of the directory."""

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


# Clients of these findings get no token, or soon won't: they come first in reports, and sinks are reminded of them each week.
TROUBLE = frozenset(
    {FindingKind.NO_USABLE_CREDENTIAL, FindingKind.HALF_REGISTERED, FindingKind.DISABLED, FindingKind.RENEWAL_FAILED}
)
# These harm nobody. Their due dates lie in the past, and must not stand before what is still to come.
TIDYING = frozenset({FindingKind.EXPIRED, FindingKind.SUPERSEDED, FindingKind.EXCESS, FindingKind.UNUSED, FindingKind.RENEWED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `since`: when it came about, where the directory's dates tell it. `due`: when someone should have acted, or when it was too
    late. `summary` and `advice` are sentences in English. `name` is what a stranger called the client: `printable_name` and
    escaping make it safe to show. `threshold` is in days, for an expiring credential.
    """

    kind: FindingKind
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
        """The same whenever the same thing is found again, so that receivers can drop repetitions."""
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

    @property
    def title(self) -> str:
        """The client's name as people may see it, or what stands for it."""
        return printable_name(self.name) or self.client_id or "The audit"

    @property
    def urgency(self) -> tuple[int, datetime, int, str]:
        """The key that sorts findings: clients in trouble first, tidying up last, each by due date and then by severity."""
        group = 0 if self.trouble else 2 if self.tidying else 1
        return (group, self.due or NEVER, -self.severity, self.id)

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


def printable_name(text: str, longest: int = LONGEST_NAME) -> str:
    """Text from a stranger on one line: control characters and marks that turn the writing direction are replaced, what is too
    long is cut."""
    plain = "".join(
        " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char).startswith("C") else char
        for char in text
    )
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
