"""What a registration or a change leaves to do when the directory lags: done within the request where that is possible, behind
its answer where it isn't, and by the timer `finish_registrations` where the worker has ended.

A client's service principal is made last, because no token can be had without one (AADSTS7000229): it is the commit record.
"""

import logging
from collections.abc import Callable

from shared.graph.errors import (
    AlreadyExists,
    ConcurrentWrite,
    DeadlineExceeded,
    GraphFailure,
    NotReplicated,
    ObjectMissing,
    Throttled,
    Unavailable,
)
from shared.registration.configuration import RegistrationContext
from shared.registration.entra_application import federated_credential, is_own_credential
from shared.registration.memory import GONE_AFTER
from shared.registration.metadata import FederatedIdentity
from shared.registration.notes import PrincipalNotes, read_principal_notes
from shared.retry import Backoff, Deadline

logger = logging.getLogger("bridge.registration")

# Seconds between two credential writes on one application, which Entra refuses in quick succession.
CREDENTIAL_SPACING = 10.0
_PAUSES = (0.2, 0.3, 0.5, 0.5, 0.8, 0.8, 1.0, 1.0, 1.0, 1.0)


def may_pass(failure: GraphFailure) -> bool:
    """Whether a failure may be gone in a while: lag, an outage, throttling. Everything else is a refusal."""
    passing = ObjectMissing | NotReplicated | ConcurrentWrite | Throttled | Unavailable | DeadlineExceeded
    return isinstance(failure, passing)


