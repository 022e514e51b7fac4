"""Use case: a client's metadata are replaced (RFC 7592 section 2.2)."""

from dataclasses import replace
from typing import Literal

from shared.clock import Clock
from shared.errors import InsufficientScope, InvalidClientMetadata, InvalidToken, NotFound
from shared.graph.errors import ObjectMissing
from shared.registration import federation, software_statement
from shared.registration.application import Provenance, update_body
from shared.registration.approval import shown_approval, withdraw
from shared.registration.authorization import Principal
from shared.registration.clients import Clients, ManagedClient
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.information import client_information
from shared.registration.issuing import IssuedSecret, SecretIssuer
from shared.registration.metadata import ClientMetadata
from shared.registration.ports import ClientDirectory
from shared.registration.presented_secret import Presented, judge
from shared.registration.registration import Registration
from shared.registration.resolution import Resolver
from shared.retry import Deadline
from shared.strict_json import JsonObject

# RFC 7592 section 2.2: a client must not send these.
FORBIDDEN_MEMBERS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")


class Updating:
    """One GET, one PATCH that names every member the bridge owns, and a secret only where the update asks for one.

    Graph has no ETag: of two updates at once the later PATCH wins, and wins as a whole, because each carries everything.
    """

    def __init__(
        self,
        configuration: RegistrationConfiguration,
        directory: ClientDirectory,
        clock: Clock,
        clients: Clients,
        resolver: Resolver,
        issuer: SecretIssuer,
    ) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clock = clock
        self._clients = clients
        self._resolver = resolver
        self._issuer = issuer

    def update(self, principal: Principal, client_id: str, document: JsonObject, deadline: Deadline) -> JsonObject:
        """The client information after the update. Raises as `Registering.register` and `Clients.load` do."""
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_update:
            raise InsufficientScope("this caller may not update clients")
        by_client = principal.token is not None
        _check_members(client_id, document, by_client=by_client)
        now = self._clock.now()
        stated = software_statement.apply(document, client.policy, self._configuration.statement_issuers, now)
        metadata = ClientMetadata.parse(stated)
        registration, access = self._resolver.resolve(metadata, client.policy, client.application, deadline)
        presented = self._judge(principal, client, registration, document)
        provenance = self._next(principal, client)
        self._hold_back(client, registration, deadline)
        approval = shown_approval(self._directory, client_id, provenance, deadline)
        body = update_body(registration, provenance, client.application, access)
        try:
            self._directory.update_application(client_id, body, deadline, await_replication=True)
        except ObjectMissing:
            raise (InvalidToken() if by_client else NotFound("there is no such client")) from None
        if registration.federated_identities or client.registration.federated_identities:
            federation.replace_all(self._directory, client_id, registration.federated_identities, deadline)
        secret = self._settle(client, registration, presented, deadline)
        information = client_information(
            self._configuration, client.application, registration, provenance.generation, now, secret
        )
        return information | approval

    def _judge(self, principal: Principal, client: ManagedClient, registration: Registration, document: JsonObject) -> Presented:
        """A client with its own token gets RFC 7592's rule whatever the settings say; a portal the one that is set."""
        if not registration.has_secret:
            return Presented()
        mismatch: Literal["rotate", "refuse"] = "refuse" if principal.token else self._configuration.mismatch
        sealed = principal.token.secret if principal.token else None
        presented = judge(client, sealed, document.get("client_secret"), mismatch)
        if presented.renew and not client.policy.may_rotate:
            raise InvalidClientMetadata("client_secret is not the current one of this client")
        return presented

    def _next(self, principal: Principal, client: ManagedClient) -> Provenance:
        """A client that updates itself gets the next generation of its token, unless the settings keep the first. One that
        comes with the generation before hasn't seen the current one yet, and gets that: else a second lost answer would lock
        it out."""
        before = client.provenance
        token = principal.token
        if token is None or not self._configuration.rotate_access_tokens or token.generation < before.generation:
            return before
        return replace(before, generation=token.generation + 1, renewed=int(self._clock.now().timestamp()))

    def _hold_back(self, client: ManagedClient, registration: Registration, deadline: Deadline) -> None:
        """What an operator approved isn't what a later update makes of it: redirects, keys and scopes that change are
        approved again."""
        before = client.registration
        widened = (
            before.redirect_uris != registration.redirect_uris
            or before.scope != registration.scope
            or before.certificates != registration.certificates
            or before.federated_identities != registration.federated_identities
        )
        if client.provenance.approval and widened:
            withdraw(self._directory, client.client_id, deadline)

    def _settle(
        self, client: ManagedClient, registration: Registration, presented: Presented, deadline: Deadline
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


def _check_members(client_id: str, document: JsonObject, *, by_client: bool) -> None:
    """RFC 7592 section 2.2: the client's id must be there and be right, four members must not. Portals with a credential of their
    own leave the id out or send null for what they don't know; they are held to the id alone."""
    sent = document.get("client_id")
    if sent != client_id and (by_client or sent is not None):
        raise InvalidClientMetadata("client_id must be the id of the client that is updated")
    if by_client:
        for member in FORBIDDEN_MEMBERS:
            if document.get(member) is not None:
                raise InvalidClientMetadata(f"{member} must not be sent in an update")
