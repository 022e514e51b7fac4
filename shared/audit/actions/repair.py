"""Half-registered clients, which have an application and no service principal: finish them, or undo them.

A registration that breaks off between its two calls leaves such a client. Its caller never got an answer, so nobody knows its
secret: undoing it is the clean end. Finishing suits those who would rather keep it. Either comes only after asking once more.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from shared.audit.actions.base import Outcome, Result, Task
from shared.audit.assessment import Assessment
from shared.audit.clients import Client
from shared.audit.directory import Roster
from shared.audit.findings import Kind
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure


class _Repair(ABC):
    """What both ways have in common: which clients, and a second look before anything is changed."""

    name: str

    def __init__(self, roster: Roster, directory: Directory, limit: int) -> None:
        self.limit = self.candidates = limit
        self._roster = roster
        self._directory = directory

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:
        """Since when it is half registered."""
        return next((f.since or now for f in assessment.findings if f.kind is Kind.HALF_REGISTERED), None)

    def carry_out(self, clients: Sequence[Client], task: Task) -> Iterator[Outcome]:
        """Deal with each client that is still half registered."""
        for listed in clients:
            if task.deadline.remaining() <= 0:
                return
            try:
                client = self._roster.client(listed.client_id, task.deadline)
                if client is None or self._roster.has_principal(client.client_id, task.deadline):
                    continue
                yield self._deal_with(client, task)
            except GraphFailure as failure:
                yield self._outcome(listed, Result.FAILED, f"Graph failed: {failure}")

    @abstractmethod
    def _deal_with(self, client: Client, task: Task) -> Outcome:
        """Change one client, or say what would be done."""

    def _outcome(self, client: Client, result: Result, detail: str) -> Outcome:
        return Outcome(self.name, result, client.client_id, client.name, detail)


class Finishing(_Repair):
    """The action `finish`: create the service principal that is missing."""

    name = "finish"

    def _deal_with(self, client: Client, task: Task) -> Outcome:
        if task.dry_run:
            return self._outcome(client, Result.WOULD, "would create its service principal")
        # A client that nobody approved yet isn't let in by repairing it.
        enabled = not client.registration.awaits_approval
        self._directory.create_service_principal(client.client_id, task.deadline, account_enabled=enabled)
        return self._outcome(client, Result.DONE, "created its service principal")


class Undoing(_Repair):
    """The action `undo`: delete the application. An older client once had a service principal; what became of it is a person's
    affair, so `within` bounds the age."""

    name = "undo"

    def __init__(self, roster: Roster, directory: Directory, limit: int, within: timedelta) -> None:
        super().__init__(roster, directory, limit)
        self._within = within

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:
        """Since when it is half registered, for a client young enough."""
        return super().urgency(assessment, now) if self._is_young(assessment.client, now) else None

    def _deal_with(self, client: Client, task: Task) -> Outcome:
        if not self._is_young(client, task.clock.now()):
            return self._outcome(client, Result.SKIPPED, "it is too old to be a registration that broke off")
        if task.dry_run:
            return self._outcome(client, Result.WOULD, "would delete it")
        self._directory.delete_application(client.client_id, task.deadline)
        return self._outcome(client, Result.DONE, "deleted; it can be restored for 30 days")

    def _is_young(self, client: Client, now: datetime) -> bool:
        return client.created is not None and now - client.created <= self._within