class Completion:
    """Makes clients whole, or makes them gone. Everything here can be repeated."""

    def __init__(self, context: RegistrationContext) -> None:
        self._directory = context.directory
        self._background = context.background
        self._clock = context.clock

    # Making whole

    def complete(
        self,
        client_id: str,
        identities: tuple[FederatedIdentity, ...],
        deadline: Deadline,
        *,
        enabled: bool,
        tags: tuple[str, ...] = (),
    ) -> None:
        """Give a new application its federated credentials and its service principal, `enabled` or awaiting approval. Raises a
        GraphFailure when the time is over or the directory refuses."""
        backoff = Backoff(deadline, _PAUSES)
        while True:
            try:
                for identity in identities:
                    self.add_identity(client_id, identity, deadline)
                self._directory.create_service_principal(client_id, deadline, account_enabled=enabled, tags=tags)
                return
            except GraphFailure as failure:
                if not may_pass(failure) or not backoff.wait(failure.retry_after or 0):
                    raise

    def complete_later(
        self, client_id: str, identities: tuple[FederatedIdentity, ...], *, enabled: bool, tags: tuple[str, ...] = ()
    ) -> None:
        """The same behind the answer."""

        def work(deadline: Deadline) -> None:
            self.complete(client_id, identities, deadline, enabled=enabled, tags=tags)

        self._background.add(f"complete client {client_id}", work)

    def add_identity(self, client_id: str, identity: FederatedIdentity, deadline: Deadline) -> None:
        """Give an application one federated credential. Its name follows from what it says, so one that exists is the same."""
        try:
            self._directory.add_federated_credential(client_id, federated_credential(identity), deadline, await_replication=True)
        except AlreadyExists:
            return

    # Making gone

    def delete_later(self, client_id: str, object_id: str) -> None:
        """Delete an application that a failed registration made, and purge it, so that its name and quota are free."""

        def work(deadline: Deadline) -> None:
            try:
                self._directory.delete_application(client_id, deadline)
            except ObjectMissing:
                # Not seen yet, or deleted by an attempt whose answer was lost.
                if self._directory.purge_application(object_id, deadline):
                    return
                raise
            self.purge_later(object_id, client_id)

        self._background.add(f"undo client {client_id}", work)

    def delete_unless_whole_later(self, client_id: str, object_id: str) -> None:
        """The same for an application that others may have found meanwhile, and made a client of."""

        def work(deadline: Deadline) -> None:
            if self._directory.read_service_principal(client_id, deadline, select=("appId",)) is None:
                self.delete_later(client_id, object_id)

        self._background.add(f"undo client {client_id}, unless it is whole", work, after=GONE_AFTER)

    def delete_named_later(self, unique_name: str) -> None:
        """The same for an application whose creation got no answer, if there is one."""

        def work(deadline: Deadline) -> None:
            application = self._directory.read_application_by_unique_name(unique_name, deadline)
            if application is None:
                raise ObjectMissing(f"no application named {unique_name} is seen")
            self.delete_later(str(application["appId"]), str(application["id"]))

        self._background.add(f"undo the application named {unique_name}", work, sought=True)

    def purge_later(self, object_id: str, client_id: str, *, sought: bool = False) -> None:
        """Purge a deleted application, which shows among the deleted items with a delay. `sought`: if it was deleted at all."""

        def work(deadline: Deadline) -> None:
            if not self._directory.purge_application(object_id, deadline):
                raise ObjectMissing(f"the deleted client {client_id} is not seen yet")

        self._background.add(f"purge client {client_id}", work, sought=sought)

    # Secrets and identities behind answers

    def remove_secret_later(self, client_id: str, key_id: str, *, after: float = 0) -> None:
        """Remove a secret that nobody is to have any longer, or that no answer carried."""

        def work(deadline: Deadline) -> None:
            self._directory.remove_password(client_id, key_id, deadline)

        self._background.add(f"remove a secret of client {client_id}", work, after=after)

    def remove_unseen_secret_later(self, client_id: str, display_name: str) -> None:
        """Remove the secret of that name whose making got no answer, if it was made: it reached nobody."""

        def work(deadline: Deadline) -> None:
            application = self._directory.read_application(client_id, deadline, select=("appId", "passwordCredentials"))
            entries = (application or {}).get("passwordCredentials") or []
            lost = next((entry for entry in entries if entry.get("displayName") == display_name), None)
            if lost is None:
                raise ObjectMissing(f"no secret named {display_name} is seen")
            self._directory.remove_password(client_id, str(lost["keyId"]), deadline)

        self._background.add(f"remove a lost secret of client {client_id}", work, sought=True)

    def remove_unseen_secret_of_later(self, unique_name: str, display_name: str) -> None:
        """The same for the application of that uniqueName, whose creation got no answer, if there is one."""

        def work(deadline: Deadline) -> None:
            application = self._directory.read_application_by_unique_name(unique_name, deadline)
            if application is None:
                raise ObjectMissing(f"no application named {unique_name} is seen")
            self.remove_unseen_secret_later(str(application["appId"]), display_name)

        self._background.add(f"remove a lost secret of the application named {unique_name}", work, sought=True)

    def replace_identities_soon(self, client_id: str, identities: tuple[FederatedIdentity, ...], deadline: Deadline) -> None:
        """Make the bridge's own federated credentials of a client those of `identities`, now or behind the answer; an
        administrator's stay. New ones come before old ones go, so that a client is never without."""

        def work(deadline: Deadline) -> None:
            self._replace_identities(client_id, identities, deadline)

        try:
            work(deadline)
        except GraphFailure as failure:
            logger.warning("the identities of client %s are changed behind its answer: %s", client_id, failure)
            self._background.add(f"change the identities of client {client_id}", work)

    def set_enabled_later(self, client_id: str, enabled: bool) -> None:
        """Let a client in, or out, behind the answer."""

        def work(deadline: Deadline) -> None:
            self._directory.update_service_principal(client_id, {"accountEnabled": enabled}, deadline)

        self._background.add(f"{'enable' if enabled else 'disable'} client {client_id}", work)

    def _replace_identities(self, client_id: str, identities: tuple[FederatedIdentity, ...], deadline: Deadline) -> None:
        wanted = {str(federated_credential(identity)["name"]): identity for identity in identities}
        old = [
            entry
            for entry in self._directory.federated_credentials(client_id, deadline)
            if is_own_credential(entry) and entry["name"] not in wanted
        ]
        for identity in wanted.values():
            # Entra takes no two with the same issuer and subject, so there one has to go first.
            same = next((e for e in old if (e["issuer"], e["subject"]) == (identity.issuer, identity.subject)), None)
            if same is not None:
                old.remove(same)
                self._directory.remove_federated_credential(client_id, str(same["id"]), deadline)
            self.add_identity(client_id, identity, deadline)
        for entry in old:
            self._directory.remove_federated_credential(client_id, str(entry["id"]), deadline)

    # What callers are known to have

    def note_told_later(self, client_id: str, key_id: str) -> None:
        """Note that an answer carried a secret: from then on it may take the place of older ones."""
        self._note_later(client_id, lambda notes: notes._replace(told=(*(k for k in notes.told if k != key_id), key_id)))

    def note_presented_later(self, client_id: str, generation: int) -> None:
        """Note that a client came with that generation of its registration access token: from then on older ones end."""
        now = int(self._clock.now().timestamp())

        def change(notes: PrincipalNotes) -> PrincipalNotes:
            if notes.presented >= generation:
                return notes
            return notes._replace(presented=generation, presented_at=now)

        self._note_later(client_id, change)

    def _note_later(self, client_id: str, change: Callable[[PrincipalNotes], PrincipalNotes]) -> None:
        def work(deadline: Deadline) -> None:
            principal = self._directory.read_service_principal(client_id, deadline, select=("appId", "notes"))
            if principal is None:
                raise ObjectMissing(f"no service principal of client {client_id} is seen")
            notes = read_principal_notes(principal)
            changed = change(notes)
            if changed != notes:
                self._directory.update_service_principal(client_id, {"notes": changed.as_text()}, deadline)

        self._background.add(f"note what client {client_id} has", work)
