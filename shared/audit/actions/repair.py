"""Setting the directory right: half-registered clients, clients whose lifetime is over, and deleted ones.

A registration that breaks off leaves an application without service principal, and no token can be had with it. During the first
day the timer that finishes registrations sees to it. What is left then is finished here, or undone where no caller can have been
told of it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from shared.audit.actions import Action, ClientAction, Task
from shared.audit.assessment import Assessment, ClientFacts, lifetime_over_since
from shared.audit.client_lists import MADE_BY_TIMER, ClientLists
from shared.audit.clients import AuditedClient, read_client
from shared.audit.configuration import AuditRules
from shared.audit.findings import FindingKind
from shared.audit.result import Outcome, Result
from shared.clock import ALWAYS, read_time
from shared.graph.directory import Directory
from shared.graph.errors import AlreadyExists, GraphFailure, PermissionRefused
from shared.registration.entra_application import federated_credential
from shared.registration.metadata import FederatedIdentity
from shared.retry import Deadline
from shared.strict_json import JsonObject

_NEVER_USED = ClientFacts(last_sign_in=ALWAYS)


class Finish(ClientAction):
    """The action `finish`: create the service principal that is missing."""

    name = "finish"

    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:
        """Since when it is half registered."""
        half = (f.since or now for f in assessment.findings if f.kind is FindingKind.HALF_REGISTERED)
        return next(half, None)

    def _change(self, client: AuditedClient, task: Task) -> Outcome | None:
        if self._clients.has_service_principal(client.client_id, task.deadline):
            return None

        def create() -> None:
            for identity in client.identities:
                self._add_identity(client.client_id, identity, task.deadline)
            # A client that nobody approved yet isn't let in by repairing it.
            enabled = not client.awaits_approval
            self._directory.create_service_principal(
                client.client_id, task.deadline, account_enabled=enabled, tags=(MADE_BY_TIMER,)
            )

        return self.perform(client, task, "would create its service principal", "created its service principal", create)

    def _add_identity(self, client_id: str, identity: FederatedIdentity, deadline: Deadline) -> None:
        try:
            self._directory.add_federated_credential(client_id, federated_credential(identity), deadline)
        except AlreadyExists:
            return


class Undo(Finish):
    """The action `undo`: delete the application instead. An older client once had a service principal, and what became of that
    is for a person to find out, so `within` bounds the age. A registration that was to be completed stays: its caller may have
    been told of it before."""

    name = "undo"

    def __init__(self, clients: ClientLists, directory: Directory, limit: int, within: timedelta) -> None:
        super().__init__(clients, directory, limit)
        self._within = within

    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:
        """Since when it is half registered, for a client young enough."""
        return super().due_since(assessment, now) if self._is_young(assessment.client, now) else None

    def _change(self, client: AuditedClient, task: Task) -> Outcome | None:
        if self._clients.has_service_principal(client.client_id, task.deadline):
            return None
        if not self._is_young(client, task.clock.now()):
            return self.outcome(client, Result.SKIPPED, "it is not a registration that broke off of late")
        return self.delete(client, task, "would delete it", "deleted; it can be restored for 30 days")

    def _is_young(self, client: AuditedClient, now: datetime) -> bool:
        young = client.created is not None and now - client.created <= self._within
        return young and client.lagging != "complete"


class Retire(ClientAction):
    """The action `retire`: delete clients whose registration lifetime is over and that no sign-in report shows in use. They can
    be restored for 30 days."""

    name = "retire"

    def __init__(self, clients: ClientLists, directory: Directory, limit: int, rules: AuditRules) -> None:
        super().__init__(clients, directory, limit)
        self._rules = rules

    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:
        """When the client's lifetime was over."""
        if self._rules.is_in_use(assessment.facts.last_sign_in, now):
            return None
        return lifetime_over_since(assessment.client, self._rules, now, assessment.facts)

    def _change(self, client: AuditedClient, task: Task) -> Outcome | None:
        # When a shared client was last used is known from this run's report, and was judged by it.
        if lifetime_over_since(client, self._rules, task.clock.now(), _NEVER_USED) is None:
            return None
        over = f"the lifetime of policy {client.policy} is over"
        return self.delete(client, task, f"would delete it: {over}", f"deleted: {over}")


class Purge(Action):
    """The action `purge`: for 30 days soft-deleted clients hold their uniqueName and count to the quota of directory objects.

    It can't be undone, so they are left alone for some days (`after`) first. Listing them needs Application.Read.All.
    """

    name = "purge"

    def __init__(self, clients: ClientLists, directory: Directory, limit: int, marker_tag: str, after: timedelta) -> None:
        super().__init__(clients, directory, limit)
        self._tag = marker_tag
        self._after = after

    def due_since(self, assessment: Assessment, now: datetime) -> datetime | None:  # noqa: ARG002
        """Never called for by a client that isn't deleted."""
        return None

    def carry_out(self, clients: Sequence[AuditedClient], task: Task) -> Iterator[Outcome]:  # noqa: ARG002
        """Purge the bridge's deleted clients that are deleted long enough; `clients` is empty."""
        try:
            chosen = self._list_over(task.clock.now(), task.deadline)
        except GraphFailure as failure:
            what = "listing deleted applications failed"
            if isinstance(failure, PermissionRefused):
                what = "listing deleted applications needs Application.Read.All"
            yield self.outcome(read_client({}), Result.FAILED, f"{what}: {failure}")
            return
        for entry in chosen:
            if task.deadline.remaining() <= 0:
                return
            yield self._purge(entry, task)

    def _list_over(self, now: datetime, deadline: Deadline) -> list[JsonObject]:
        # The list is read to the limit before the first purge, since purging changes it.
        over = (entry for entry in self._directory.deleted_applications(self._tag, deadline) if self._is_over(entry, now))
        return list(islice(over, self.limit))

    def _is_over(self, entry: JsonObject, now: datetime) -> bool:
        deleted = read_time(entry.get("deletedDateTime"))
        return bool(entry.get("id")) and deleted is not None and deleted + self._after <= now

    def _purge(self, entry: JsonObject, task: Task) -> Outcome:
        client, deleted = read_client(entry), f"deleted {entry.get('deletedDateTime')}"

        def purge() -> None:
            self._directory.purge_application(str(entry["id"]), task.deadline)

        try:
            return self.perform(client, task, f"would purge it: {deleted}", f"purged: {deleted}", purge)
        except GraphFailure as failure:
            return self.outcome(client, Result.FAILED, f"Graph failed: {failure}")
