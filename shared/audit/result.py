"""The record of one run of the audit."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.audit.actions.base import Outcome
from shared.audit.findings import Finding
from shared.audit.summary import Census
from shared.audit.window import Window
from shared.clock import write_time


@dataclass(frozen=True, slots=True)
class AuditRun:
    """What a run saw and did.

    `complete` says whether all clients were seen; otherwise `stopped` says why not, and `pages` and `last_client` how far it got.
    `findings` are the most urgent ones, up to the configured number; `found` counts all. `told` counts what was news. `duration`
    is in seconds.
    """

    run_id: str
    started: datetime
    duration: float
    complete: bool
    stopped: str
    pages: int
    last_client: str
    census: Census
    findings: tuple[Finding, ...]
    found: int
    told: int
    outcomes: tuple[Outcome, ...]
    window: Window | None = None
    dry_run: bool = False
    notes: tuple[str, ...] = ()
    failed_sinks: tuple[str, ...] = ()
    postponed: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON object, without the list of findings."""
        return {
            "run_id": self.run_id,
            "started": write_time(self.started),
            "duration_seconds": round(self.duration, 3),
            "complete": self.complete,
            "stopped": self.stopped,
            "pages": self.pages,
            "last_client_id": self.last_client,
            "dry_run": self.dry_run,
            "window": None
            if self.window is None
            else {"after": write_time(self.window.start), "until": write_time(self.window.end)},
            **self.census.as_json(),
            "found": self.found,
            "told": self.told,
            "actions": self._actions(),
            "postponed": self.postponed,
            "notes": list(self.notes),
            "failed_sinks": list(self.failed_sinks),
        }

    def _actions(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for outcome in self.outcomes:
            of_action = counts.setdefault(outcome.action, {})
            of_action[outcome.result.value] = of_action.get(outcome.result.value, 0) + 1
        return counts
