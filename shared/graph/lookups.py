"""What Graph knows of the people and clients that tokens speak of, for introspection's optional checks."""

from datetime import datetime

from shared.clock import Clock
from shared.graph.directory import Directory
from shared.introspection.revocation import UserState
from shared.retry import Deadline

# Seconds for one look-up: gateways wait up to ten seconds for an introspection.
LOOKUP_TIME = 4.0


class GraphLookup:
    """Implements `shared.introspection.revocation.DirectoryLookup`. Every method may raise a GraphFailure."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def client_enabled(self, app_id: str) -> bool | None:
        """Whether the service principal of an application may sign in; None where there is none.

        GET /servicePrincipals(appId='...'), needs Application.ReadWrite.OwnedBy or Application.Read.All.
        """
        select = ("accountEnabled", "disabledByMicrosoftStatus")
        found = self._directory.read_service_principal(app_id, Deadline.after(self._clock, LOOKUP_TIME), select=select)
        if found is None:
            return None
        return found.get("accountEnabled") is not False and found.get("disabledByMicrosoftStatus") in (None, "NotDisabled")

    def user_state(self, oid: str) -> UserState | None:
        """Whether a user is enabled and since when sessions count; None where there is none. Needs User.Read.All."""
        select = ("accountEnabled", "signInSessionsValidFromDateTime")
        found = self._directory.read_user(oid, Deadline.after(self._clock, LOOKUP_TIME), select=select)
        if found is None:
            return None
        since = found.get("signInSessionsValidFromDateTime")
        moment = datetime.fromisoformat(since).timestamp() if isinstance(since, str) else None
        return UserState(found.get("accountEnabled") is not False, moment)
