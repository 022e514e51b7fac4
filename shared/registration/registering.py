"""Use case: a client is registered (RFC 7591 section 3): who may, what will be registered, and under which name.

The name decides whether this request makes a client of its own, is a repetition of an earlier one, or finds the client that all
equal ones share (`sharing.py`). What happens in the directory is in `creating.py`.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.errors import AccessDenied, Conflict, InsufficientScope, TemporarilyUnavailable
from shared.graph.errors import ObjectMissing, UniqueNameTaken
from shared.http.exchange import Exchange
from shared.registration.authorization import Principal
from shared.registration.certificates import check_lifetimes
from shared.registration.clients import Clients
from shared.registration.completion import Completion
from shared.registration.configuration import OPEN_CALLER, RegistrationContext
from shared.registration.creating import ClientCreation, NewClient
from shared.registration.entra_application import Provenance, read_provenance, read_registered
from shared.registration.idempotency import RequestName, name_by_key, name_by_software, name_once
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import without_secrets
from shared.registration.rate_limit import RateLimit
from shared.registration.scopes import ScopeCatalogue
from shared.registration.secrets import MOST_SECRETS, read_secrets
from shared.registration.software_statement import apply_statement
from shared.registration.tags import to_tags
from shared.registration.validation import resolve_registration
from shared.retry import Deadline
from shared.strict_json import JsonObject

if TYPE_CHECKING:
    from shared.registration.sharing import SharedClients


class ClientRegistration:
    """Registers clients. One object serves all requests of a worker."""

    def __init__(self, context: RegistrationContext, catalogue: ScopeCatalogue, clients: Clients, completion: Completion) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._memory = context.memory
        self._rules = context.rules
        self._catalogue = catalogue
        self._clients = clients
        self._completion = completion
        self._creation = ClientCreation(context, clients, completion)
        self._context = context
        self._rate_limit = RateLimit(context.clock)

    def register(self, principal: Principal, document: JsonObject, idempotency_key: str, exchange: Exchange) -> JsonObject:
        """The client information of a new client, or of the one that an earlier request under the same name registered.

        Raises the errors of RFC 7591 section 3.2.2, AccessDenied and TooManyRequests beyond the caller's limits, Conflict for an
        idempotency key used with another body, and a GraphFailure, after which nothing is left that can get a token.
        """
        policy, deadline = principal.policy, exchange.deadline
        if not policy.may_register:
            raise InsufficientScope("this caller may not register clients")
        if policy.share_public_clients == "never":
            self._rate_limit.count(principal.name, policy.registrations_per_minute)
        # RFC 7591 section 2.3: what the statement says comes before what the client says.
        now = self._clock.now()
        metadata = ClientMetadata.parse(apply_statement(document, policy, self._configuration.statement_issuers, now))
        rules = self._rules()
        policy = policy if rules.secrets else without_secrets(policy)
        # Section 2: every rule that the bridge can judge, then the scopes, which the directory has to know.
        registration = resolve_registration(metadata, policy, now, self._configuration.impersonated_names)
        check_lifetimes(registration.certificates, rules.longest_certificate)
        registration, access = self._catalogue.add_scope(registration, metadata.scope, policy, deadline)
        name = self._name(principal, document, metadata, idempotency_key)
        provenance = Provenance(
            principal.name,
            policy.name,
            approval=policy.requires_approval,
            request=(name.digest or "software") if name.repeatable else "",
            lagging=self._configuration.when_lagging,
        )
        new = NewClient(registration, access, provenance, name, principal)
        if policy.share_public_clients != "never" and (shared := self._shared.as_shared(new)) is not None:
            return self._shared.register(shared, exchange, self._admit)
        # Section 3.2.1: the client is created, with its secret, and answered with all that is registered.
        self._admit(principal, deadline)
        try:
            application, secret = self._creation.create(new, deadline)
        except UniqueNameTaken:
            if not name.repeatable:
                raise
            return self._repeat(new, exchange)
        return self._creation.finish(application, secret, new, exchange)

    @cached_property
    def _shared(self) -> "SharedClients":
        # Loaded with the first policy that has clients shared.
        from shared.registration.sharing import SharedClients

        return SharedClients(self._context, self._clients, self._creation)

    def _name(self, principal: Principal, document: JsonObject, metadata: ClientMetadata, key: str) -> RequestName:
        """Callers without a name of their own share nothing, so nothing of theirs is repeatable."""
        mark = self._configuration.bridge_tag
        if principal.name != OPEN_CALLER:
            if key:
                return name_by_key(mark, principal.name, key, document)
            if metadata.software_id and principal.policy.one_client_per_software:
                return name_by_software(mark, principal.name, metadata.software_id, metadata.software_version or "")
        return name_once(mark)

    def _admit(self, principal: Principal, deadline: Deadline) -> None:
        """One more client of this caller. Lists lag behind, so a burst may go past the limit by as many as are registered within
        seconds. Raises TooManyRequests, AccessDenied, and a GraphFailure."""
        if principal.policy.share_public_clients != "never":
            # Not counted at the door: an equal client costs nothing.
            self._rate_limit.count(principal.name, principal.policy.registrations_per_minute)
        limits = [limit for limit in (principal.policy.most_clients, principal.most_clients) if limit is not None]
        if not limits:
            return
        (tag,) = to_tags({"caller": principal.name})
        number = 0
        for page in self._directory.tagged_pages("applications", tag, ("appId",), deadline):
            number += len(page)
            if number >= min(limits):
                raise AccessDenied("this caller has as many clients as it may have")

    def _repeat(self, new: NewClient, exchange: Exchange) -> JsonObject:
        """An earlier request under this name made the client. Its secret can't be shown again, so the client gets another one.

        Reads show a deleted client for a while, so a write proves that it lives: the new secret, or a PATCH that changes nothing.
        """
        name, deadline = new.name, exchange.deadline
        application = self._creation.find(name, deadline)
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
                secret = self._creation.issuer.issue(client_id, new.principal.policy, deadline)
            else:
                alive = {"api": {"requestedAccessTokenVersion": 2}}
                self._directory.update_application(client_id, alive, deadline, await_replication=True)
        except ObjectMissing as missing:
            raise TemporarilyUnavailable("an earlier registration under this name is being undone", retry_after=10) from missing
        repeated = new._replace(registration=registration, provenance=provenance)
        information = self._creation.finish(application, secret, repeated, exchange)
        if secret is not None:
            self._completion.note_told_later(client_id, secret.secret.key_id)
        return information | self._clients.approval(client_id, provenance, deadline)

    def _register_under_next_name(self, new: NewClient, exchange: Exchange) -> JsonObject:
        """The name is taken and its application isn't seen: the worker that deleted it ended before it could purge it."""
        following = new._replace(name=new.name.next())
        try:
            application, secret = self._creation.create(following, exchange.deadline)
        except UniqueNameTaken:
            return self._repeat(following, exchange)
        return self._creation.finish(application, secret, following, exchange)
