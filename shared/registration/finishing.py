"""Timer `finish_registrations`: clients without a service principal, since the worker that was to make it has ended, get it.

The directory alone says what is to be done. Where nothing was registered in the last day, a run is one request.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from shared.clock import read_time
from shared.graph.errors import GraphFailure
from shared.registration.completion import Completion, may_pass
from shared.registration.configuration import RegistrationContext
from shared.registration.entra_application import read_provenance, read_registered
from shared.retry import Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

# Seconds: the age from which a registration is no longer under way, and up to which it is looked for. Older ones are the audit's.
YOUNGEST = 120
OLDEST = 86_400
# Seconds for one client, of those that the run has.
ONE_CLIENT = 20.0
# On the service principals that this timer makes: nobody is known to have got the answer about such a client.
MADE_BY_TIMER = "dcr:by=timer"
_SELECT = ("id", "appId", "createdDateTime", "tags")


@dataclass(frozen=True, slots=True)
class FinishedRegistrations:
    """The client ids of one run: those completed, those that are refused a service principal, and those for the next run."""

    completed: tuple[str, ...]
    refused: tuple[str, ...]
    left: tuple[str, ...]


class RegistrationFinisher:
    """One object serves all runs of a worker, and remembers which clients are whole."""

    def __init__(self, context: RegistrationContext) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._completion = Completion(context)
        self._whole: frozenset[str] = frozenset()

    def finish(self, deadline: Deadline) -> FinishedRegistrations:
        """One run. Raises a GraphFailure when the lists can't be read; failures at single clients are logged."""
        young = {str(application["appId"]): application for application in self._young(deadline)}
        self._whole &= young.keys()
        unknown = [client_id for client_id in young if client_id not in self._whole]
        seen = self._directory.service_principals_of(unknown, ("appId",), deadline)
        self._whole |= {str(principal["appId"]) for principal in seen}
        completed, refused, left = [], [], []
        for client_id in (client_id for client_id in unknown if client_id not in self._whole):
            try:
                self._complete(young[client_id], deadline)
            except GraphFailure as failure:
                if may_pass(failure):
                    logger.warning("client %s is still without a service principal: %s", client_id, failure)
                    left.append(client_id)
                else:
                    self._refused(young[client_id], failure)
                    refused.append(client_id)
            else:
                logger.info("the registration of client %s is finished", client_id)
                self._whole |= {client_id}
                completed.append(client_id)
        return FinishedRegistrations(tuple(completed), tuple(refused), tuple(left))

    def _young(self, deadline: Deadline) -> Iterable[JsonObject]:
        """The bridge's applications of the last day, without those whose registration may be under way."""
        now = self._clock.now()
        latest = now - timedelta(seconds=YOUNGEST)
        for page in self._directory.recent_applications(now - timedelta(seconds=OLDEST), _SELECT, deadline):
            for application in page:
                created = read_time(application.get("createdDateTime"))
                ours = self._configuration.bridge_tag in (application.get("tags") or [])
                if ours and created is not None and created <= latest:
                    yield application

    def _complete(self, application: JsonObject, deadline: Deadline) -> None:
        one = Deadline.after(self._clock, min(ONE_CLIENT, deadline.remaining()))
        identities = read_registered(application).federated_identities
        enabled = not read_provenance(application).approval
        self._completion.complete(str(application["appId"]), identities, one, enabled=enabled, tags=(MADE_BY_TIMER,))

    def _refused(self, application: JsonObject, failure: GraphFailure) -> None:
        client_id = str(application["appId"])
        if read_provenance(application).lagging == "refuse":
            # Its caller was told that there is no client.
            logger.error("client %s is deleted: it is refused a service principal: %s", client_id, failure)
            self._completion.delete_later(client_id, str(application["id"]))
        else:
            logger.error("client %s gets no tokens: it is refused a service principal: %s", client_id, failure)
