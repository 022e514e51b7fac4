"""From a registration that is decided to a client in the directory, and its answer.

Two calls in the usual case: the application with its secret and everything else, then its service principal, without which no
token can be had. A lost answer is settled by asking again under the same uniqueName, which Graph checks where it writes: a second
creation succeeds only if the first one didn't happen. What lag leaves open is completed behind the answer (`completion.py`).
"""

import logging
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from shared.clock import write_time
from shared.graph.errors import (
    DeadlineExceeded,
    GraphFailure,
    OutcomeUnknown,
    PolicyRefused,
    Unavailable,
    UniqueNameTaken,
    ValueRefused,
)
from shared.http.exchange import Exchange
from shared.http.message import json_response
from shared.registration.authorization import Principal
from shared.registration.certificates import refused_by_tenant
from shared.registration.clients import Clients, shown
from shared.registration.completion import Completion, may_pass
from shared.registration.configuration import RegistrationContext
from shared.registration.entra_application import Provenance, create_body, read_registered
from shared.registration.idempotency import RequestName
from shared.registration.registration import Registration
from shared.registration.secrets import IssuedSecret, SecretIssuer
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

_LOST_PAUSES = (0.2, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 3.0)
_LOOKUP_PAUSES = (0.3, 0.6, 1.0)
# How tenants refuse a password in the creation that they take afterwards.
_PASSWORDS_BY_ACTION = "must be generated using service actions"


class NewClient(NamedTuple):
    """What is to be created: the registration, its requiredResourceAccess, what the bridge notes about it, and for whom. `asked`
    is what its caller is answered with where that differs: redirect URIs of a shared client have ports of their own. `marks` are
    tags for its service principal."""

    registration: Registration
    access: list[JsonObject]
    provenance: Provenance
    name: RequestName
    principal: Principal
    asked: Registration | None = None
    marks: tuple[str, ...] = ()


