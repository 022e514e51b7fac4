"""Renewing secrets before they end, and delivering them to where their users read them.

For each client: decide by what directory and store show, add a secret, ask the token service for tokens with it until all of its
replicas seem to know it, store it. The secret in use is not touched: it lives to its end or to its pruning. A delivery that fails
takes the new secret back, and so does a secret that isn't taken in time. At any point the run may end; `plan_renewal` makes
sense of what it left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.audit.actions import Action, Task
from shared.audit.assessment import Assessment, finding_about
from shared.audit.client_lists import ClientLists
from shared.audit.clients import AuditedClient
from shared.audit.delivery import Address, Deliveries, Delivery, DeliveryRefused, DeliveryUnknown, StoreFailure
from shared.audit.findings import FindingKind
from shared.audit.renewal_rules import RENEWAL, RenewalStep, earlier_rival, plan_renewal, renewal_due
from shared.audit.result import Outcome, Result
from shared.clock import read_time, write_time
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure, OutcomeUnknown
from shared.graph.secret_probe import SecretProbe
from shared.retry import Backoff
from shared.secret import Secret

# Seconds that one delivery may take, and that one undoing gets even when the run's time is over.
DELIVERING = 15.0
UNDOING = 5.0
# A secret is proven when the token service has taken it so many times in a row, this many seconds apart: of three replicas, one
# that lags would be missed by (2/3)^40.
PROOFS = 40
PROBE_PAUSE = 2.0
# What the token service says of clients that get no token whatever their secret: disabled, not there, without service principal.
HOPELESS = frozenset({"AADSTS7000112", "AADSTS700016", "AADSTS7000229"})
# Seconds that proving leaves to the actions that follow.
FOR_OTHERS = 60.0
# Seconds between looks at what a store hands out after it was written to.
READ_BACK_PAUSES = (0.5, 1.0, 2.0)
# Clients looked at for each one that may be renewed: most of those turn out to be in order.
CANDIDATES = 10


@dataclass(slots=True)
class _Renewal:
    """A secret that was added and waits for its delivery: `held` is the key id that the store hands out until then. `taken`: how
    many times in a row the token service took it. `refusal`: why it didn't the last time."""

    client: AuditedClient
    delivery: Delivery
    address: Address
    reason: str
    held: str
    taken: int = 0
    refusal: str = ""


