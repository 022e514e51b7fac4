"""Use case: a client is registered (RFC 7591 section 3).

Two calls in the usual case: the application with its secret and everything else, then its service principal, without which no
token can be had. A lost answer is settled by asking again under the same uniqueName, which Graph checks where it writes: a second
creation succeeds only if the first one didn't happen. What lag leaves open is completed behind the answer (`completion.py`).
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from shared.clock import write_time
from shared.errors import AccessDenied, Conflict, InsufficientScope, TemporarilyUnavailable
from shared.graph.errors import (
    DeadlineExceeded,
    GraphFailure,
    ObjectMissing,
    OutcomeUnknown,
    Unavailable,
    UniqueNameTaken,
    ValueRefused,
)
from shared.http.exchange import Exchange
from shared.http.message import json_response
from shared.registration.authorization import Principal
from shared.registration.clients import Clients
from shared.registration.completion import Completion, may_pass
from shared.registration.configuration import OPEN_CALLER, RegistrationContext
from shared.registration.entra_application import Provenance, create_body, read_provenance, read_registered
from shared.registration.idempotency import RequestName, name_by_key, name_by_software, name_once
from shared.registration.metadata import ClientMetadata
from shared.registration.rate_limit import RateLimit
from shared.registration.registration import Registration
from shared.registration.scopes import ScopeCatalogue
from shared.registration.secrets import MOST_SECRETS, IssuedSecret, SecretIssuer, read_secrets
from shared.registration.software_statement import apply_statement
from shared.registration.tags import to_tags
from shared.registration.validation import resolve_registration
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

_LOST_PAUSES = (0.2, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 3.0)
_LOOKUP_PAUSES = (0.3, 0.6, 1.0)
# How tenants refuse a password in the creation that they take afterwards.
_PASSWORDS_BY_ACTION = "must be generated using service actions"


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is to be created: the registration, its requiredResourceAccess, what the bridge notes about it, and for whom."""

    registration: Registration
    access: list[JsonObject]
    provenance: Provenance
    name: RequestName
    principal: Principal


