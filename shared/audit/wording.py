"""Names and sentences as people may safely be shown them: what a stranger called a client must not steer a screen."""

import unicodedata
from collections.abc import Sequence

from shared.audit.findings import Finding, Severity
from shared.audit.result import AuditRun

LONGEST_NAME = 80
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def shown(text: str, longest: int = LONGEST_NAME) -> str:
    """A text on one line: control characters and marks that turn the writing direction are replaced, what is too long is cut."""
    plain = "".join(
        " " if char.isspace() else _REPLACEMENT if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} else char
        for char in text
    )
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def headline(findings: Sequence[Finding], run: AuditRun) -> str:
    """One line for a message: how many, of which severity, among how many clients."""
    counts = {severity: sum(finding.severity is severity for finding in findings) for severity in reversed(Severity)}
    parts = [f"{count} {severity.label}" for severity, count in counts.items() if count]
    noun = "finding" if len(findings) == 1 else "findings"
    return f"{len(findings)} new {noun} ({', '.join(parts)}) among {run.census.clients} clients"


def title(finding: Finding) -> str:
    """The client's name, or what stands for it."""
    return shown(finding.name) or finding.client_id or "The audit"
