"""Use case: a client is registered (RFC 7591 section 3)."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from shared.clock import write_time
from shared.errors import AccessDenied, Conflict, InsufficientScope, OAuthError, TemporarilyUnavailable
from shared.graph import errors as graph
from shared.registration.application import Provenance, create_body, read_provenance, read_registered
from shared.registration.authorization import Principal
from shared.registration.clients import Clients
from shared.registration.configuration import OPEN_CALLER, RegistrationContext
from shared.registration.idempotency import RequestName, name_by_key, name_by_software, name_once
from shared.registration.metadata import ClientMetadata
from shared.registration.rate_limit import RateLimit
from shared.registration.registration import Registration
from shared.registration.scopes import ScopeCatalogue
from shared.registration.secrets import SecretIssuer, read_issued_secret, read_secrets
from shared.registration.software_statement import apply_statement
from shared.registration.tags import to_tags
from shared.registration.validation import resolve_registration
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

# Seconds for undoing what a failed registration began, also when the caller's time is over.
_UNDOING = 3.0
_LOOKUP_PAUSES = (0.3, 0.6, 1.0)
# How Graph refuses a service principal whose application hasn't replicated when the permission is Application.ReadWrite.OwnedBy.
_BACKING_APPLICATION = "the backing application of the service principal being created"


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is to be created: the registration, its requiredResourceAccess, and what the bridge notes about it."""

    registration: Registration
    access: list[JsonObject]
    provenance: Provenance


class ClientRegistration:
    """One POST /applications with everything in it, then its service principal; what can't be finished is undone."""

    def __init__(self, context: RegistrationContext, catalogue: ScopeCatalogue) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._catalogue = catalogue
        self._clients = Clients(context)
        self._issuer = SecretIssuer(context)
        self._rate_limit = RateLimit(context.clock)

    def register(self, principal: Principal, document: JsonObject, idempotency_key: str, deadline: Deadline) -> JsonObject:
        """The client information of a new client, or of the one that an earlier request under the same name registered.

        Raises the errors of RFC 7591 section 3.2.2, AccessDenied and TooManyRequests beyond the caller's limits, Conflict for an
        idempotency key used with another body, and a GraphFailure after undoing what had been done.
        """
        policy = principal.policy
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
        request = (name.digest or "software") if name.repeatable else ""
        provenance = Provenance(principal.name, policy.name, approval=policy.requires_approval, request=request)
        new = NewClient(registration, access, provenance)
        # Section 3.2.1: the client is created, with its secret, and answered with all that is registered.
        try:
            application = self._create(new, name, principal, deadline)
        except graph.UniqueNameTaken:
            if not name.repeatable:
                raise
            return self._repeat(principal, name, deadline)
        except graph.OutcomeUnknown:
            if not name.repeatable:
                self._undo_unknown(name, deadline)
            raise
        try:
            return self._finish(application, new, deadline)
        except Exception:
            self._undo(application, deadline)
            raise

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

    def _create(self, new: NewClient, name: RequestName, principal: Principal, deadline: Deadline) -> JsonObject:
        """The new application, everything at once, so that one request makes a client or none. Graph generates the secret, which
        lives as long as the tenant's policy lets it."""
        body = create_body(new.registration, new.provenance, new.access, mark=self._configuration.bridge_tag)
        body |= {
            "signInAudience": self._configuration.sign_in_audience,
            "uniqueName": name.unique_name,
            "notes": f"Registered through the Entra DCR bridge by {principal.name}; its dcr: tags are part of the registration.",
        }
        if not new.registration.has_secret:
            return self._directory.create_application(body, deadline)

        def create(end: datetime) -> JsonObject:
            password = {"displayName": self._issuer.name, "endDateTime": write_time(end)}
            return self._directory.create_application({**body, "passwordCredentials": [password]}, deadline)

        return self._issuer.for_a_lifetime(principal.policy, create)

    def _finish(self, application: JsonObject, new: NewClient, deadline: Deadline) -> JsonObject:
        """What a new application needs to be a client, and the answer about it."""
        client_id = application["appId"]
        try:
            self._directory.create_service_principal(client_id, deadline, account_enabled=not new.provenance.approval)
        except (graph.ValueRefused, graph.PermissionRefused) as refusal:
            if isinstance(refusal, graph.ValueRefused) or _BACKING_APPLICATION in refusal.reason:
                # No value of the caller is in this step: the new application didn't become visible in time.
                raise graph.Unavailable(str(refusal)) from refusal
            raise
        self._clients.add_identities(client_id, new.registration.federated_identities, deadline)
        # What the directory says it stored; certificates' keys it doesn't show in this answer.
        registered = replace(read_registered(application), certificates=new.registration.certificates)
        passwords = application.get("passwordCredentials") or []
        secret = read_issued_secret(passwords[0]) if new.registration.has_secret else None
        pending = {"approval": "pending"} if new.provenance.approval else {}
        return self._clients.information(application, registered, new.provenance.generation, secret) | pending

    def _repeat(self, principal: Principal, name: RequestName, deadline: Deadline) -> JsonObject:
        """An earlier request under this name made the client. Its secret can't be shown again, so the client gets another one."""
        application = self._find(name, deadline)
        if application is not None:
            application = self._clients.with_keys(application, deadline)
        if application is None:
            raise TemporarilyUnavailable("an earlier registration under this name cannot be read yet", retry_after=5)
        provenance = read_provenance(application)
        if self._configuration.bridge_tag not in (application.get("tags") or []) or provenance.caller != principal.name:
            raise Conflict("another application has the name of this registration")
        if name.digest and provenance.request != name.digest:
            raise Conflict("the Idempotency-Key was used with another request")
        client_id = application["appId"]
        self._directory.create_service_principal(client_id, deadline, account_enabled=not provenance.approval)
        registration = read_registered(application)
        if registration.federated_identities:
            self._clients.replace_identities(client_id, registration.federated_identities, deadline)
        approval = self._clients.approval(client_id, provenance, deadline)
        secret = None
        if registration.has_secret:
            secret = self._issuer.issue(client_id, principal.policy, deadline)
            self._issuer.make_room(client_id, read_secrets(application), deadline)
        return self._clients.information(application, registration, provenance.generation, secret) | approval

    def _find(self, name: RequestName, deadline: Deadline) -> JsonObject | None:
        backoff = Backoff(deadline, _LOOKUP_PAUSES)
        while True:
            application = self._directory.read_application_by_unique_name(name.unique_name, deadline)
            if application is not None or not backoff.wait():
                return application

    # Undoing

    def _undo_unknown(self, name: RequestName, deadline: Deadline) -> None:
        """No answer came to the POST: the application may be there, with a secret that nobody knows."""
        extended = deadline.extended(_UNDOING)
        try:
            application = self._find(name, extended)
        except graph.GraphFailure as failure:
            logger.error("an application named %s may be left behind: %s", name.unique_name, failure)
            return
        if application is None:
            logger.warning("no application named %s was found after a creation without an answer", name.unique_name)
        else:
            self._undo(application, extended)

    def _undo(self, application: JsonObject, deadline: Deadline) -> None:
        """Delete, then purge, so that neither the name nor the quota stays taken. A crash before this is the audit's to find."""
        extended = deadline.extended(_UNDOING)
        client_id = application["appId"]
        try:
            self._directory.delete_application(client_id, extended, await_replication=True)
            self._directory.purge_application(application["id"], extended)
        except (graph.GraphFailure, OAuthError) as failure:
            logger.error("client %s of a failed registration may be left behind: %s", client_id, failure)
