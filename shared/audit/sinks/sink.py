"""Where findings go besides the log: the form that all sinks have."""

from collections.abc import Sequence
from typing import Protocol

from shared.audit.findings import Finding
from shared.audit.result import AuditRun
from shared.retry import Deadline


class SinkFailure(Exception):
    """A sink took nothing, or not all. Its text is for the log: no address with a key in it, no secret."""


class Sink(Protocol):
    """Somebody who wants to be told. A sink may be told the same finding twice: the finding's `id` shows it."""

    @property
    def name(self) -> str: ...

    def tell(self, findings: Sequence[Finding], deadline: Deadline) -> None:
        """Take findings that are news; a sink may keep them until the run is over. Raises SinkFailure."""
        ...

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:
        """Take the record of the run, after all its findings. Raises SinkFailure."""
        ...
