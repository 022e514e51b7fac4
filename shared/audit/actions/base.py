"""What an audit may do about what it finds: the form that all actions have. Each is off unless an operator turns it on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from shared.audit.assessment import Assessment
from shared.audit.clients import Client
from shared.audit.findings import Finding
from shared.clock import Clock
from shared.retry import Deadline


class Result(StrEnum):
    """How one step of an action ended."""

    DONE = "done"
    WOULD = "would"
    """A dry run: it would have been done."""
    SKIPPED = "skipped"
    """It is no longer called for, or better left to the next run."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did to one client. `detail` is a sentence for operators; `finding` is told like any other."""

    action: str
    result: Result
    client_id: str
    name: str
    detail: str
    key_id: str = ""
    finding: Finding | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome as a JSON object."""
        members = {
            "action": self.action,
            "result": self.result.value,
            "client_id": self.client_id,
            "client_name": self.name,
            "key_id": self.key_id,
            "detail": self.detail,
        }
        return {name: value for name, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class Task:
    """What a run gives to its actions: the clock, the time they have, and whether they only say what they would do."""

    clock: Clock
    deadline: Deadline
    dry_run: bool


class Action(Protocol):
    """One kind of action. `limit` is how many clients (or objects) it changes in one run; `candidates` how many it looks at."""

    @property
    def name(self) -> str: ...

    @property
    def limit(self) -> int: ...

    @property
    def candidates(self) -> int: ...

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:
        """When the action is or was due for a client; None where it isn't called for. Decides by dates alone, without a call."""
        ...

    def carry_out(self, clients: Sequence[Client], task: Task) -> Iterator[Outcome]:
        """Do it for the clients, which the list may show as they were: each is read again before it is changed. Stops by itself
        when the time is over; raises nothing."""
        ...


class Shortlist:
    """The clients for which an action is most due, as many as it looks at."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self._entries: list[tuple[datetime, str, Client]] = []
        self.seen = 0

    def consider(self, assessment: Assessment, now: datetime) -> None:
        """Put a client on the list if the action is called for and it is among the most due."""
        due = self.action.urgency(assessment, now)
        if due is None:
            return
        self.seen += 1
        self._entries.append((due, assessment.client.client_id, assessment.client))
        if len(self._entries) >= 2 * self.action.candidates + 16:
            self._cut()

    def clients(self) -> tuple[Client, ...]:
        """The clients, the most due first."""
        self._cut()
        return tuple(client for _, _, client in self._entries)

    def _cut(self) -> None:
        self._entries.sort(key=lambda entry: entry[:2])
        del self._entries[self.action.candidates :]
