"""Removing secrets that are over: expired ones, and superseded ones after the overlap. Never the last usable secret.

Graph answers 409 to credential writes on one application in quick succession, so they are spaced, and clients take turns. What a
run doesn't get done, or half does, the next one goes on with: everything is decided anew from what the directory shows.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.audit.actions.base import Outcome, Result, Task
from shared.audit.assessment import Assessment, assess
from shared.audit.clients import Client
from shared.audit.credential_states import Standing, State
from shared.audit.delivery.deliveries import Deliveries
from shared.audit.delivery.store import StoreFailure
from shared.audit.directory import Roster
from shared.audit.renewal_rules import OWN, is_renewal
from shared.audit.rules import Rules
from shared.graph.directory import Directory
from shared.graph.errors import ConcurrentWrite, DeadlineExceeded, GraphFailure

ATTEMPTS = 3


class Pruning:
    """The action `prune`. `limit` is the number of secrets removed in one run."""

    name = "prune"

    def __init__(
        self, roster: Roster, directory: Directory, rules: Rules, limit: int, spacing: timedelta, deliveries: Deliveries
    ) -> None:
        self.limit = self.candidates = limit
        self._roster = roster
        self._directory = directory
        self._rules = rules
        self._spacing = spacing.total_seconds()
        self._deliveries = deliveries

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:
        """Since when there is something to remove."""
        return min((standing.since or now for standing in removable(assessment)), default=None)

    def carry_out(self, clients: Sequence[Client], task: Task) -> Iterator[Outcome]:
        """Remove one secret of each client, then the next, until nothing is left or the limit or the time is reached."""
        turns = [(0.0, number, client.client_id) for number, client in enumerate(clients)]
        visits: dict[str, _Visit] = {client.client_id: _Visit() for client in clients}
        removed = 0
        while turns and removed < self.limit:
            ready, number, client_id = heapq.heappop(turns)
            wait = ready - task.clock.monotonic()
            if wait > 0 and not task.deadline.pause(wait):
                return
            for outcome in self._turn(client_id, visits[client_id], task, self.limit - removed):
                removed += outcome.result in {Result.DONE, Result.WOULD}
                yield outcome
            if visits[client_id].again and not task.dry_run:
                heapq.heappush(turns, (task.clock.monotonic() + self._spacing, number, client_id))

    def _turn(self, client_id: str, visit: "_Visit", task: Task, room: int) -> Iterator[Outcome]:
        visit.again = False
        try:
            client = self._roster.client(client_id, task.deadline)
            if client is None:
                return
            candidates = [
                standing
                for standing in removable(assess(client, self._rules, task.clock.now()))
                if standing.credential.key_id not in visit.settled
            ]
            if task.dry_run:
                yield from (
                    self._outcome(client, s, Result.WOULD, f"would remove it: {s.state.value}") for s in candidates[:room]
                )
            elif candidates:
                visit.again = len(candidates) > 1
                yield self._remove(client, candidates[0], visit, task)
        except DeadlineExceeded:
            return
        except GraphFailure as failure:
            yield Outcome(self.name, Result.FAILED, client_id, "", f"the client couldn't be read or changed: {failure}")

    def _remove(self, client: Client, standing: Standing, visit: "_Visit", task: Task) -> Outcome:
        key_id = standing.credential.key_id
        if standing.state is State.SUPERSEDED:
            kept = self._why_kept(client, key_id, task)
            if kept:
                visit.settled.add(key_id)
                return self._outcome(client, standing, Result.SKIPPED, kept)
        try:
            self._directory.remove_password(client.client_id, key_id, task.deadline)
        except ConcurrentWrite as failure:
            visit.attempts += 1
            visit.again = visit.attempts < ATTEMPTS
            text = "comes again in this run" if visit.again else "the next run goes on"
            return self._outcome(client, standing, Result.SKIPPED, f"another write was under way, {text}: {failure}")
        visit.settled.add(key_id)
        return self._outcome(client, standing, Result.DONE, f"removed: {standing.state.value} since {standing.since}")

    def _why_kept(self, client: Client, key_id: str, task: Task) -> str:
        """Why a superseded secret must stay after all; empty where it may go.

        A store's readers have what the store holds, and a renewed secret that never reached its store takes nobody's place.
        """
        if self._deliveries.address(client) is None and not any(is_renewal(credential) for credential in client.credentials):
            return ""
        try:
            stored = self._deliveries.current(client, task.deadline)
        except StoreFailure as failure:
            return f"kept, because its store can't be asked which secret it holds: {failure}"
        held = stored.key_id if stored is not None else ""
        if key_id == held:
            return "kept, because its store still hands it out"
        known = tuple(c for c in client.credentials if c.key_id in {key_id, held} or not is_renewal(c))
        over = assess(replace(client, credentials=known), self._rules, task.clock.now()).superseded_secrets
        if key_id not in {standing.credential.key_id for standing in over}:
            return "kept, because the newer secret is not known to have reached its users"
        return ""

    def _outcome(self, client: Client, standing: Standing, result: Result, detail: str) -> Outcome:
        return Outcome(self.name, result, client.client_id, client.name, detail, key_id=standing.credential.key_id)


class _Visit:
    """What is known of a client between its turns: key ids dealt with, conflicts met, and whether it gets another turn."""

    __slots__ = ("again", "attempts", "settled")

    def __init__(self) -> None:
        self.settled: set[str] = set()
        self.attempts = 0
        self.again = False


def removable(assessment: Assessment) -> tuple[Standing, ...]:
    """The bridge's own secrets of a client that may go, expired ones first."""
    over = (*assessment.expired_secrets, *assessment.superseded_secrets)
    return tuple(standing for standing in over if standing.credential.name.startswith(OWN))
