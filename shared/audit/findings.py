"""What the audit finds: one finding for each thing that someone should know or do, and how people may be shown it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from shared.clock import NEVER, write_time


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
    STILL_USED = "still_used"
    UNCLAIMED_SECRET = "unclaimed_secret"  # noqa: S105  the name of a kind
    UNCLAIMED_CLIENT = "unclaimed_client"
    IDENTITIES_DIFFER = "identities_differ"
    FOREIGN_CREDENTIAL = "foreign_credential"
    LIFETIME_OVER = "lifetime_over"
    UNUSED = "unused"
    RENEWED = "renewed"
    RENEWAL_FAILED = "renewal_failed"
    AUDIT_INCOMPLETE = "audit_incomplete"


_K, _S = FindingKind, Severity
# Clients of these findings get no token, or soon won't: they come first in reports, and sinks are reminded of them each week.
TROUBLE = frozenset({_K.NO_USABLE_CREDENTIAL, _K.HALF_REGISTERED, _K.DISABLED, _K.RENEWAL_FAILED})
# These harm nobody. Their due dates lie in the past, and must not stand before what is still to come.
TIDYING = frozenset({_K.EXPIRED, _K.SUPERSEDED, _K.EXCESS, _K.UNUSED, _K.RENEWED, _K.UNCLAIMED_SECRET, _K.UNCLAIMED_CLIENT})
# The usual severity of each kind, and what to do about it.
USUAL = {
    _K.NO_USABLE_CREDENTIAL: (_S.CRITICAL, "Rotate its secret through the bridge, or delete the client if nobody needs it."),
    _K.HALF_REGISTERED: (_S.HIGH, "Let the audit finish or undo such registrations, or create the service principal."),
    _K.DISABLED: (_S.MEDIUM, "Enable it in the directory if that was not meant, or delete the client."),
    _K.EXPIRING: (_S.MEDIUM, "Rotate it through the bridge and give the new one to its users before that day."),
    _K.EXPIRED: (_S.LOW, "Remove it, or let the audit remove such secrets."),
    _K.SUPERSEDED: (_S.LOW, "Make sure that nobody uses it and remove it, or let the audit remove such secrets."),
    _K.EXCESS: (_S.LOW, "Find out which ones are in use and remove the others."),
    _K.TOO_LONG: (_S.MEDIUM, "Rotate it through the bridge; the new one keeps to the policy."),
    _K.STILL_USED: (_S.MEDIUM, "Have its users change over to the newer one; it stays while it is used."),
    _K.UNCLAIMED_SECRET: (
        _S.LOW,
        "Remove it if its client doesn't know it; it works until its end, and takes no other's place until its use is seen.",
    ),
    _K.UNCLAIMED_CLIENT: (_S.LOW, "Ask its caller whether it knows the client, and delete it otherwise."),
    _K.IDENTITIES_DIFFER: (_S.MEDIUM, "Update the client through the bridge with the identities that it is to have."),
    _K.FOREIGN_CREDENTIAL: (_S.MEDIUM, "Find out who added it to the service principal, and why; remove it otherwise."),
    _K.LIFETIME_OVER: (_S.MEDIUM, "Delete the client, or let the audit delete such clients."),
    _K.UNUSED: (_S.LOW, "Ask its owner whether it is still needed."),
    _K.RENEWED: (
        _S.MEDIUM,
        "See that its users read the new one; the old one works until its own end, or until it is removed after the overlap.",
    ),
    _K.RENEWAL_FAILED: (_S.HIGH, "The next run tries again. See to the store's permissions and its address if this goes on."),
    _K.AUDIT_INCOMPLETE: (_S.HIGH, "Read its record in the log; give it more time, or see why Graph failed."),
}


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One finding.

    `since`: when it came about, where the directory's dates tell it. `due`: when someone should have acted, or when it was too
    late. `last_used`: of what it is about, where a report tells. `summary` and `advice` are sentences in English. `client_name`
    is what a stranger called the client: `printable_name` and escaping make it safe to show. `threshold_days` is for an expiring
    credential. `object` is the path in Graph of what it is about, `owners` are those whom a run asked for.
    """

    kind: FindingKind
    severity: Severity
    client_id: str
    client_name: str
    summary: str
    advice: str
    since: datetime | None = None
    due: datetime | None = None
    key_id: str = ""
    threshold_days: int | None = None
    policy: str = ""
    caller: str = ""
    last_used: datetime | None = None
    object: str = ""
    owners: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same whenever the same thing is found again, so that receivers can drop repetitions."""
        threshold = "" if self.threshold_days is None else f"{self.threshold_days}d"
        return "/".join(part for part in (self.client_id, self.kind.value, self.key_id, threshold) if part)

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
        return printable_name(self.client_name) or self.client_id or "The audit"

    @property
    def urgency(self) -> tuple[int, datetime, int, str]:
        """The key that sorts findings: clients in trouble first, tidying up last, each by due date and then by severity."""
        group = 0 if self.trouble else 2 if self.tidying else 1
        return (group, self.due or NEVER, -self.severity, self.id)

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object; moments as ISO 8601 in UTC, members without a value left out."""
        members = {"id": self.id, **{name: getattr(self, name) for name in AuditFinding.__slots__}}
        moments = {name: write_time(getattr(self, name)) for name in ("since", "due", "last_used")}
        members |= {"severity": self.severity.label, **moments}
        return {name: value for name, value in members.items() if value not in (None, "", ())}


def incomplete_audit(why: str, clients: int) -> AuditFinding:
    """The finding about a run that didn't see all."""
    severity, advice = USUAL[FindingKind.AUDIT_INCOMPLETE]
    summary = f"The audit saw {clients} clients and is not complete: {why}."
    return AuditFinding(FindingKind.AUDIT_INCOMPLETE, severity, "", "", summary, advice)


def printable_name(text: str, longest: int = 80) -> str:
    """Text from a stranger on one line: control characters and marks that turn the writing direction are replaced, what is too
    long is cut."""
    plain = "".join(
        " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char).startswith("C") else char
        for char in text
    )
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
