"""Telling the sinks what is news, in batches, and carrying on when one of them fails."""

import logging
from collections.abc import Sequence

from shared.audit.findings import Finding, Severity
from shared.audit.result import AuditRun
from shared.audit.sinks.sink import Sink, SinkFailure
from shared.audit.window import Window
from shared.retry import Deadline

logger = logging.getLogger("bridge.audit")

BATCH = 100
# Seconds for telling that something failed, even when the run's own time is over.
LAST_WORDS = 10.0


class Announcements:
    """The news of one run. `window` None: nothing is news. Findings below `least` are for the log alone."""

    def __init__(self, sinks: Sequence[Sink], window: Window | None, least: Severity, reminders: bool) -> None:
        self._sinks = list(sinks)
        self._window = window
        self._least = least
        self._reminding = reminders and window is not None and window.holds_monday()
        self._batch: list[Finding] = []
        self.told = 0
        self.failed: list[str] = []

    def is_news(self, finding: Finding) -> bool:
        """Whether a finding came about in the window; or whether it is time to tell again of one that shows no date or keeps a
        client from working."""
        if self._window is None:
            return False
        if finding.since is not None and self._window.holds(finding.since):
            return True
        return self._reminding and (finding.since is None or finding.trouble)

    def add(self, finding: Finding, deadline: Deadline) -> None:
        """Tell one finding, with the next batch."""
        self.told += 1
        if finding.severity >= self._least:
            self._batch.append(finding)
            if len(self._batch) >= BATCH:
                self.flush(deadline)

    def flush(self, deadline: Deadline) -> None:
        """Tell what has gathered."""
        batch, self._batch = self._batch, []
        for sink in list(self._sinks) if batch else []:
            try:
                sink.tell(batch, deadline)
            except SinkFailure as failure:
                self._give_up(sink, failure)

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:
        """Give the run's record to the sinks; `flush` comes before."""
        for sink in list(self._sinks):
            try:
                sink.conclude(run, deadline.extended(LAST_WORDS))
            except SinkFailure as failure:
                self._give_up(sink, failure)

    def _give_up(self, sink: Sink, failure: SinkFailure) -> None:
        logger.error("sink %s failed and is told no more in this run: %s", sink.name, failure)
        self.failed.append(sink.name)
        self._sinks.remove(sink)
