"""Use cases: a client is read, updated, deleted (RFC 7592 section 2), or given a new secret."""

import hmac
from dataclasses import dataclass

from shared.errors import (
    Conflict,
    InsufficientScope,
    InvalidClientMetadata,
    InvalidRequest,
    NotFound,
    TemporarilyUnavailable,
)
from shared.graph.errors import GraphFailure, PolicyRefused
from shared.http.exchange import Exchange
from shared.registration.authorization import Principal
from shared.registration.certificates import check_lifetimes, refused_by_tenant
from shared.registration.clients import Clients, ManagedClient
from shared.registration.completion import CREDENTIAL_SPACING, Completion, may_pass
from shared.registration.configuration import OPEN_CALLER, RegistrationContext
from shared.registration.entra_application import Provenance, update_body
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import without_secrets
from shared.registration.registration import Registration
from shared.registration.scopes import ScopeCatalogue
from shared.registration.secrets import MOST_SECRETS, ClientSecret, IssuedSecret, SecretIssuer, match_secret, read_secrets
from shared.registration.software_statement import apply_statement
from shared.registration.validation import resolve_registration
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

# RFC 7592 section 2.2: a client must not send these.
_FORBIDDEN = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
PENDING: JsonObject = {"approval": "pending"}
GRANTED: JsonObject = {"approval": "granted"}
# Seconds for which a list of secrets without the one that a portal presents is read again.
_REREADING = 2.0
_REREAD_PAUSES = (0.5, 1.0)


@dataclass(frozen=True, slots=True)
class PresentedSecret:
    """What an update says about the secret: `current` is the secret to show in the answer, where its text is known; `renew` asks
    for a new one."""

    current: IssuedSecret | None = None
    renew: bool = False


