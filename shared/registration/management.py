"""Use cases: a client is read, updated, deleted (RFC 7592 section 2), or given a new secret."""

import hmac
import logging
from dataclasses import dataclass, replace

from shared.errors import InsufficientScope, InvalidClientMetadata, InvalidRequest, NotFound
from shared.graph.errors import GraphFailure, ObjectMissing
from shared.registration.application import Provenance, update_body
from shared.registration.authorization import Principal
from shared.registration.clients import Clients, ManagedClient, missing_client
from shared.registration.configuration import RegistrationContext
from shared.registration.metadata import ClientMetadata
from shared.registration.registration import Registration
from shared.registration.scopes import ScopeCatalogue
from shared.registration.secrets import IssuedSecret, SecretIssuer, match_secret
from shared.registration.software_statement import apply_statement
from shared.registration.validation import resolve_registration
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

# RFC 7592 section 2.2: a client must not send these.
_FORBIDDEN = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
# The soft-deleted object appears with some delay.
_PURGE_PAUSES = (0.3, 0.6)


@dataclass(frozen=True, slots=True)
class PresentedSecret:
    """What an update says about the secret: `current` is the secret to show in the answer, where its text is known; `renew` asks
    for a new one."""

    current: IssuedSecret | None = None
    renew: bool = False


