"""The bridge's clients as the directory lists them, and in wider scopes whatever else there is with a credential.

Whether a client has a service principal can't be seen on its application. Asking for each would be one call a client; listing the
service principals by the same tag, which Entra copies to them, is one call for 999. Both lists are unordered, so what the service
principals say is remembered: client ids and the key ids of secrets that were told, some 25 MiB for 100,000.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.audit.bookmark import Bookmark
from shared.audit.clients import CLIENT_PROPERTIES, AuditedClient, read_client
from shared.audit.configuration import Scope
from shared.audit.owners import Owner, read_owners
from shared.audit.tenant_objects import PRINCIPAL_PROPERTIES, read_principal
from shared.clock import read_time
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure
from shared.graph.lists import LARGEST_PAGE, tagged, whole
from shared.registration.entra_application import is_own_credential
from shared.registration.notes import read_principal_notes, read_restored
from shared.retry import Deadline
from shared.strict_json import JsonObject

# A service principal with this tag was made by a timer, after the worker that made its application had ended.
MADE_BY_TIMER = "dcr:by=timer"
# What Graph answers to a nextLink that it no longer knows.
STALE_LINK = frozenset({400, 404, 410})
# Seconds from one page with keyCredentials to the next.
PACE = 0.8
# No v1.0 resource tells when a service principal last signed in; these need AuditLog.Read.All and Entra ID P1, and the worldwide
# cloud alone has them.
USAGE_REPORT = "beta/reports/servicePrincipalSignInActivities"
CREDENTIAL_USAGE_REPORT = "beta/reports/appCredentialSignInActivities"
CLIENT_SIGN_INS = ("applicationAuthenticationClientSignInActivity", "delegatedClientSignInActivity", "lastSignInActivity")
# The examples of both reports have offsets such as -8:00, which isn't ISO 8601.
_SHORT_OFFSET = re.compile(r"([+-])([0-9]:[0-9]{2})$")


@dataclass(frozen=True, slots=True)
class PrincipalList:
    """What the service principals say. `enabled`: by client id, whether it may sign in. `told`: the key ids of secrets that an
    answer carried. `unclaimed`: the client ids of those that a timer made and of which nobody is known to have been told.
    `switched_off`: the client ids of others than the bridge's that may not sign in. `restored`: when shared clients came back."""

    enabled: dict[str, bool] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    unclaimed: set[str] = field(default_factory=set)
    switched_off: set[str] = field(default_factory=set)
    restored: dict[str, datetime] = field(default_factory=dict)

    def add(self, principal: JsonObject) -> None:
        """Remember one service principal."""
        client_id = str(principal.get("appId"))
        notes = read_principal_notes(principal)
        self.enabled[client_id] = principal.get("accountEnabled") is not False
        self.told.update(notes.told)
        if MADE_BY_TIMER in (principal.get("tags") or []) and not notes.told and notes.presented == 1:
            self.unclaimed.add(client_id)
        if restored := read_restored(principal):
            self.restored[client_id] = restored


