"""Who is notified of findings: the log of everything, sinks of what is news. A sink that fails doesn't stop a run."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.audit.findings import AuditFinding, Severity
from shared.audit.result import AuditRun, Outcome, Result
from shared.audit.window import Window
from shared.event_log import log_event
from shared.retry import Deadline
from shared.telemetry import count

logger = logging.getLogger("bridge.audit")

BATCH = 100
# Seconds for reporting that something failed, even when the run's own time is over.
REPORTING = 10.0
_LEVELS = {
    Severity.LOW: logging.INFO,
    Severity.MEDIUM: logging.WARNING,
    Severity.HIGH: logging.WARNING,
    Severity.CRITICAL: logging.ERROR,
}


class SinkFailure(Exception):
    """A sink took nothing, or not all. Its text is for the log: no address with a key in it, no secret."""


class Sink(Protocol):
    """A receiver of findings. It may get the same finding twice: the finding's `id` shows it."""

    @property
    def name(self) -> str: ...

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:
        """Take findings that are news; a sink may keep them until the run is over. Raises SinkFailure."""
        ...

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """Take the record of the run, after all its findings. Raises SinkFailure."""
        ...


class AuditLog:
    """The log of one run: a record for each finding, for each step of an action, and for the run."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id

    def log_finding(self, finding: AuditFinding, news: bool) -> None:
        count("bridge.audit.findings", kind=finding.kind.value, severity=finding.severity.label, news=news)
        self._log(_LEVELS[finding.severity] if news else logging.INFO, "audit_finding", {"news": news, **finding.as_json()})

    def log_outcome(self, outcome: Outcome) -> None:
        self._log(logging.ERROR if outcome.result is Result.FAILED else logging.INFO, "audit_action", outcome.as_json())

    def log_run(self, run: AuditRun) -> None:
        sound = run.complete and not run.failed_sinks
        self._log(logging.INFO if sound else logging.ERROR, "audit_run", run.as_json())

    def _log(self, level: int, event: str, members: Mapping[str, Any]) -> None:
        log_event(logger, level, event, {"run_id": self._run_id, **members})


class Notifications:
    """The news of one run, for sinks in batches. `window` None: nothing is news. Findings below `least` are for the log alone.

    `window` may be set while the run goes on."""

    def __init__(self, sinks: Sequence[Sink], window: Window | None, least: Severity) -> None:
        self._sinks = list(sinks)
        self.window = window
        self._least = least
        self._reminding = window is not None and window.holds_monday()
        self._batch: list[AuditFinding] = []
        self.notified = 0
        self.failed: list[str] = []

    def is_news(self, finding: AuditFinding) -> bool:
        """Whether a finding came about in the window; or whether it is time to remind of one that shows no date or keeps a client
        from working."""
        if self.window is None:
            return False
        if finding.since is not None and self.window.holds(finding.since):
            return True
        return self._reminding and (finding.since is None or finding.trouble)

    def add(self, finding: AuditFinding, deadline: Deadline) -> None:
        """Notify of one finding, with the next batch."""
        self.notified += 1
        if finding.severity >= self._least:
            self._batch.append(finding)
            if len(self._batch) >= BATCH:
                self.flush(deadline)

    def flush(self, deadline: Deadline) -> None:
        """Notify of what has gathered."""
        batch, self._batch = self._batch, []
        for sink in list(self._sinks) if batch else []:
            try:
                sink.notify(batch, deadline)
            except SinkFailure as failure:
                self._give_up(sink, failure)

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """Give the run's record to the sinks; `flush` comes before."""
        for sink in list(self._sinks):
            try:
                sink.report_run(run, deadline.extended(REPORTING))
            except SinkFailure as failure:
                self._give_up(sink, failure)

    def _give_up(self, sink: Sink, failure: SinkFailure) -> None:
        logger.error("sink %s failed and is not notified any more in this run: %s", sink.name, failure)
        self.failed.append(sink.name)
        self._sinks.remove(sink)
