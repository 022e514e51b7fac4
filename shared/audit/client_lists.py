"""The bridge's clients as the directory lists them.

Whether a client has a service principal can't be seen on its application. Asking for each would be one call a client; listing the
service principals by the same tag, which Entra copies to them, is one call for 999. Both lists are unordered, so the client ids
of one of them are remembered: about 11 MiB for 100,000.
"""

from collections.abc import Iterator
from datetime import datetime

from shared.audit.clients import CLIENT_PROPERTIES, AuditedClient, read_client
from shared.clock import read_time
from shared.graph.directory import Directory
from shared.retry import Deadline
from shared.strict_json import JsonObject

# No v1.0 resource tells when a service principal last signed in; this one needs AuditLog.Read.All and Entra ID P1.
USAGE_REPORT = "beta/reports/servicePrincipalSignInActivities"
CLIENT_SIGN_INS = ("applicationAuthenticationClientSignInActivity", "delegatedClientSignInActivity", "lastSignInActivity")


class ClientLists:
    """Reads the clients that carry the bridge's tag. Every method may raise a GraphFailure."""

    def __init__(self, directory: Directory, marker_tag: str, graph_origin: str) -> None:
        self._directory = directory
        self._tag = marker_tag
        self._origin = graph_origin.rstrip("/")

    def client_pages(self, deadline: Deadline) -> Iterator[list[AuditedClient]]:
        """All clients of the bridge, page by page."""
        for page in self._directory.tagged_pages("applications", self._tag, CLIENT_PROPERTIES, deadline):
            yield [read_client(application) for application in page]

    def find_client(self, client_id: str, deadline: Deadline) -> AuditedClient | None:
        """One client as it is now; None where it is gone or isn't the bridge's any more. Lists lag: this comes before writing."""
        application = self._directory.read_application(client_id, deadline, select=CLIENT_PROPERTIES)
        if application is None or self._tag not in (application.get("tags") or []):
            return None
        return read_client(application)

    def list_service_principals(self, deadline: Deadline) -> dict[str, bool]:
        """The client ids of all service principals, each with whether it may sign in."""
        pages = self._directory.tagged_pages("servicePrincipals", self._tag, ("appId", "accountEnabled"), deadline)
        return {str(one.get("appId")): one.get("accountEnabled") is not False for page in pages for one in page}

    def has_service_principal(self, client_id: str, deadline: Deadline) -> bool:
        """Whether a client has a service principal, asked for this one alone."""
        return self._directory.read_service_principal(client_id, deadline, select=("appId",)) is not None

    def has_federated_credential(self, client_id: str, deadline: Deadline) -> bool:
        """Whether a client has a federated credential, which no list shows."""
        return bool(self._directory.federated_credentials(client_id, deadline))

    def list_signed_in_since(self, moment: datetime, deadline: Deadline) -> set[str]:
        """The client ids of all applications in the tenant that signed in since a moment."""
        pages = self._directory.pages(f"{self._origin}/{USAGE_REPORT}", {}, deadline)
        return {str(activity.get("appId")) for page in pages for activity in page if _signed_in_since(moment, activity)}


def _signed_in_since(moment: datetime, activity: JsonObject) -> bool:
    parts = (activity.get(name) for name in CLIENT_SIGN_INS)
    times = (read_time(part.get("lastSignInDateTime")) for part in parts if isinstance(part, dict))
    return any(time is not None and time >= moment for time in times)
