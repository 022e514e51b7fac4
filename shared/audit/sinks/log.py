"""The log: one record for the run, one for each finding and one for each step of an action. It is always written.

A record is one line of JSON in ASCII, so that a name from a stranger can't start a line of its own, and it carries the same
members as `extra` for handlers that keep structure.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from shared.audit.actions.base import Outcome, Result
from shared.audit.findings import Finding, Severity
from shared.audit.result import AuditRun

logger = logging.getLogger("bridge.audit")

_LEVELS = {
    Severity.LOW: logging.INFO,
    Severity.MEDIUM: logging.WARNING,
    Severity.HIGH: logging.WARNING,
    Severity.CRITICAL: logging.ERROR,
}


class AuditLog:
    """Writes the records of one run. `standing`: write findings that aren't news too (at level INFO)."""

    def __init__(self, run_id: str, standing: bool = True) -> None:
        self._run_id = run_id
        self._standing = standing

    def finding(self, finding: Finding, news: bool) -> None:
        """One finding."""
        if news or self._standing:
            self._write(_LEVELS[finding.severity] if news else logging.INFO, "audit_finding", {"news": news, **finding.as_json()})

    def outcome(self, outcome: Outcome) -> None:
        """One step of an action."""
        level = logging.ERROR if outcome.result is Result.FAILED else logging.INFO
        self._write(level, "audit_action", outcome.as_json())

    def run(self, run: AuditRun) -> None:
        """The run."""
        sound = run.complete and not run.failed_sinks
        self._write(logging.INFO if sound else logging.ERROR, "audit_run", run.as_json())

    def _write(self, level: int, event: str, members: Mapping[str, Any]) -> None:
        record = {"event": event, "run_id": self._run_id, **members}
        logger.log(level, "%s", json.dumps(record), extra={"audit": record})
