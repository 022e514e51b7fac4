"""What an audit may do about what it finds. Each action is off unless an operator turns it on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.audit.assessment import Assessment
from shared.audit.client_lists import ClientLists
from shared.audit.clients import AuditedClient
from shared.audit.findings import AuditFinding
from shared.audit.result import Outcome, Ranking, Result
from shared.clock import Clock
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure
from shared.retry import Deadline


@dataclass(frozen=True, slots=True)
class Task:
    """What a run gives to its actions: the clock, the time they have, and whether they only say what they would do."""

    clock: Clock
    deadline: Deadline
    dry_run: bool


class Action(ABC):
    """One kind of action. `limit` is how many clients it changes in one run, `candidates` how many it looks at."""

    name: str

    def __init__(self, clients: ClientLists, directory: Directory, limit: int) -> None:
        self.limit = self.candidates = limit
        self._clients = clients
        self._directory = directory

    @abstractmethod
    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:
        """When the action is or was due for a client; None where it isn't called for. Decides by dates alone, without a call."""

    @abstractmethod
    def carry_out(self, clients: Sequence[AuditedClient], task: Task) -> Iterator[Outcome]:
        """Do it for the clients, which the list may show as they were: each is read again before it is changed. Stops by itself
        when the time is over; raises nothing."""

    def outcome(
        self, client: AuditedClient, result: Result, detail: str, key_id: str = "", finding: AuditFinding | None = None
    ) -> Outcome:
        """What was done to a client."""
        return Outcome(self.name, result, client.client_id, client.name, detail, key_id, finding)

    def perform(self, client: AuditedClient, task: Task, would: str, done: str, change: Callable[[], object]) -> Outcome:
        """Change a client by one call, or in a dry run say what would be done. May raise a GraphFailure."""
        if task.dry_run:
            return self.outcome(client, Result.WOULD, would)
        change()
        return self.outcome(client, Result.DONE, done)


class ClientAction(Action):
    """An action that is one call for each client."""

    def carry_out(self, clients: Sequence[AuditedClient], task: Task) -> Iterator[Outcome]:
        """Read each client again, and change it if that is still called for."""
        for listed in clients:
            if task.deadline.remaining() <= 0:
                return
            try:
                client = self._clients.find_client(listed.client_id, task.deadline)
                outcome = self._change(client, task) if client is not None else None
            except GraphFailure as failure:
                outcome = self.outcome(listed, Result.FAILED, f"Graph failed: {failure}")
            if outcome is not None:
                yield outcome

    def delete(self, client: AuditedClient, task: Task, would: str, done: str) -> Outcome:
        """Delete a client's application, and with it its service principal. They can be restored for 30 days."""
        return self.perform(
            client, task, would, done, lambda: self._directory.delete_application(client.client_id, task.deadline)
        )

    @abstractmethod
    def _change(self, client: AuditedClient, task: Task) -> Outcome | None:
        """Change one client, or say what would be done; None where nothing is. May raise a GraphFailure."""


class Candidates:
    """The clients for which an action is most due, as many as it looks at."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self._ranking = Ranking[tuple[datetime, AuditedClient]](action.candidates, lambda entry: (entry[0], entry[1].client_id))

    @property
    def postponed(self) -> int:
        """How many clients are left for later runs."""
        return max(self._ranking.seen - self.action.candidates, 0)

    def consider(self, assessment: Assessment, now: datetime) -> None:
        """Put a client on the list if the action is called for and it is among the most due."""
        due = self.action.due_since(assessment, now)
        if due is not None:
            self._ranking.add((due, assessment.client))

    def clients(self) -> tuple[AuditedClient, ...]:
        """The clients, the most due first."""
        return tuple(client for _, client in self._ranking.first())