class ClientManagement:
    """What a client with its registration access token, or a caller with a right of its own, does to a client that exists.

    Each use case begins with `Clients.load` and raises what it raises, and a GraphFailure. What follows its decisive write is
    done behind the answer where the directory lags.
    """

    def __init__(self, context: RegistrationContext, catalogue: ScopeCatalogue, clients: Clients, completion: Completion) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._memory = context.memory
        self._rules = context.rules
        self._catalogue = catalogue
        self._clients = clients
        self._completion = completion
        self._issuer = SecretIssuer(context, completion)

    def read(self, principal: Principal, client_id: str, deadline: Deadline) -> JsonObject:
        """The client information (RFC 7592 section 2.1). The secret is in it where the caller's registration access token holds
        the current one."""
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_read:
            raise InsufficientScope("this caller may not read clients")
        secret = client.unsealed_secret(principal, self._clock.now())
        return self._information(client, secret) | self._clients.approval(client_id, client.provenance, deadline)

    def update(self, principal: Principal, client_id: str, document: JsonObject, exchange: Exchange) -> JsonObject:
        """The client information after an update (RFC 7592 section 2.2): one PATCH that names every member the bridge owns, and
        a secret only where the update asks for one. Raises as `ClientRegistration.register` does.

        Graph has no ETag: of two updates at once the later PATCH wins, and wins as a whole, because each carries everything.
        """
        deadline = exchange.deadline
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_update:
            raise InsufficientScope("this caller may not update clients")
        if client.provenance.shared:
            raise InsufficientScope("the client is shared by all that are equal, so that it cannot become another one")
        _check_members(client_id, document, by_client=principal.token is not None)
        now = self._clock.now()
        stated = apply_statement(document, client.policy, self._configuration.statement_issuers, now)
        metadata = ClientMetadata.parse(stated)
        rules = self._rules()
        # Whoever has a secret keeps it.
        allowed = client.policy if rules.secrets or client.registration.has_secret else without_secrets(client.policy)
        registration = resolve_registration(metadata, allowed, now, self._configuration.impersonated_names)
        if registration.certificates != client.registration.certificates:
            check_lifetimes(registration.certificates, rules.longest_certificate)
        registration, access = self._catalogue.add_scope(
            registration, metadata.scope, client.policy, deadline, client.application
        )
        presented = self._presented_secret(principal, client, registration, document, deadline)
        updated = client._replace(registration=registration, provenance=self._next_generation(principal, client))
        approval = self._clients.approval(client_id, client.provenance, deadline)
        again = bool(approval) and _needs_approval_again(client.registration, registration)
        if again:
            self._clients.set_enabled(client_id, False, deadline)
        body = update_body(registration, updated.provenance, client.application, access)
        try:
            self._directory.update_application(client_id, body, deadline, await_replication=True)
        except GraphFailure as failure:
            if again and approval == GRANTED and not may_pass(failure):
                # What was approved is still what is registered.
                self._completion.set_enabled_later(client_id, True)
            if isinstance(failure, PolicyRefused):
                raise refused_by_tenant(failure) from failure
            raise
        if registration.federated_identities or client.registration.federated_identities:
            self._completion.replace_identities_soon(client_id, registration.federated_identities, deadline)
        secret = presented.current
        if not registration.has_secret:
            self._remove_spaced(client_id, client.secrets)
        elif presented.renew or not client.secrets:
            secret = self._issuer.issue(client_id, client.policy, deadline)
        self._settle(exchange, client_id, secret if secret is not presented.current else None)
        return self._information(updated, secret) | (PENDING if again else approval)

    def delete(self, principal: Principal, client_id: str, deadline: Deadline) -> None:
        """After this the client is gone (RFC 7592 section 2.3): in the directory's deleted items, from where an administrator can
        restore it for 30 days, unless the settings say to purge it, or its name must be free for the same registration to come
        again. Graph has said so: a client that replicas don't know of may only be young.

        For callers with a credential of their own a client that was gone before counts as deleted, so that a portal can repeat a
        deletion whose answer it lost; a registration access token is InvalidToken then.
        """
        try:
            client = self._clients.load(principal, client_id, deadline, keys=False)
        except NotFound:
            return
        if not client.policy.may_delete:
            raise InsufficientScope("this caller may not delete clients")
        provenance = client.provenance
        # Deleted objects count to the quota, which nobody who registers without an account of its own is to use up in circles.
        ephemeral = provenance.caller == OPEN_CALLER or provenance.caller.startswith("initial:")
        purges = self._configuration.purge_on_delete or provenance.request or ephemeral
        try:
            self._directory.delete_application(client_id, deadline, await_replication=True)
        except GraphFailure:
            if purges:
                # An attempt whose answer was lost may have done it, and the next request can't find the client to purge it.
                self._completion.purge_later(str(client.application["id"]), client_id, sought=True)
            raise
        self._memory.note_deleted(client_id)
        if purges:
            self._completion.purge_later(str(client.application["id"]), client_id)

    def rotate(self, principal: Principal, client_id: str, exchange: Exchange, *, immediate: bool = False) -> JsonObject:
        """The client information with a new secret, and a registration access token that holds it. The old secret stays good for
        the overlap, then the audit removes it.

        `immediate`: the old secrets are removed behind the answer, as far apart as Entra needs it; the answer says so by
        `old_secrets`, an extension of this bridge. Raises InvalidRequest for a client without a secret, and Conflict for one that
        has too many.
        """
        deadline = exchange.deadline
        client = self._clients.load(principal, client_id, deadline, keys=False)
        if not client.policy.may_rotate:
            raise InsufficientScope("this caller may not renew secrets")
        if not client.registration.has_secret:
            method = client.registration.token_endpoint_auth_method
            raise InvalidRequest(f"the client has no secret: its token_endpoint_auth_method is {method}")
        if len(client.secrets) >= MOST_SECRETS:
            raise Conflict(f"the client has {MOST_SECRETS} secrets; remove those that nobody uses")
        # Asked for first: after the new secret is made nothing may keep it from the caller.
        approval = self._clients.approval(client_id, client.provenance, deadline)
        secret = self._issuer.issue(client_id, client.policy, deadline, only=immediate)
        information = self._information(client, secret) | approval
        if immediate and client.secrets:
            information["old_secrets"] = "ending"
        if self._settle(exchange, client_id, secret) and immediate:
            self._remove_spaced(client_id, client.secrets)
        return information

    # Their steps

    def _information(self, client: ManagedClient, secret: IssuedSecret | None) -> JsonObject:
        return self._clients.information(client.application, client.registration, client.provenance.generation, secret)

    def _settle(self, exchange: Exchange, client_id: str, issued: IssuedSecret | None) -> bool:
        """Decide whether this answer is the one that is given. A new secret is told with it, or goes, since none carried it."""
        answers = exchange.claim()
        if issued is not None and answers:
            self._completion.note_told_later(client_id, issued.secret.key_id)
        elif issued is not None:
            self._completion.remove_secret_later(client_id, issued.secret.key_id)
        return answers

    def _remove_spaced(self, client_id: str, secrets: tuple[ClientSecret, ...]) -> None:
        for number, secret in enumerate(secrets):
            self._completion.remove_secret_later(client_id, secret.key_id, after=CREDENTIAL_SPACING * (number + 1))

    def _presented_secret(
        self,
        principal: Principal,
        client: ManagedClient,
        registration: Registration,
        document: JsonObject,
        deadline: Deadline,
    ) -> PresentedSecret:
        """Compare the client_secret of the update with those of the client. RFC 7592 section 2.2 wants the current one there,
        MuleSoft's portal asks for a new one by another: a client with its own token gets the RFC's rule whatever the settings
        say, a portal the one that is set. An empty string says nothing, as null does.

        Entra tells of a secret its first three characters and no more, so a match by those is believed for an echo and not sealed
        into a token. The text in the caller's own token is compared whole. Raises InvalidClientMetadata where the member isn't a
        string, or isn't a current secret and asks for none.
        """
        if not registration.has_secret:
            return PresentedSecret()
        known = client.unsealed_secret(principal, self._clock.now())
        sent = document.get("client_secret")
        if sent is None or sent == "" or not client.secrets:
            return PresentedSecret(known)
        if not isinstance(sent, str):
            raise InvalidClientMetadata("client_secret must be a string")
        if known is not None and hmac.compare_digest(known.text.encode(), sent.encode()):
            return PresentedSecret(known)
        match = self._match(client, known, sent, deadline)
        if match is not None:
            return PresentedSecret(IssuedSecret(match, sent, proven=False))
        if principal.token or self._configuration.mismatch == "refuse" or not client.policy.may_rotate:
            raise InvalidClientMetadata("client_secret is not the current one of this client")
        return PresentedSecret(known, renew=True)

    def _match(self, client: ManagedClient, known: IssuedSecret | None, sent: str, deadline: Deadline) -> ClientSecret | None:
        """The secret that `sent` may be. A list without it may be behind: it is read again for a moment, and this worker knows
        which secrets it has given. Raises TemporarilyUnavailable for one of those that no read shows."""
        secrets = client.secrets
        backoff = Backoff(Deadline.after(self._clock, min(_REREADING, deadline.remaining())), _REREAD_PAUSES)
        issued = self._memory.issued_key_id(client.client_id, sent)
        while True:
            own = next((secret for secret in secrets if secret.key_id == issued), None)
            match = own or match_secret((s for s in secrets if known is None or s.key_id != known.secret.key_id), sent)
            if match is not None:
                return match
            if not backoff.wait():
                if issued is not None:
                    raise TemporarilyUnavailable("the client's secrets cannot be read now", detail="the list is behind")
                return None
            application = self._directory.read_application(client.client_id, deadline, select=("appId", "passwordCredentials"))
            secrets = secrets if application is None else read_secrets(application)

    def _next_generation(self, principal: Principal, client: ManagedClient) -> Provenance:
        """A client that updates itself gets the next generation of its token, unless the settings keep the first. Generations
        never go back, whatever a replica says."""
        before, token = client.provenance, principal.token
        if token is None or not self._configuration.rotate_access_tokens:
            return before
        return before._replace(generation=max(token.generation, before.generation) + 1)


def _check_members(client_id: str, document: JsonObject, *, by_client: bool) -> None:
    """RFC 7592 section 2.2: the client's id must be there and be right, four members must not. Portals with a credential of their
    own leave the id out or send null for what they don't know; they are held to the id alone."""
    sent = document.get("client_id")
    if sent != client_id and (by_client or sent is not None):
        raise InvalidClientMetadata("client_id must be the id of the client that is updated")
    if by_client:
        for member in _FORBIDDEN:
            if document.get(member) is not None:
                raise InvalidClientMetadata(f"{member} must not be sent in an update")


def _needs_approval_again(before: Registration, after: Registration) -> bool:
    """Whether an update makes something else of what an operator approved: approval goes with what people see of a client,
    where it redirects, and what it can do."""
    approved = (
        *("client_name", "client_uri", "logo_uri", "client_type", "grant_types", "token_endpoint_auth_method", "redirect_uris"),
        *("scope", "certificates", "federated_identities"),
    )
    return any(getattr(before, name) != getattr(after, name) for name in approved)