class ClientCreation:
    """Creates clients, or undoes what it began."""

    def __init__(self, context: RegistrationContext, clients: Clients, completion: Completion) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clients = clients
        self._completion = completion
        self.issuer = SecretIssuer(context, completion)

    def create(self, new: NewClient, deadline: Deadline) -> tuple[JsonObject, IssuedSecret | None]:
        """The new application and its secret. Raises UniqueNameTaken where another request under a repeatable name made it."""
        if not new.registration.has_secret:
            try:
                return self._create_settled(new, None, deadline)[0], None
            except PolicyRefused as refusal:
                raise refused_by_tenant(refusal) from refusal
        name, client_policy = self.issuer.make_name(), new.principal.policy

        def create(end: datetime) -> tuple[JsonObject, bool]:
            return self._create_settled(new, {"displayName": name, "endDateTime": write_time(end)}, deadline)

        try:
            application, answered = self.issuer.for_a_lifetime(client_policy, create)
        except ValueRefused as refusal:
            if _PASSWORDS_BY_ACTION not in refusal.reason:
                raise
            application, answered = self._create_settled(new, None, deadline)[0], True
        passwords = application.get("passwordCredentials") or []
        if answered and passwords and passwords[0].get("secretText"):
            return application, self.issuer.remember(application["appId"], passwords[0])
        if not answered:
            # The application is ours, and its first secret was in the answer that got lost.
            self._completion.remove_unseen_secret_later(application["appId"], name)
        try:
            return application, self.issuer.issue(application["appId"], client_policy, deadline)
        except GraphFailure:
            self.undo(application, None, new)
            raise

    def _create_settled(self, new: NewClient, password: JsonObject | None, deadline: Deadline) -> tuple[JsonObject, bool]:
        """The new application, and whether this is the answer of its own creation.

        A lost answer stays unknown, whatever later attempts are refused for, until one of them creates the application or Graph
        says that the name exists. Where that doesn't happen in time an application may be there: it is undone behind the error,
        unless the same request can come again.
        """
        body = create_body(new.registration, new.provenance, new.access, mark=self._configuration.bridge_tag)
        body |= {"signInAudience": self._configuration.sign_in_audience, "uniqueName": new.name.unique_name}
        if password is not None:
            body["passwordCredentials"] = [password]
        backoff = Backoff(deadline, _LOST_PAUSES)
        lost: GraphFailure | None = None
        while True:
            try:
                return self._directory.create_application(body, deadline), True
            except UniqueNameTaken:
                if lost is None:
                    raise
                if new.name.repeatable:
                    self._drop_unsettled(new, password)
                    raise
                with suppress(GraphFailure):
                    application = self.find(new.name, deadline)
                    if application is not None:
                        return application, False
                break
            except GraphFailure as failure:
                if lost is None and not isinstance(failure, OutcomeUnknown):
                    raise
                lost = lost or failure
                if not backoff.wait(failure.retry_after or 0):
                    break
        self._drop_unsettled(new, password)
        raise lost

    def _drop_unsettled(self, new: NewClient, password: JsonObject | None) -> None:
        """Behind the answer: what a creation without one may have made. Under a repeatable name the secret alone goes."""
        if not new.name.repeatable:
            self._completion.delete_named_later(new.name.unique_name)
        elif password is not None:
            self._completion.remove_unseen_secret_of_later(new.name.unique_name, str(password["displayName"]))

    def find(self, name: RequestName, deadline: Deadline) -> JsonObject | None:
        """The application of a name, which reads may show late. Raises a GraphFailure."""
        backoff = Backoff(deadline, _LOOKUP_PAUSES)
        while True:
            application = self._directory.read_application_by_unique_name(name.unique_name, deadline)
            if application is not None or not backoff.wait():
                return application

    # From the application to a client

    def finish(self, application: JsonObject, secret: IssuedSecret | None, new: NewClient, exchange: Exchange) -> JsonObject:
        """The answer about a new application, once it is a client or certain to become one. Raises a GraphFailure."""
        client_id = str(application["appId"])
        completes = self._configuration.when_lagging == "complete"
        # What the directory says it stored; certificates' keys it doesn't show in this answer.
        registered = read_registered(application)._replace(certificates=new.registration.certificates)
        information = self._information(application, registered, secret, new)
        if completes and not exchange.secure(json_response(201, information)):
            self.undo(application, secret, new)
            raise DeadlineExceeded(f"client {client_id} was made when its request had been answered")
        identities, enabled = new.registration.federated_identities, not new.provenance.approval
        try:
            self._completion.complete(client_id, identities, exchange.deadline, enabled=enabled, tags=new.marks)
        except GraphFailure as failure:
            if completes and may_pass(failure):
                logger.info("client %s is completed behind its answer: %s", client_id, failure)
                self._completion.complete_later(client_id, identities, enabled=enabled, tags=new.marks)
            elif completes and not exchange.claim():
                # 201 was answered at the deadline. Without a service principal there are no tokens; it is tried on for a day.
                logger.error("client %s was answered and is refused a service principal: %s", client_id, failure)
                self._completion.complete_later(client_id, identities, enabled=enabled, tags=new.marks)
            else:
                if new.name.shared and not may_pass(failure):
                    # Equal clients are not to get one that never works.
                    self._completion.delete_unless_whole_later(client_id, str(application["id"]))
                else:
                    self.undo(application, secret, new)
                if isinstance(failure, ValueRefused):
                    # No value of the caller is in this step.
                    raise Unavailable(str(failure)) from failure
                raise
        else:
            if not exchange.claim() and not completes:
                self.undo(application, secret, new)
                raise DeadlineExceeded(f"client {client_id} was whole when its request had been answered")
        return information

    def _information(
        self, application: JsonObject, registered: Registration, secret: IssuedSecret | None, new: NewClient
    ) -> JsonObject:
        pending = {"approval": "pending"} if new.provenance.approval else {}
        if new.asked is None:
            return self._clients.information(application, registered, new.provenance.generation, secret) | pending
        return shown(application, registered._replace(redirect_uris=new.asked.redirect_uris)) | pending

    def undo(self, application: JsonObject, secret: IssuedSecret | None, new: NewClient) -> None:
        """Behind the error: delete, then purge. Of what another request under the same name may have been answered with, the
        secret of this one alone goes; what equal clients share is made whole for them."""
        client_id = str(application["appId"])
        if new.name.shared:
            self._completion.complete_later(client_id, (), enabled=not new.provenance.approval, tags=new.marks)
        elif not new.name.repeatable:
            self._completion.delete_later(client_id, str(application["id"]))
        elif secret is not None:
            self._completion.remove_secret_later(client_id, secret.secret.key_id)
