"""What Graph knows of the people and clients that tokens speak of, for introspection's optional checks."""

from datetime import datetime

from shared.clock import Clock
from shared.graph.directory import Directory
from shared.introspection.grants import grants_in_copied_tags, grants_in_tags
from shared.introspection.revocation import ClientState, UserState
from shared.retry import Deadline

# Seconds for one look-up: gateways wait up to ten seconds for an introspection.
LOOKUP_TIME = 4.0


class GraphLookup:
    """Implements `shared.introspection.revocation.DirectoryLookup`. Every method may raise a GraphFailure."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def client_state(self, app_id: str) -> ClientState | None:
        """The service principal of an application, by one call; None where there is none.

        GET /servicePrincipals(appId='...'), needs Application.ReadWrite.OwnedBy or Application.Read.All.
        """
        select = ("accountEnabled", "disabledByMicrosoftStatus", "servicePrincipalType", "appOwnerOrganizationId", "tags")
        found = self._directory.read_service_principal(app_id, Deadline.after(self._clock, LOOKUP_TIME), select=select)
        if found is None:
            return None
        enabled = found.get("accountEnabled") is not False and found.get("disabledByMicrosoftStatus") in (None, "NotDisabled")
        home = found.get("appOwnerOrganizationId") if found.get("servicePrincipalType") in (None, "Application") else None
        return ClientState(enabled, home, grants_in_copied_tags(found.get("tags") or ()))

    def recorded_grants(self, app_id: str) -> frozenset[str] | None:
        """The grant types in the record of an application, empty where it has none; None where there is no application."""
        found = self._directory.read_application(app_id, Deadline.after(self._clock, LOOKUP_TIME), select=("tags",))
        return None if found is None else grants_in_tags(found.get("tags") or ())

    def user_state(self, oid: str) -> UserState | None:
        """Whether a user is enabled and since when sessions count; None where there is none. Needs User.Read.All."""
        select = ("accountEnabled", "signInSessionsValidFromDateTime")
        found = self._directory.read_user(oid, Deadline.after(self._clock, LOOKUP_TIME), select=select)
        if found is None:
            return None
        since = found.get("signInSessionsValidFromDateTime")
        moment = datetime.fromisoformat(since).timestamp() if isinstance(since, str) else None
        return UserState(found.get("accountEnabled") is not False, moment)