class Renew(Action):
    """The action `renew`. `before`: how long before its end a secret is renewed; `lifetime`: that of the new one."""

    name = "renew"

    def __init__(
        self,
        clients: ClientLists,
        directory: Directory,
        limit: int,
        *,
        deliveries: Deliveries,
        before: timedelta,
        lifetime: timedelta,
        probe: SecretProbe,
    ) -> None:
        super().__init__(clients, directory, limit)
        self.candidates = limit * CANDIDATES
        self._deliveries = deliveries
        self._before = before
        self._lifetime = lifetime
        self._probe = probe

    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:
        """When the renewal is or was due, for a client with a destination."""
        client = assessment.client
        if self._deliveries.find_address(client.client_id, client.policy) is None:
            return None
        return renewal_due(client, now, self._before)

    def carry_out(self, clients: Sequence[AuditedClient], task: Task) -> Iterator[Outcome]:
        """Renew: first all new secrets, then each delivery as soon as its secret is proven."""
        begun: list[_Renewal] = []
        for listed in clients:
            needed = FOR_OTHERS + PROOFS * PROBE_PAUSE + DELIVERING * (len(begun) + 1)
            if len(begun) >= self.limit or task.deadline.remaining() <= needed:
                break
            result = self._begin(listed, task)
            if isinstance(result, _Renewal):
                begun.append(result)
            elif result is not None:
                yield result
        while begun:
            for renewal in begun:
                self._prove(renewal, task)
            for renewal in [one for one in begun if one.taken >= PROOFS or one.refusal in HOPELESS]:
                begun.remove(renewal)
                if renewal.refusal:
                    why = f"the token service gives this client no tokens ({renewal.refusal})"
                    yield self._take_back(renewal, why, task)
                else:
                    yield self._deliver(renewal, task)
            over = task.deadline.remaining() <= FOR_OTHERS + DELIVERING * len(begun)
            if begun and (over or not task.deadline.pause(PROBE_PAUSE)):
                break
        for renewal in begun:
            why = f"the token service did not take it everywhere in time (last: {renewal.refusal or 'it did'})"
            yield self._take_back(renewal, why, task)

    def _prove(self, renewal: _Renewal, task: Task) -> None:
        refusal = self._probe.refusal(renewal.client.client_id, renewal.delivery.secret, task.deadline)
        renewal.taken = 0 if refusal else renewal.taken + 1
        renewal.refusal = refusal

    def _begin(self, listed: AuditedClient, task: Task) -> "_Renewal | Outcome | None":
        """Decide for one client and add its new secret."""
        try:
            client = self._clients.find_again(listed, task.deadline)
            address = None if client is None else self._deliveries.find_address(client.client_id, client.policy)
            if client is None or address is None:
                return None
            stored = self._deliveries.read_current(address, task.deadline)
            held, since = (stored.key_id, stored.since) if stored is not None else ("", None)
            plan = plan_renewal(client, held, since, task.clock.now(), self._before)
            if plan.step is RenewalStep.WAIT:
                return self.outcome(client, Result.SKIPPED, plan.reason)
            if plan.step is RenewalStep.NOTHING:
                return None
            if task.dry_run:
                return self.outcome(client, Result.WOULD, f"would renew into {address}: {plan.reason}")
            return _Renewal(client, self._add_secret(client, task), address, plan.reason, held)
        except OutcomeUnknown as failure:
            return self._failed(listed, f"a secret may have been made whose text is lost: {failure}")
        except (GraphFailure, StoreFailure) as failure:
            return self._failed(listed, f"nothing was changed: {failure}")

    def _add_secret(self, client: AuditedClient, task: Task) -> Delivery:
        now = task.clock.now()
        end = now + self._lifetime
        answer = self._directory.add_password(client.client_id, f"{RENEWAL} {now:%Y-%m-%d}", end, task.deadline)
        return Delivery(
            client_id=client.client_id,
            key_id=str(answer["keyId"]),
            secret=Secret(str(answer["secretText"])),
            end=read_time(answer.get("endDateTime")) or end,
        )

    def _deliver(self, renewal: _Renewal, task: Task) -> Outcome:
        client, delivery = renewal.client, renewal.delivery
        try:
            if task.deadline.remaining() <= 0:
                return self._take_back(renewal, "the run's time was over before the delivery", task)
            now = self._clients.find_client(client.client_id, task.deadline)
            if now is None:
                return self.outcome(client, Result.SKIPPED, "it was deleted meanwhile")
            if earlier_rival(delivery.key_id, now, renewal.held, task.clock.now()) is not None:
                return self._take_back(renewal, "another run renews the same client", task, harmless=True)
            self._deliveries.put_secret(renewal.address, delivery, task.deadline)
        except GraphFailure as failure:
            return self._take_back(renewal, f"the client couldn't be read again: {failure}", task)
        except DeliveryRefused as failure:
            return self._take_back(renewal, f"the delivery failed: {failure}", task)
        except DeliveryUnknown as failure:
            if not self._has_arrived(renewal, task):
                # A secret that may be handed out is not taken back; the next run sees what became of it.
                why = f"whether the new secret reached its store isn't known, so it stays until the next run: {failure}"
                return self._failed(client, why)
        else:
            if self._has_arrived(renewal, task) is False:
                return self._failed(client, "the store took the new secret and hands out another one; the next run looks again")
        return self._renewed(renewal)

    def _has_arrived(self, renewal: _Renewal, task: Task) -> bool | None:
        """Whether the store says that it hands out the new secret; None where it doesn't say. Stores lag too, so it is asked more
        than once."""
        deadline = task.deadline.extended(UNDOING)
        backoff = Backoff(deadline, READ_BACK_PAUSES)
        while True:
            try:
                stored = self._deliveries.read_current(renewal.address, deadline)
            except StoreFailure:
                return None
            if stored is not None and stored.key_id == renewal.delivery.key_id:
                return True
            if not backoff.wait():
                return False

    def _take_back(self, renewal: _Renewal, why: str, task: Task, *, harmless: bool = False) -> Outcome:
        """Remove a new secret that reached nobody."""
        client = renewal.client
        try:
            self._directory.remove_password(client.client_id, renewal.delivery.key_id, task.deadline.extended(UNDOING))
        except GraphFailure as failure:
            return self._failed(client, f"{why}; the new secret is still there, and a later run removes it: {failure}")
        if harmless:
            return self.outcome(client, Result.SKIPPED, f"{why}; the new secret was removed again")
        return self._failed(client, f"{why}; the new secret was removed again and the old one is as before")

    def _renewed(self, renewal: _Renewal) -> Outcome:
        delivery, address, reason = renewal.delivery, renewal.address, renewal.reason
        summary = f"A new secret is in {address}; it ends {write_time(delivery.end)}. Reason: {reason}."
        finding = finding_about(renewal.client, FindingKind.RENEWED, summary, key_id=delivery.key_id)
        detail = f"renewed and delivered to {address}: {reason}"
        return self.outcome(renewal.client, Result.DONE, detail, delivery.key_id, finding)

    def _failed(self, client: AuditedClient, why: str) -> Outcome:
        finding = finding_about(client, FindingKind.RENEWAL_FAILED, f"Its secret was not renewed: {why}.")
        return self.outcome(client, Result.FAILED, why, finding=finding)
