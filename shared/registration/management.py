"""Use case: a client is read (RFC 7592 section 2.1)."""

from shared.clock import Clock
from shared.errors import InsufficientScope
from shared.registration.approval import shown_approval
from shared.registration.authorization import Principal
from shared.registration.clients import Clients, ManagedClient
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.information import client_information
from shared.registration.issuing import IssuedSecret
from shared.registration.ports import ClientDirectory
from shared.registration.secrets import find
from shared.registration.tokens import SealedSecret
from shared.retry import Deadline
from shared.strict_json import JsonObject


def sealed_secret(client: ManagedClient, sealed: SealedSecret | None) -> IssuedSecret | None:
    """The secret that came in the caller's own token, if the directory still has it: a removed one is not returned."""
    secret = find(client.secrets, sealed.key_id) if sealed is not None and client.registration.has_secret else None
    return IssuedSecret(secret, sealed.text) if secret is not None and sealed is not None else None


class Reading:
    """One GET, and another one for a client that needs approval."""

    def __init__(
        self, configuration: RegistrationConfiguration, directory: ClientDirectory, clock: Clock, clients: Clients
    ) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clients = clients
        self._clock = clock

    def read(self, principal: Principal, client_id: str, deadline: Deadline) -> JsonObject:
        """The client information. The secret is in it where the caller's registration access token holds the current one."""
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_read:
            raise InsufficientScope("this caller may not read clients")
        information = client_information(
            self._configuration,
            client.application,
            client.registration,
            client.provenance.generation,
            self._clock.now(),
            sealed_secret(client, principal.token.secret if principal.token else None),
        )
        return information | shown_approval(self._directory, client_id, client.provenance, deadline)
