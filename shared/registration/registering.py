"""Use case: a client is registered (RFC 7591 section 3)."""

import logging
from dataclasses import replace

from shared.clock import Clock, write_time
from shared.errors import AccessDenied, Conflict, InsufficientScope, OAuthError, TemporarilyUnavailable
from shared.graph.errors import (
    GraphFailure,
    OutcomeUnknown,
    PermissionRefused,
    PolicyRefused,
    Unavailable,
    UniqueNameTaken,
    ValueRefused,
)
from shared.registration import federation, idempotency, software_statement
from shared.registration.application import Provenance, create_body, read_provenance, read_registration
from shared.registration.approval import shown_approval
from shared.registration.authorization import Principal
from shared.registration.configuration import OPEN_CALLER, RegistrationConfiguration
from shared.registration.idempotency import RequestName
from shared.registration.information import client_information
from shared.registration.issuing import IssuedSecret, SecretIssuer, issued
from shared.registration.metadata import ClientMetadata
from shared.registration.ports import ClientDirectory
from shared.registration.rate_limit import Fence
from shared.registration.registration import Registration
from shared.registration.resolution import Resolver
from shared.registration.secrets import read_secrets
from shared.registration.tags import to_tags
from shared.retry import Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

# Seconds for undoing what a failed registration began, also when the caller's time is over.
_UNDOING = 3.0
_LOOKUP_PAUSES = (0.3, 0.6, 1.0)
# How Graph refuses a service principal whose application hasn't replicated when the permission is Application.ReadWrite.OwnedBy.
_BACKING_APPLICATION = "the backing application of the service principal being created"


