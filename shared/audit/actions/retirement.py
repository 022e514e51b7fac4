"""Deleting clients whose registration lifetime is over: a policy, such as that of open registration, may give one."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.audit.actions.base import Outcome, Result, Task
from shared.audit.assessment import Assessment, lifetime_end
from shared.audit.clients import Client
from shared.audit.directory import Roster
from shared.audit.rules import Rules
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure


class Retirement:
    """The action `retire`. Deleted clients can be restored for 30 days."""

    name = "retire"

    def __init__(self, roster: Roster, directory: Directory, rules: Rules, limit: int) -> None:
        self.limit = self.candidates = limit
        self._roster = roster
        self._directory = directory
        self._rules = rules

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:
        """When the client's lifetime was over."""
        return self._over(assessment.client, now)

    def carry_out(self, clients: Sequence[Client], task: Task) -> Iterator[Outcome]:
        """Delete each client whose lifetime is still over when it is read again."""
        for listed in clients:
            if task.deadline.remaining() <= 0:
                return
            try:
                client = self._roster.client(listed.client_id, task.deadline)
                if client is None or self._over(client, task.clock.now()) is None:
                    continue
                over = f"the lifetime of policy {client.registration.policy} is over"
                if task.dry_run:
                    yield Outcome(self.name, Result.WOULD, client.client_id, client.name, f"would delete it: {over}")
                    continue
                self._directory.delete_application(client.client_id, task.deadline)
                yield Outcome(self.name, Result.DONE, client.client_id, client.name, f"deleted: {over}")
            except GraphFailure as failure:
                yield Outcome(self.name, Result.FAILED, listed.client_id, listed.name, f"Graph failed: {failure}")

    def _over(self, client: Client, now: datetime) -> datetime | None:
        end = lifetime_end(client, self._rules)
        return end if end is not None and end <= now else None