class ClientRegistration:
    """Registers clients. One object serves all requests of a worker."""

    def __init__(self, context: RegistrationContext, catalogue: ScopeCatalogue, clients: Clients, completion: Completion) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._memory = context.memory
        self._catalogue = catalogue
        self._clients = clients
        self._completion = completion
        self._issuer = SecretIssuer(context, completion)
        self._rate_limit = RateLimit(context.clock)

    def register(self, principal: Principal, document: JsonObject, idempotency_key: str, exchange: Exchange) -> JsonObject:
        """The client information of a new client, or of the one that an earlier request under the same name registered.

        Raises the errors of RFC 7591 section 3.2.2, AccessDenied and TooManyRequests beyond the caller's limits, Conflict for an
        idempotency key used with another body, and a GraphFailure, after which nothing is left that can get a token.
        """
        policy, deadline = principal.policy, exchange.deadline
        if not policy.may_register:
            raise InsufficientScope("this caller may not register clients")
        self._rate_limit.count(principal.name, policy.registrations_per_minute)
        # RFC 7591 section 2.3: what the statement says comes before what the client says.
        now = self._clock.now()
        metadata = ClientMetadata.parse(apply_statement(document, policy, self._configuration.statement_issuers, now))
        # Section 2: every rule that the bridge can judge, then the scopes, which the directory has to know.
        registration = resolve_registration(metadata, policy, now, self._configuration.impersonated_names)
        registration, access = self._catalogue.add_scope(registration, metadata.scope, policy, deadline)
        name = self._name(principal, document, metadata, idempotency_key)
        self._check_number(principal, deadline)
        provenance = Provenance(
            principal.name,
            policy.name,
            approval=policy.requires_approval,
            request=(name.digest or "software") if name.repeatable else "",
            lagging=self._configuration.when_lagging,
        )
        # Section 3.2.1: the client is created, with its secret, and answered with all that is registered.
        new = NewClient(registration, access, provenance, name, principal)
        try:
            application, secret = self._create(new, deadline)
        except UniqueNameTaken:
            if not name.repeatable:
                raise
            return self._repeat(new, exchange)
        return self._finish(application, secret, new, exchange)

    def _name(self, principal: Principal, document: JsonObject, metadata: ClientMetadata, key: str) -> RequestName:
        """Callers without a name of their own share nothing, so nothing of theirs is repeatable."""
        mark = self._configuration.bridge_tag
        if principal.name != OPEN_CALLER:
            if key:
                return name_by_key(mark, principal.name, key, document)
            if metadata.software_id and principal.policy.one_client_per_software:
                return name_by_software(mark, principal.name, metadata.software_id, metadata.software_version or "")
        return name_once(mark)

    def _check_number(self, principal: Principal, deadline: Deadline) -> None:
        """Lists lag behind, so a burst may go past the limit by as many as are registered within seconds."""
        limits = [limit for limit in (principal.policy.most_clients, principal.most_clients) if limit is not None]
        if not limits:
            return
        (tag,) = to_tags({"caller": principal.name})
        number = 0
        for page in self._directory.tagged_pages("applications", tag, ("appId",), deadline):
            number += len(page)
            if number >= min(limits):
                raise AccessDenied("this caller has as many clients as it may have")

    # The application

    def _create(self, new: NewClient, deadline: Deadline) -> tuple[JsonObject, IssuedSecret | None]:
        """The new application and its secret. Raises UniqueNameTaken where another request under a repeatable name made it."""
        if not new.registration.has_secret:
            return self._create_settled(new, None, deadline)[0], None
        name, client_policy = self._issuer.make_name(), new.principal.policy

        def create(end: datetime) -> tuple[JsonObject, bool]:
            return self._create_settled(new, {"displayName": name, "endDateTime": write_time(end)}, deadline)

        try:
            application, answered = self._issuer.for_a_lifetime(client_policy, create)
        except ValueRefused as refusal:
            if _PASSWORDS_BY_ACTION not in refusal.reason:
                raise
            application, answered = self._create_settled(new, None, deadline)[0], True
        passwords = application.get("passwordCredentials") or []
        if answered and passwords and passwords[0].get("secretText"):
            return application, self._issuer.remember(application["appId"], passwords[0])
        if not answered:
            # The application is ours, and its first secret was in the answer that got lost.
            self._completion.remove_unseen_secret_later(application["appId"], name)
        try:
            return application, self._issuer.issue(application["appId"], client_policy, deadline)
        except GraphFailure:
            self._undo(application, None, new)
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
                    application = self._find(new.name, deadline)
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

    def _find(self, name: RequestName, deadline: Deadline) -> JsonObject | None:
        backoff = Backoff(deadline, _LOOKUP_PAUSES)
        while True:
            application = self._directory.read_application_by_unique_name(name.unique_name, deadline)
            if application is not None or not backoff.wait():
                return application

    # From the application to a client

    def _finish(self, application: JsonObject, secret: IssuedSecret | None, new: NewClient, exchange: Exchange) -> JsonObject:
        """The answer about a new application, once it is a client or certain to become one."""
        client_id = str(application["appId"])
        completes = self._configuration.when_lagging == "complete"
        # What the directory says it stored; certificates' keys it doesn't show in this answer.
        registered = replace(read_registered(application), certificates=new.registration.certificates)
        pending = {"approval": "pending"} if new.provenance.approval else {}
        information = self._clients.information(application, registered, new.provenance.generation, secret) | pending
        if completes and not exchange.secure(json_response(201, information)):
            self._undo(application, secret, new)
            raise DeadlineExceeded(f"client {client_id} was made when its request had been answered")
        identities, enabled = new.registration.federated_identities, not new.provenance.approval
        try:
            self._completion.complete(client_id, identities, exchange.deadline, enabled=enabled)
        except GraphFailure as failure:
            if completes and may_pass(failure):
                logger.info("client %s is completed behind its answer: %s", client_id, failure)
                self._completion.complete_later(client_id, identities, enabled=enabled)
            elif completes and not exchange.claim():
                # 201 was answered at the deadline. Without a service principal there are no tokens; it is tried on for a day.
                logger.error("client %s was answered and is refused a service principal: %s", client_id, failure)
                self._completion.complete_later(client_id, identities, enabled=enabled)
            else:
                self._undo(application, secret, new)
                if isinstance(failure, ValueRefused):
                    # No value of the caller is in this step.
                    raise Unavailable(str(failure)) from failure
                raise
        else:
            if not exchange.claim() and not completes:
                self._undo(application, secret, new)
                raise DeadlineExceeded(f"client {client_id} was whole when its request had been answered")
        return information

    def _undo(self, application: JsonObject, secret: IssuedSecret | None, new: NewClient) -> None:
        """Behind the error: delete, then purge. Of what another request under the same name may have been answered with, the
        secret of this one alone goes."""
        if not new.name.repeatable:
            self._completion.delete_later(str(application["appId"]), str(application["id"]))
        elif secret is not None:
            self._completion.remove_secret_later(str(application["appId"]), secret.secret.key_id)

    def _repeat(self, new: NewClient, exchange: Exchange) -> JsonObject:
        """An earlier request under this name made the client. Its secret can't be shown again, so the client gets another one.

        Reads show a deleted client for a while, so a write proves that it lives: the new secret, or a PATCH that changes nothing.
        """
        name, deadline = new.name, exchange.deadline
        application = self._find(name, deadline)
        if application is not None:
            application = self._clients.with_keys(application, deadline)
        if application is None:
            if self._memory.is_name_stuck(name.unique_name):
                return self._register_under_next_name(new, exchange)
            raise TemporarilyUnavailable("an earlier registration under this name cannot be read yet", retry_after=5)
        provenance = read_provenance(application)
        if self._configuration.bridge_tag not in (application.get("tags") or []) or provenance.caller != new.principal.name:
            raise Conflict("another application has the name of this registration")
        if name.digest and provenance.request != name.digest:
            raise Conflict("the Idempotency-Key was used with another request")
        client_id = str(application["appId"])
        registration = read_registered(application)
        if registration.has_secret and len(read_secrets(application)) >= MOST_SECRETS:
            raise Conflict(f"the client of this name has {MOST_SECRETS} secrets; remove those that nobody uses")
        secret = None
        try:
            if registration.has_secret:
                secret = self._issuer.issue(client_id, new.principal.policy, deadline)
            else:
                alive = {"api": {"requestedAccessTokenVersion": 2}}
                self._directory.update_application(client_id, alive, deadline, await_replication=True)
        except ObjectMissing as missing:
            raise TemporarilyUnavailable("an earlier registration under this name is being undone", retry_after=10) from missing
        repeated = replace(new, registration=registration, provenance=provenance)
        information = self._finish(application, secret, repeated, exchange)
        if secret is not None:
            self._completion.note_told_later(client_id, secret.secret.key_id)
        return information | self._clients.approval(client_id, provenance, deadline)

    def _register_under_next_name(self, new: NewClient, exchange: Exchange) -> JsonObject:
        """The name is taken and its application isn't seen: the worker that deleted it ended before it could purge it."""
        following = replace(new, name=new.name.next())
        try:
            application, secret = self._create(following, exchange.deadline)
        except UniqueNameTaken:
            return self._repeat(following, exchange)
        return self._finish(application, secret, following, exchange)