class Registering:
    """One POST /applications with everything in it, then its service principal; what can't be finished is undone."""

    def __init__(
        self,
        configuration: RegistrationConfiguration,
        directory: ClientDirectory,
        clock: Clock,
        resolver: Resolver,
        issuer: SecretIssuer,
    ) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clock = clock
        self._resolver = resolver
        self._issuer = issuer
        self._fence = Fence(clock)

    def register(self, principal: Principal, document: JsonObject, idempotency_key: str, deadline: Deadline) -> JsonObject:
        """The client information of a new client, or of the one that an earlier request under the same name registered.

        Raises the errors of RFC 7591 section 3.2.2, AccessDenied and TooManyRequests beyond the caller's limits, Conflict for an
        idempotency key used with another body, and a GraphFailure after undoing what had been done.
        """
        if not principal.policy.may_register:
            raise InsufficientScope("this caller may not register clients")
        now = self._clock.now()
        self._fence.pass_through(principal.name, principal.policy.registrations_per_minute)
        stated = software_statement.apply(document, principal.policy, self._configuration.statement_issuers, now)
        metadata = ClientMetadata.parse(stated)
        registration, access = self._resolver.resolve(metadata, principal.policy, None, deadline)
        name = self._name(principal, document, metadata, idempotency_key)
        self._check_number(principal, deadline)
        provenance = Provenance(
            caller=principal.name,
            policy=principal.policy.name,
            approval=principal.policy.requires_approval,
            request=(name.digest or "software") if name.repeatable else "",
        )
        try:
            application = self._create(registration, provenance, access, name, principal, deadline)
        except UniqueNameTaken:
            if not name.repeatable:
                raise
            return self._repeat(principal, name, deadline)
        except OutcomeUnknown:
            if not name.repeatable:
                self._undo_unknown(name, deadline)
            raise
        try:
            return self._finish(application, registration, provenance, deadline)
        except Exception:
            self._undo(application, deadline)
            raise

    def _name(self, principal: Principal, document: JsonObject, metadata: ClientMetadata, key: str) -> RequestName:
        """Callers without a name of their own share nothing, so nothing of theirs is repeatable."""
        mark = self._configuration.bridge_tag
        if principal.name != OPEN_CALLER:
            if key:
                return idempotency.by_key(mark, principal.name, key, document)
            if metadata.software_id and principal.policy.one_client_per_software:
                return idempotency.by_software(mark, principal.name, metadata.software_id, metadata.software_version or "")
        return idempotency.one_off(mark)

    def _check_number(self, principal: Principal, deadline: Deadline) -> None:
        """Lists lag behind, so a burst may go past the limit by as many as are registered within seconds."""
        limits = [limit for limit in (principal.policy.most_clients, principal.most_clients) if limit is not None]
        if not limits:
            return
        (tag,) = to_tags({"caller": principal.name})
        number = 0
        for page in self._directory.application_pages(tag, ("appId",), deadline):
            number += len(page)
            if number >= min(limits):
                raise AccessDenied("this caller has as many clients as it may have")

    def _create(
        self,
        registration: Registration,
        provenance: Provenance,
        access: list[JsonObject],
        name: RequestName,
        principal: Principal,
        deadline: Deadline,
    ) -> JsonObject:
        notes = f"Registered through the Entra DCR bridge by {principal.name}; its dcr: tags are part of the registration."
        ends = list(self._issuer.ends(principal.policy)) if registration.has_secret else [None]
        for attempt, end in enumerate(ends, start=1):
            password = None if end is None else {"displayName": self._issuer.name, "endDateTime": write_time(end)}
            body = create_body(
                registration,
                provenance,
                mark=self._configuration.bridge_tag,
                audience=self._configuration.sign_in_audience,
                unique_name=name.unique_name,
                notes=notes,
                access=access,
                password=password,
            )
            try:
                return self._directory.create_application(body, deadline)
            except PolicyRefused as refusal:
                if attempt == len(ends) or not refusal.lifetime:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _finish(
        self, application: JsonObject, registration: Registration, provenance: Provenance, deadline: Deadline
    ) -> JsonObject:
        client_id = application["appId"]
        try:
            self._directory.create_service_principal(client_id, deadline, account_enabled=not provenance.approval)
        except (ValueRefused, PermissionRefused) as refusal:
            if isinstance(refusal, ValueRefused) or _BACKING_APPLICATION in refusal.reason:
                # No value of the caller is in this step: the new application didn't become visible in time.
                raise Unavailable(str(refusal)) from refusal
            raise
        federation.add_all(self._directory, client_id, registration.federated_identities, deadline)
        # What the directory says it stored; certificates' keys it doesn't show in this answer.
        registered = replace(read_registration(application), certificates=registration.certificates)
        passwords = application.get("passwordCredentials") or []
        secret = issued(passwords[0]) if registration.has_secret else None
        pending = {"approval": "pending"} if provenance.approval else {}
        return self._answer(application, registered, provenance, secret) | pending

    def _answer(
        self, application: JsonObject, registration: Registration, provenance: Provenance, secret: IssuedSecret | None
    ) -> JsonObject:
        now = self._clock.now()
        return client_information(self._configuration, application, registration, provenance.generation, now, secret)

    def _repeat(self, principal: Principal, name: RequestName, deadline: Deadline) -> JsonObject:
        """An earlier request under this name made the client. Its secret can't be shown again, so the client gets another one."""
        application = self._find(name, deadline)
        if application is None:
            raise TemporarilyUnavailable("an earlier registration under this name cannot be read yet", retry_after=5)
        provenance = read_provenance(application)
        if self._configuration.bridge_tag not in (application.get("tags") or []) or provenance.caller != principal.name:
            raise Conflict("another application has the name of this registration")
        if name.digest and provenance.request != name.digest:
            raise Conflict("the Idempotency-Key was used with another request")
        client_id = application["appId"]
        self._directory.create_service_principal(client_id, deadline, account_enabled=not provenance.approval)
        registration = read_registration(application)
        if registration.federated_identities:
            federation.replace_all(self._directory, client_id, registration.federated_identities, deadline)
        approval = shown_approval(self._directory, client_id, provenance, deadline)
        secret = None
        if registration.has_secret:
            secret = self._issuer.issue(client_id, principal.policy, deadline)
            self._issuer.make_room(client_id, read_secrets(application), deadline)
        return self._answer(application, registration, provenance, secret) | approval

    def _find(self, name: RequestName, deadline: Deadline) -> JsonObject | None:
        for pause in _LOOKUP_PAUSES:
            application = self._directory.read_application_by_unique_name(name.unique_name, deadline)
            if application is not None or not deadline.pause(pause):
                return application
        return self._directory.read_application_by_unique_name(name.unique_name, deadline)

    def _undo_unknown(self, name: RequestName, deadline: Deadline) -> None:
        """No answer came to the POST: the application may be there, with a secret that nobody knows."""
        extended = deadline.extended(_UNDOING)
        try:
            application = self._find(name, extended)
        except GraphFailure as failure:
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
        except (GraphFailure, OAuthError) as failure:
            logger.error("client %s of a failed registration may be left behind: %s", client_id, failure)
