"""Use case: a client is deleted (RFC 7592 section 2.3)."""

import logging

from shared.errors import InsufficientScope, NotFound
from shared.graph.errors import GraphFailure
from shared.registration.authorization import Principal
from shared.registration.clients import Clients
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.ports import ClientDirectory
from shared.retry import Deadline

logger = logging.getLogger("bridge.registration")

# The soft-deleted object appears with some delay.
_PURGE_PAUSES = (0.3, 0.6)


class Deletion:
    """One GET, one DELETE. The application goes to the directory's deleted items, from where an administrator can restore it
    for 30 days, unless the settings say to purge it, or its name must be free for the same registration to come again."""

    def __init__(self, configuration: RegistrationConfiguration, directory: ClientDirectory, clients: Clients) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clients = clients

    def delete(self, principal: Principal, client_id: str, deadline: Deadline) -> None:
        """After this the client is gone. For callers with a credential of their own a client that was gone before counts as
        deleted, so that a portal can repeat a deletion whose answer it lost; a registration access token is InvalidToken then.

        Raises as `Clients.load`, and a GraphFailure.
        """
        try:
            client = self._clients.load(principal, client_id, deadline)
        except NotFound:
            return
        if not client.policy.may_delete:
            raise InsufficientScope("this caller may not delete clients")
        self._directory.delete_application(client_id, deadline, await_replication=True)
        if self._configuration.purge_on_delete or client.provenance.request:
            self._purge(str(client.application["id"]), client_id, deadline)

    def _purge(self, object_id: str, client_id: str, deadline: Deadline) -> None:
        """The deletion stands whether or not this works."""
        try:
            for pause in _PURGE_PAUSES:
                if self._directory.purge_application(object_id, deadline) or not deadline.pause(pause):
                    return
            self._directory.purge_application(object_id, deadline)
        except GraphFailure as failure:
            logger.warning("client %s is deleted and not purged: %s", client_id, failure)
