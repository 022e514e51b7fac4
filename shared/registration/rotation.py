"""Use case: a client gets a new secret."""

from shared.clock import Clock
from shared.errors import InsufficientScope, InvalidRequest
from shared.registration.approval import shown_approval
from shared.registration.authorization import Principal
from shared.registration.clients import Clients
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.information import client_information
from shared.registration.issuing import SecretIssuer
from shared.registration.ports import ClientDirectory
from shared.retry import Deadline
from shared.strict_json import JsonObject


class Rotation:
    """One GET and one addPassword. The old secret stays good for the overlap, then the audit removes it."""

    def __init__(
        self,
        configuration: RegistrationConfiguration,
        directory: ClientDirectory,
        clock: Clock,
        clients: Clients,
        issuer: SecretIssuer,
    ) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clock = clock
        self._clients = clients
        self._issuer = issuer

    def rotate(self, principal: Principal, client_id: str, deadline: Deadline, *, immediate: bool = False) -> JsonObject:
        """The client information with the new secret, and a registration access token that holds it.

        `immediate`: the old secrets are removed before the answer; where one can't be, a GraphFailure is raised, and the same
        request again removes it. Raises InvalidRequest for a client without a secret, and as `Clients.load`.
        """
        client = self._clients.load(principal, client_id, deadline)
        if not client.policy.may_rotate:
            raise InsufficientScope("this caller may not renew secrets")
        if not client.registration.has_secret:
            method = client.registration.token_endpoint_auth_method
            raise InvalidRequest(f"the client has no secret: its token_endpoint_auth_method is {method}")
        # Asked for first: after the new secret is made nothing may keep it from the caller.
        approval = shown_approval(self._directory, client_id, client.provenance, deadline)
        secret = self._issuer.issue(client_id, client.policy, deadline)
        if immediate:
            self._issuer.remove(client_id, client.secrets, deadline)
        else:
            self._issuer.make_room(client_id, client.secrets, deadline)
        information = client_information(
            self._configuration,
            client.application,
            client.registration,
            client.provenance.generation,
            self._clock.now(),
            secret,
        )
        return information | approval