class ClientManagement:
    """What a client with its registration access token, or a caller with a right of its own, does to a client that is there.

    Each use case begins with `Clients.load` and raises what it raises, and a GraphFailure.
    """

    def __init__(self, context: RegistrationContext, catalogue: ScopeCatalogue) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._catalogue = catalogue
        self._clients = Clients(context)
        self._issuer = SecretIssuer(context)

    def read(self, principal: Principal, client_id: str, deadline: Deadline) -> JsonObject:
        """The client information (RFC 7592 section 2.1). The secret is in it where the caller's registration access token holds
        the current one."""
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_read:
            raise InsufficientScope("this caller may not read clients")
        secret = client.unsealed_secret(principal)
        approval = self._clients.approval(client_id, client.provenance, deadline)
        return self._information(client, secret) | approval

    def update(self, principal: Principal, client_id: str, document: JsonObject, deadline: Deadline) -> JsonObject:
        """The client information after an update (RFC 7592 section 2.2): one PATCH that names every member the bridge owns, and
        a secret only where the update asks for one. Raises as `ClientRegistration.register` does.

        Graph has no ETag: of two updates at once the later PATCH wins, and wins as a whole, because each carries everything.
        """
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_update:
            raise InsufficientScope("this caller may not update clients")
        _check_members(client_id, document, by_client=principal.token is not None)
        now = self._clock.now()
        stated = apply_statement(document, client.policy, self._configuration.statement_issuers, now)
        metadata = ClientMetadata.parse(stated)
        registration = resolve_registration(metadata, client.policy, now, self._configuration.impersonated_names)
        registration, access = self._catalogue.add_scope(
            registration, metadata.scope, client.policy, deadline, client.application
        )
        presented = self._presented_secret(principal, client, registration, document)
        provenance = self._next_generation(principal, client)
        if client.provenance.approval and _needs_approval_again(client.registration, registration):
            self._clients.withdraw_approval(client_id, deadline)
        approval = self._clients.approval(client_id, provenance, deadline)
        body = update_body(registration, provenance, client.application, access)
        try:
            self._directory.update_application(client_id, body, deadline, await_replication=True)
        except ObjectMissing:
            raise missing_client(principal, client_id) from None
        if registration.federated_identities or client.registration.federated_identities:
            self._clients.replace_identities(client_id, registration.federated_identities, deadline)
        secret = self._settle_secrets(client, registration, presented, deadline)
        updated = replace(client, registration=registration, provenance=provenance)
        return self._information(updated, secret) | approval

    def delete(self, principal: Principal, client_id: str, deadline: Deadline) -> None:
        """After this the client is gone (RFC 7592 section 2.3): in the directory's deleted items, from where an administrator can
        restore it for 30 days, unless the settings say to purge it, or its name must be free for the same registration to come
        again.

        For callers with a credential of their own a client that was gone before counts as deleted, so that a portal can repeat a
        deletion whose answer it lost; a registration access token is InvalidToken then.
        """
        try:
            client = self._clients.load(principal, client_id, deadline, keys=False)
        except NotFound:
            return
        if not client.policy.may_delete:
            raise InsufficientScope("this caller may not delete clients")
        self._directory.delete_application(client_id, deadline, await_replication=True)
        if self._configuration.purge_on_delete or client.provenance.request:
            self._purge(str(client.application["id"]), client_id, deadline)

    def rotate(self, principal: Principal, client_id: str, deadline: Deadline, *, immediate: bool = False) -> JsonObject:
        """The client information with a new secret, and a registration access token that holds it. The old secret stays good for
        the overlap, then the audit removes it.

        `immediate`: the old secrets are removed before the answer; where one can't be, a GraphFailure is raised, and the same
        request again removes it. Raises InvalidRequest for a client without a secret.
        """
        client = self._clients.load(principal, client_id, deadline, keys=False)
        if not client.policy.may_rotate:
            raise InsufficientScope("this caller may not renew secrets")
        if not client.registration.has_secret:
            method = client.registration.token_endpoint_auth_method
            raise InvalidRequest(f"the client has no secret: its token_endpoint_auth_method is {method}")
        # Asked for first: after the new secret is made nothing may keep it from the caller.
        approval = self._clients.approval(client_id, client.provenance, deadline)
        secret = self._issuer.issue(client_id, client.policy, deadline)
        if immediate:
            self._issuer.remove(client_id, client.secrets, deadline)
        else:
            self._issuer.make_room(client_id, client.secrets, deadline)
        return self._information(client, secret) | approval

    # Their steps

    def _information(self, client: ManagedClient, secret: IssuedSecret | None) -> JsonObject:
        return self._clients.information(client.application, client.registration, client.provenance.generation, secret)

    def _presented_secret(
        self, principal: Principal, client: ManagedClient, registration: Registration, document: JsonObject
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
        known = client.unsealed_secret(principal)
        sent = document.get("client_secret")
        if sent is None or sent == "" or not client.secrets:
            return PresentedSecret(known)
        if not isinstance(sent, str):
            raise InvalidClientMetadata("client_secret must be a string")
        if known is not None and hmac.compare_digest(known.text.encode(), sent.encode()):
            return PresentedSecret(known)
        others = [secret for secret in client.secrets if known is None or secret.key_id != known.secret.key_id]
        match = match_secret(others, sent)
        if match is not None:
            return PresentedSecret(IssuedSecret(match, sent, proven=False))
        if principal.token or self._configuration.mismatch == "refuse" or not client.policy.may_rotate:
            raise InvalidClientMetadata("client_secret is not the current one of this client")
        return PresentedSecret(known, renew=True)

    def _next_generation(self, principal: Principal, client: ManagedClient) -> Provenance:
        """A client that updates itself gets the next generation of its token, unless the settings keep the first. One that
        comes with the generation before hasn't seen the current one yet, and gets that: else a second lost answer would lock
        it out."""
        before, token = client.provenance, principal.token
        if token is None or not self._configuration.rotate_access_tokens or token.generation < before.generation:
            return before
        return replace(before, generation=token.generation + 1, renewed=int(self._clock.now().timestamp()))

    def _settle_secrets(
        self, client: ManagedClient, registration: Registration, presented: PresentedSecret, deadline: Deadline
    ) -> IssuedSecret | None:
        """Leave the client with the secrets that its way to authenticate needs: a plain update never adds one to those it has."""
        client_id = client.client_id
        if not registration.has_secret:
            self._issuer.remove(client_id, client.secrets, deadline)
            return None
        if client.secrets and not presented.renew:
            return presented.current
        secret = self._issuer.issue(client_id, client.policy, deadline)
        self._issuer.make_room(client_id, client.secrets, deadline)
        return secret

    def _purge(self, object_id: str, client_id: str, deadline: Deadline) -> None:
        """The deletion stands whether or not this works."""
        backoff = Backoff(deadline, _PURGE_PAUSES)
        try:
            while not self._directory.purge_application(object_id, deadline):
                if not backoff.wait():
                    return
        except GraphFailure as failure:
            logger.warning("client %s is deleted and not purged: %s", client_id, failure)


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
    """What an operator approved isn't what a later update makes of it: redirects, keys and scopes that change are approved
    again."""
    return (
        before.redirect_uris != after.redirect_uris
        or before.scope != after.scope
        or before.certificates != after.certificates
        or before.federated_identities != after.federated_identities
    )