class ClientLists:
    """Reads the clients that carry the bridge's tag. Every method may raise a GraphFailure."""

    def __init__(
        self,
        directory: Directory,
        marker_tag: str,
        graph_origin: str,
        scope: Scope = Scope.BRIDGE,
        tenant_id: str = "",
        own_client_id: str = "",
    ) -> None:
        self._directory = directory
        self._tag = marker_tag
        self._origin = graph_origin.rstrip("/")
        self._scope = scope
        self._tenant_id = tenant_id
        self._own_client_id = own_client_id

    def client_pages(self, deadline: Deadline, bookmark: Bookmark | None = None) -> Iterator[list[AuditedClient]]:
        """All applications in the scope, page by page: clients of the bridge and, beyond its own scope, others to watch. They
        begin at the bookmark and go round; it stays where the time was over."""
        bookmark = bookmark or Bookmark()
        begun, seen = bookmark.open(), set[str]()
        if begun:
            try:
                for page in self._read_applications(begun, {}, deadline, bookmark):
                    seen.update(client.client_id for client in page)
                    yield page
                bookmark.catching_up = False
            except GraphFailure as failure:
                if failure.status not in STALE_LINK:
                    raise
                # Nobody knows any more which part was left out: all of it counts as such.
        path, query = "applications", whole(CLIENT_PROPERTIES)
        if self._scope is Scope.BRIDGE:
            query |= tagged(self._tag)
        elif self._scope is Scope.OWNED:
            path = f"servicePrincipals(appId='{self._own_client_id}')/ownedObjects/graph.application"
        for page in self._read_applications(path, query, deadline, bookmark):
            # The same list may come in other pages.
            yield [client for client in page if client.client_id not in seen] if seen else page
        bookmark.close()

    def _read_applications(
        self, path: str, query: dict[str, str], deadline: Deadline, bookmark: Bookmark
    ) -> Iterator[list[AuditedClient]]:
        def turn(link: str) -> None:
            bookmark.link = link

        pages = self._directory.pages(path, query, deadline, turn)
        for page in paced(pages, deadline) if self._scope is Scope.TENANT else pages:
            yield [read_client(application, self._tag) for application in page]

    def find_client(self, client_id: str, deadline: Deadline) -> AuditedClient | None:
        """One client as it is now; None where it is gone or isn't the bridge's any more. Lists lag: this comes before writing.

        Its service principal is read too where a secret's name leaves open whether it was told.
        """
        application = self._directory.read_application(client_id, deadline, select=CLIENT_PROPERTIES)
        if application is None or self._tag not in (application.get("tags") or []):
            return None
        client = read_client(application)
        if all(credential.told for credential in client.credentials):
            return client
        principal = self._directory.read_service_principal(client_id, deadline, select=("appId", "notes"))
        return client if principal is None else client.knowing(read_principal_notes(principal).told, {})

    def find_again(self, listed: AuditedClient, deadline: Deadline) -> AuditedClient | None:
        """The same for a client that was listed, with what was known of its credentials then."""
        client = self.find_client(listed.client_id, deadline)
        uses = {c.key_id: c.last_used for c in listed.credentials if c.last_used is not None}
        return client if client is None else client.knowing(None, uses)

    def principal_pages(self, found: PrincipalList, deadline: Deadline) -> Iterator[list[AuditedClient]]:
        """All service principals in the scope, page by page: those of the bridge's clients are noted in `found`, those with
        credentials of their own are given back to be watched."""
        if self._scope is not Scope.TENANT:
            select = ("appId", "accountEnabled", "tags", "notes")
            pages = self._directory.tagged_pages("servicePrincipals", self._tag, select, deadline)
        else:
            pages = paced(self._directory.whole_pages("servicePrincipals", PRINCIPAL_PROPERTIES, deadline), deadline)
        for page in pages:
            for principal in page:
                if self._tag in (principal.get("tags") or []):
                    found.add(principal)
                elif principal.get("accountEnabled") is False:
                    found.switched_off.add(str(principal.get("appId")))
            yield [watched for principal in page if (watched := read_principal(principal, self._tenant_id)) is not None]

    def has_service_principal(self, client_id: str, deadline: Deadline) -> bool:
        """Whether a client has a service principal, asked for this one alone."""
        return self._directory.read_service_principal(client_id, deadline, select=("appId",)) is not None

    def list_identities(self, client_id: str, deadline: Deadline) -> dict[str, bool]:
        """A client's federated credentials, which no list shows: each name with whether it is the bridge's own."""
        found = self._directory.federated_credentials(client_id, deadline)
        return {str(credential.get("name")): is_own_credential(credential) for credential in found}

    def list_owners(self, objects: Sequence[str], deadline: Deadline) -> dict[str, tuple[Owner, ...]]:
        """The owners of objects, given by their paths."""
        return read_owners(self._directory.owners_of(objects, deadline))

    def list_sign_ins(self, of: Collection[str] | None, deadline: Deadline) -> dict[str, datetime] | None:
        """When clients last signed in, by client id; only those of the clients `of`, where that isn't None. None where the report
        has no entry at all: tenants with sign-ins have seen that, so it says nothing."""
        found: dict[str, datetime] = {}
        empty = True
        for entry in self._report(USAGE_REPORT, deadline):
            empty, client_id = False, str(entry.get("appId"))
            times = [time for name in CLIENT_SIGN_INS if (time := _last_sign_in(entry.get(name))) is not None]
            if times and (of is None or client_id in of):
                found[client_id] = max(times)
        return None if empty else found

    def list_credential_uses(self, of: Collection[str] | None, deadline: Deadline) -> dict[str, datetime]:
        """When credentials were last used, by key id; only those of the clients `of`, where that isn't None."""
        return {
            str(entry.get("keyId")): time
            for entry in self._report(CREDENTIAL_USAGE_REPORT, deadline)
            if of is None or str(entry.get("appId")) in of
            if (time := _last_sign_in(entry.get("signInActivity"))) is not None
        }

    def _report(self, path: str, deadline: Deadline) -> Iterator[JsonObject]:
        for page in self._directory.pages(f"{self._origin}/{path}", {"$top": str(LARGEST_PAGE)}, deadline):
            yield from page


def paced(pages: Iterator[list[JsonObject]], deadline: Deadline) -> Iterator[list[JsonObject]]:
    """Pages that hold keyCredentials, at a pace that leaves other tools half of what the whole tenant may read of them: 150
    requests a minute (learn.microsoft.com/graph/api/application-list)."""
    before = deadline.remaining()
    for page in pages:
        yield page
        deadline.pause(max(PACE - (before - deadline.remaining()), 0))
        before = deadline.remaining()


def _last_sign_in(activity: object) -> datetime | None:
    text = activity.get("lastSignInDateTime") if isinstance(activity, dict) else None
    return read_time(_SHORT_OFFSET.sub(r"\g<1>0\2", text)) if isinstance(text, str) else None
