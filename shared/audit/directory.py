"""Where the audit's clients come from: the lists of the directory that it reads.

Whether a client has a service principal can't be seen on its application. Asking for each would be one call a client; listing the
service principals by the same tag, which Entra copies to them, is one call for 999. Both lists are unordered, so one of them has
to be remembered: as a set in constant memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.audit.clients import PROPERTIES, Client, Describe, read_client
from shared.audit.membership import Membership
from shared.clock import read_time
from shared.graph.directory import Directory
from shared.graph.listing import Listing
from shared.retry import Deadline

# No v1.0 resource tells when a service principal last signed in; this one needs AuditLog.Read.All and Entra ID P1.
USAGE_REPORT = "beta/reports/servicePrincipalSignInActivities"
USAGE_PROPERTIES = (
    "applicationAuthenticationClientSignInActivity",
    "delegatedClientSignInActivity",
    "lastSignInActivity",
)


@dataclass(frozen=True, slots=True)
class Principals:
    """The service principals of the bridge's clients: all of them, and those that may not sign in."""

    known: Membership = field(default_factory=Membership)
    barred: Membership = field(default_factory=Membership)


class Roster:
    """Reads the lists. Every method may raise a GraphFailure."""

    def __init__(self, listing: Listing, directory: Directory, marker_tag: str, describe: Describe, graph_origin: str) -> None:
        self._listing = listing
        self._directory = directory
        self._tag = marker_tag
        self._describe = describe
        self._origin = graph_origin.rstrip("/")

    def pages(self, deadline: Deadline) -> Iterator[list[Client]]:
        """All clients of the bridge, page by page."""
        for page in self._listing.tagged("applications", self._tag, PROPERTIES, deadline):
            yield [read_client(application, self._describe) for application in page]

    def client(self, client_id: str, deadline: Deadline) -> Client | None:
        """One client as it is now; None where it is gone or isn't the bridge's any more. Lists lag: this comes before writing."""
        application = self._directory.read_application(client_id, deadline, select=PROPERTIES)
        if application is None or self._tag not in (application.get("tags") or []):
            return None
        return read_client(application, self._describe)

    def principals(self, deadline: Deadline) -> Principals:
        """The service principals of all clients."""
        found = Principals()
        for page in self._listing.tagged("servicePrincipals", self._tag, ("appId", "accountEnabled"), deadline):
            for principal in page:
                found.known.add(str(principal.get("appId")))
                if principal.get("accountEnabled") is False:
                    found.barred.add(str(principal.get("appId")))
        return found

    def has_principal(self, client_id: str, deadline: Deadline) -> bool:
        """Whether a client has a service principal, asked for this one alone."""
        return self._directory.read_service_principal(client_id, deadline, select=("appId",)) is not None

    def has_federated_credential(self, client_id: str, deadline: Deadline) -> bool:
        """Whether a client has a federated credential, which no list shows."""
        return bool(self._directory.federated_credentials(client_id, deadline))

    def used_since(self, now: datetime, span: timedelta, deadline: Deadline) -> Membership:
        """The applications that signed in within the span before `now`, whoever they are."""
        used = Membership()
        for page in self._listing.pages(f"{self._origin}/{USAGE_REPORT}", {}, deadline):
            for activity in page:
                if any(moment >= now - span for moment in _sign_ins(activity, USAGE_PROPERTIES)):
                    used.add(str(activity.get("appId")))
        return used


def _sign_ins(activity: dict[str, Any], properties: Sequence[str]) -> Iterator[datetime]:
    for name in properties:
        part = activity.get(name)
        moment = read_time(part.get("lastSignInDateTime")) if isinstance(part, dict) else None
        if moment is not None:
            yield moment
