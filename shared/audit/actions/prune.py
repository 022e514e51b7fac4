"""Removing secrets that are over: expired ones, and superseded ones after the overlap. Never the last usable secret.

Graph answers 409 to credential writes on one application in quick succession, so they are spaced, and clients take turns. What a
run doesn't get done, or half does, the next one goes on with: everything is decided anew from what the directory shows.

A secret that its caller asked to end goes whatever store or sign-in report say; any other stays while one of them shows its use.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.audit.actions import Action, Task
from shared.audit.assessment import Assessment, assess
from shared.audit.client_lists import ClientLists
from shared.audit.clients import AuditedClient
from shared.audit.configuration import AuditRules
from shared.audit.credential_states import CredentialState, CredentialStatus
from shared.audit.delivery import Deliveries, StoreFailure
from shared.audit.renewal_rules import is_renewal
from shared.audit.result import Outcome, Result
from shared.graph.directory import Directory
from shared.graph.errors import ConcurrentWrite, DeadlineExceeded, GraphFailure

ATTEMPTS = 3


@dataclass(slots=True)
class _Visit:
    """What is known of a client between its turns: key ids dealt with, conflicts met, and whether it gets another turn."""

    dealt_with: set[str] = field(default_factory=set)
    conflicts: int = 0
    again: bool = False


class Prune(Action):
    """The action `prune`. `limit` is the number of secrets removed in one run."""

    name = "prune"

    def __init__(
        self,
        clients: ClientLists,
        directory: Directory,
        limit: int,
        *,
        rules: AuditRules,
        spacing: timedelta,
        deliveries: Deliveries,
    ) -> None:
        super().__init__(clients, directory, limit)
        self._rules = rules
        self._spacing = spacing.total_seconds()
        self._deliveries = deliveries

    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:
        """Since when there is something to remove."""
        return min((status.since or now for status in removable(assessment, self._rules, now)), default=None)

    def carry_out(self, clients: Sequence[AuditedClient], task: Task) -> Iterator[Outcome]:
        """Remove one secret of each client, then the next, until nothing is left or the limit or the time is reached."""
        listed = {client.client_id: client for client in clients}
        turns = [(0.0, number, client_id) for number, client_id in enumerate(listed)]
        visits = {client.client_id: _Visit() for client in clients}
        removed = 0
        while turns and removed < self.limit:
            ready, number, client_id = heapq.heappop(turns)
            wait = ready - task.clock.monotonic()
            if wait > 0 and not task.deadline.pause(wait):
                return
            for outcome in self._take_turn(listed[client_id], visits[client_id], task, self.limit - removed):
                removed += outcome.result in {Result.DONE, Result.WOULD}
                yield outcome
            if visits[client_id].again and not task.dry_run:
                heapq.heappush(turns, (task.clock.monotonic() + self._spacing, number, client_id))

    def _take_turn(self, listed: AuditedClient, visit: _Visit, task: Task, room: int) -> Iterator[Outcome]:
        visit.again = False
        try:
            client = self._clients.find_again(listed, task.deadline)
            if client is None:
                return
            over = removable(assess(client, self._rules, task.clock.now()), self._rules, task.clock.now())
            left = [status for status in over if status.credential.key_id not in visit.dealt_with]
            if task.dry_run:
                for status in left[:room]:
                    detail = f"would remove it: {status.state.value}"
                    yield self.outcome(client, Result.WOULD, detail, status.credential.key_id)
            elif left:
                visit.again = len(left) > 1
                yield self._remove(client, left[0], visit, task)
        except DeadlineExceeded:
            return
        except GraphFailure as failure:
            yield Outcome(self.name, Result.FAILED, listed.client_id, "", f"the client couldn't be read or changed: {failure}")

    def _remove(self, client: AuditedClient, status: CredentialStatus, visit: _Visit, task: Task) -> Outcome:
        key_id = status.credential.key_id
        asked = status.state is CredentialState.SUPERSEDED and not status.revoked
        kept = self._why_kept(client, key_id, task) if asked else ""
        if kept:
            visit.dealt_with.add(key_id)
            return self.outcome(client, Result.SKIPPED, kept, key_id)
        try:
            self._directory.remove_password(client.client_id, key_id, task.deadline)
        except ConcurrentWrite as failure:
            visit.conflicts += 1
            visit.again = visit.conflicts < ATTEMPTS
            text = "comes again in this run" if visit.again else "the next run goes on"
            return self.outcome(client, Result.SKIPPED, f"another write was under way, {text}: {failure}", key_id)
        visit.dealt_with.add(key_id)
        return self.outcome(client, Result.DONE, f"removed: {status.state.value} since {status.since}", key_id)

    def _why_kept(self, client: AuditedClient, key_id: str, task: Task) -> str:
        """Why a superseded secret must stay after all; empty where it may go.

        A store's readers have what the store holds, and a renewed secret that never reached its store takes nobody's place.
        """
        address = self._deliveries.find_address(client.client_id, client.policy)
        if address is None and not any(is_renewal(credential) for credential in client.credentials):
            return ""
        try:
            stored = self._deliveries.read_current(address, task.deadline)
        except StoreFailure as failure:
            return f"kept, because its store can't be asked which secret it holds: {failure}"
        held = stored.key_id if stored is not None else ""
        if key_id == held:
            return "kept, because its store still hands it out"
        known = tuple(c for c in client.credentials if c.key_id in {key_id, held} or not is_renewal(c))
        assessment = assess(replace(client, credentials=known), self._rules, task.clock.now())
        if key_id not in {status.credential.key_id for status in assessment.secrets_in(CredentialState.SUPERSEDED)}:
            return "kept, because the newer secret is not known to have reached its users"
        return ""


def removable(assessment: Assessment, rules: AuditRules, now: datetime) -> tuple[CredentialStatus, ...]:
    """The bridge's own secrets of a client that may go, expired ones first."""
    superseded = assessment.secrets_in(CredentialState.SUPERSEDED)
    unused = (status for status in superseded if status.revoked or not rules.is_in_use(status.credential.last_used, now))
    return tuple(s for s in (*assessment.secrets_in(CredentialState.EXPIRED), *unused) if s.credential.own)
