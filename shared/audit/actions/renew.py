"""Renewing secrets before they end, and delivering them to where their users read them.

For each client: decide by what directory and store show, add a secret, give the token service time to know it, store it. The
secret in use is not touched: it lives to its end or to its pruning. A delivery that fails takes the new secret back. At any point
the run may end; `plan_renewal` makes sense of what it left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.audit.actions.base import Outcome, Task
from shared.audit.actions.renewal_outcomes import RenewalOutcomes
from shared.audit.assessment import Assessment
from shared.audit.clients import Client
from shared.audit.delivery.deliveries import Deliveries
from shared.audit.delivery.store import Delivery, DeliveryRefused, DeliveryUnknown, StoreFailure
from shared.audit.directory import Roster
from shared.audit.renewal_rules import RENEWAL, RenewalPlan, Step, loses_to, may_call_for_renewal, plan_renewal
from shared.clock import read_time
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure, OutcomeUnknown
from shared.secret import Secret

# Seconds that one delivery may take, and that one undoing gets even when the run's time is over.
DELIVERING = 15.0
UNDOING = 5.0
# Clients looked at for each one that may be renewed: most of those turn out to be in order.
CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class _Made:
    """A secret that was added and waits for its delivery."""

    client: Client
    delivery: Delivery
    plan: RenewalPlan
    held: str


class Renewing:
    """The action `renew`. `before`: how long before its end a secret is renewed; `lifetime`: that of the new one."""

    name = "renew"

    def __init__(
        self,
        roster: Roster,
        directory: Directory,
        deliveries: Deliveries,
        *,
        limit: int,
        before: timedelta,
        lifetime: timedelta,
        settle: timedelta,
    ) -> None:
        self.limit = limit
        self.candidates = limit * CANDIDATES
        self._roster = roster
        self._directory = directory
        self._deliveries = deliveries
        self._before = before
        self._lifetime = lifetime
        self._settle = settle.total_seconds()
        self._tell = RenewalOutcomes(self.name)

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:
        """When the renewal is due, for a client with a destination."""
        if self._deliveries.address(assessment.client) is None:
            return None
        return may_call_for_renewal(assessment.client, now, self._before)

    def carry_out(self, clients: Sequence[Client], task: Task) -> Iterator[Outcome]:
        """Renew: first all new secrets, then, when the youngest has settled, all deliveries."""
        made: list[_Made] = []
        for listed in clients:
            if len(made) >= self.limit or task.deadline.remaining() <= self._settle + DELIVERING * (len(made) + 1):
                break
            result = self._begin(listed, task)
            if isinstance(result, _Made):
                made.append(result)
            elif result is not None:
                yield result
        if made:
            task.deadline.pause(self._settle)
        for one in made:
            yield from self._finish(one, task)

    def _begin(self, listed: Client, task: Task) -> "_Made | Outcome | None":
        """Decide for one client and add its new secret."""
        try:
            client = self._roster.client(listed.client_id, task.deadline)
            if client is None:
                return None
            stored = self._deliveries.current(client, task.deadline)
            held, since = (stored.key_id, stored.since) if stored is not None else ("", None)
            plan = plan_renewal(client, held, since, task.clock.now(), self._before)
            if plan.step is Step.WAIT:
                return self._tell.skipped(client, plan.reason)
            if plan.step is Step.NOTHING:
                return None
            if task.dry_run:
                return self._tell.would(client, plan, self._deliveries.address(client))
            return self._add(client, plan, held, task)
        except OutcomeUnknown as failure:
            return self._tell.failed(listed, f"a secret may have been made whose text is lost: {failure}")
        except (GraphFailure, StoreFailure) as failure:
            return self._tell.failed(listed, f"nothing was changed: {failure}")

    def _add(self, client: Client, plan: RenewalPlan, held: str, task: Task) -> _Made:
        now = task.clock.now()
        end = now + self._lifetime
        name = f"{RENEWAL} {now:%Y-%m-%d}"
        answer = self._directory.add_password(client.client_id, name, end, task.deadline)
        delivery = Delivery(
            client_id=client.client_id,
            key_id=str(answer["keyId"]),
            secret=Secret(str(answer["secretText"])),
            end=read_time(answer.get("endDateTime")) or end,
        )
        return _Made(client, delivery, plan, held)

    def _finish(self, made: _Made, task: Task) -> Iterator[Outcome]:
        client, delivery = made.client, made.delivery
        try:
            if task.deadline.remaining() <= 0:
                yield self._take_back(made, "the run's time was over before the delivery", task)
                return
            now = self._roster.client(client.client_id, task.deadline)
            if now is None:
                yield self._tell.skipped(client, "it was deleted meanwhile")
                return
            rival = loses_to(delivery.key_id, now, made.held, task.clock.now())
        except GraphFailure as failure:
            yield self._take_back(made, f"the client couldn't be read again: {failure}", task)
            return
        if rival is not None:
            yield self._take_back(made, "another run renews the same client", task, harmless=True)
            return
        try:
            self._deliveries.put(client, delivery, task.deadline)
        except DeliveryRefused as failure:
            yield self._take_back(made, f"the delivery failed: {failure}", task)
            return
        except DeliveryUnknown as failure:
            outcome = self._ask_the_store(made, failure, task)
            if outcome is not None:
                yield outcome
                return
        yield self._tell.renewed(client, delivery, made.plan, self._deliveries.address(client))

    def _ask_the_store(self, made: _Made, failure: StoreFailure, task: Task) -> Outcome | None:
        """After a lost answer: None where the secret turns out to have arrived. A secret that may be handed out is not taken
        back; the next run sees what became of it."""
        try:
            stored = self._deliveries.current(made.client, task.deadline.extended(UNDOING))
        except StoreFailure:
            stored = None
        if stored is not None and stored.key_id == made.delivery.key_id:
            return None
        return self._tell.failed(
            made.client, f"whether the new secret reached its store isn't known, so it stays until the next run: {failure}"
        )

    def _take_back(self, made: _Made, why: str, task: Task, *, harmless: bool = False) -> Outcome:
        """Remove a new secret that reached nobody."""
        client = made.client
        try:
            self._directory.remove_password(client.client_id, made.delivery.key_id, task.deadline.extended(UNDOING))
        except GraphFailure as failure:
            return self._tell.failed(client, f"{why}; the new secret is still there, and a later run removes it: {failure}")
        if harmless:
            return self._tell.skipped(client, f"{why}; the new secret was removed again")
        return self._tell.failed(client, f"{why}; the new secret was removed again and the old one is as before")
