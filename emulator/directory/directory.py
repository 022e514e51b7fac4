"""The tenant's directory: applications, service principals, users, and who may do what at which resource."""

import uuid
from collections.abc import Iterable
from typing import Any

from emulator.assumptions import Assumptions
from emulator.clock import Clock, graph_time
from emulator.consistency import Consistency
from emulator.directory.record import Record, State
from emulator.directory.store import Store

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
GRAPH_APP_ROLES = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "User.ReadBasic.All": "97235f07-e226-4f63-ace3-39588e11d3a1",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    # The ids of these are not in the sources at hand; the emulator made them.
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "AppRegistration.Create": "e3a1b5c7-0d2f-4a68-9b14-5c7d9e1f3a50",
    "Policy.ReadWrite.ApplicationConfiguration": "e3a1b5c7-0d2f-4a68-9b14-5c7d9e1f3a51",
    "User.ReadWrite.All": "e3a1b5c7-0d2f-4a68-9b14-5c7d9e1f3a52",
}
CREATE_ACTION = "microsoft.directory/applications/create"
UPDATE_ACTION = "microsoft.directory/applications/allProperties/allTasks"
DIRECTORY_ROLES = {
    "Application Administrator": (CREATE_ACTION, UPDATE_ACTION),
    "Cloud Application Administrator": (CREATE_ACTION, UPDATE_ACTION),
    "Application Developer": ("microsoft.directory/applications/createAsOwner",),
}
"""What directory roles allow on applications, as far as it matters here."""
RETENTION_SECONDS = 30 * 24 * 3600
"""How long soft-deleted objects stay restorable."""
GRAPH_SCOPES = ("User.Read", "openid", "profile", "email", "offline_access")


def new_id() -> str:
    """A random object id, client id or key id."""
    return str(uuid.uuid4())


class Directory:
    """The state of one tenant. Methods here check nothing: what callers may do is decided where HTTP is answered."""

    def __init__(self, tenant_id: str, domain: str, clock: Clock, consistency: Consistency) -> None:
        self.tenant_id = tenant_id
        self.domain = domain
        self.clock = clock
        self.assumptions = Assumptions()
        self.applications = Store(clock, consistency, ("appId", "uniqueName"))
        self.service_principals = Store(clock, consistency, ("appId",))
        self.users = Store(clock, consistency, ("userPrincipalName",))
        self.identifier_uris: dict[str, Record] = {}
        self.role_assignments: dict[str, State] = {}
        self.role_actions: dict[str, set[str]] = {}
        """What directory roles allow a principal, by its object id."""
        self.admins: set[str] = set()
        """The object ids of users who may consent to anything."""
        self.trusted_issuers: dict[str, dict[str, object]] = {}
        """Public keys of outside token issuers, issuer to kid to key, for federated identity credentials."""
        self.passwords: dict[str, str] = {}
        """The sign-in password of each user, by object id; a test double's, so kept as it is."""
        self.graph = self._add_graph()

    def _add_graph(self) -> Record:
        roles = [
            {"id": role_id, "value": name, "allowedMemberTypes": ["Application"], "displayName": name, "isEnabled": True}
            for name, role_id in GRAPH_APP_ROLES.items()
        ]
        return self.add_service_principal(
            GRAPH_APP_ID,
            {
                "displayName": "Microsoft Graph",
                "appDisplayName": "Microsoft Graph",
                "appRoles": roles,
                "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
                "servicePrincipalNames": [GRAPH_APP_ID, "https://graph.microsoft.com"],
            },
        )

    def add_application(
        self, values: State, *, creator_app_id: str | None = None, owners: Iterable[str] = (), creator: str = ""
    ) -> Record:
        """Create an application from members in Graph form; id, appId and the creation time are made here."""
        state = {
            "id": new_id(),
            "appId": new_id(),
            "createdByAppId": creator_app_id,
            "createdDateTime": graph_time(self.clock.now()),
            "publisherDomain": self.domain,
            **values,
        }
        record = self.applications.add(state, owners, creator)
        self._index_identifier_uris(record, ())
        return record

    def write_application(self, record: Record, changes: State) -> None:
        """Write members of an application; its service principal follows where Entra copies them."""
        before = record.state
        self.applications.write(record, changes)
        if "identifierUris" in changes:
            self._index_identifier_uris(record, before.get("identifierUris", ()))
        principal = self.service_principal_of(record.state["appId"])
        if principal is not None:
            old, new = self.copied_to_service_principal(before), self.copied_to_service_principal(record.state)
            copied = {name: value for name, value in new.items() if value != old[name]}
            if "tags" in copied:
                copied["tags"] = self._tags_after(principal.state.get("tags", []), old["tags"], new["tags"])
            if copied:
                self.service_principals.write(principal, copied)

    def delete_application(self, record: Record, with_service_principal: bool = True) -> None:
        """Soft-delete an application and, with it, its service principal."""
        self.applications.soft_delete(record)
        for uri in record.state.get("identifierUris", ()):
            if self.identifier_uris.get(uri) is record:
                del self.identifier_uris[uri]
        principal = self.service_principal_of(record.state["appId"])
        if with_service_principal and principal is not None:
            self.service_principals.soft_delete(principal)

    def purge_application(self, record: Record, with_service_principal: bool = False) -> None:
        """Delete a soft-deleted application for good and, if wanted, its soft-deleted service principals."""
        self.applications.purge(record)
        if with_service_principal:
            app_id = record.state["appId"]
            for principal in [p for p in self.service_principals.deleted.values() if p.state["appId"] == app_id]:
                self.service_principals.purge(principal)

    def restore_application(self, record: Record) -> None:
        """Bring a soft-deleted application back, without its service principal."""
        self.applications.restore(record)
        self._index_identifier_uris(record, ())

    def purge_expired(self) -> None:
        """Delete for good what was soft-deleted more than 30 days ago."""
        horizon = self.clock.time() - RETENTION_SECONDS
        for store in (self.applications, self.service_principals, self.users):
            while store.deleted:
                oldest = next(iter(store.deleted.values()))
                if oldest.deleted_at > horizon:
                    break
                if store is self.applications:
                    self.purge_application(oldest)
                else:
                    store.purge(oldest)

    def add_service_principal(self, app_id: str, values: State, creator: str = "", owners: Iterable[str] = ()) -> Record:
        """Create the service principal of the client id `app_id`; what the application has of its own is copied."""
        application = self.applications.find("appId", app_id)
        copied = self.copied_to_service_principal(application.state) if application else {}
        tags = [] if self.assumptions.application_tags_on_service_principals == "never" else copied.get("tags", [])
        own = {**values, "tags": list(dict.fromkeys([*values.get("tags", ()), *tags]))}
        state = {"id": new_id(), "appId": app_id, "appOwnerOrganizationId": self.tenant_id, **copied, **own}
        return self.service_principals.add(state, owners, creator)

    def _tags_after(self, present: list[str], old: list[str], new: list[str]) -> list[str]:
        """A service principal's tags after its application's have changed."""
        match self.assumptions.application_tags_on_service_principals:
            case "follow":
                kept = [tag for tag in present if tag not in old]
            case "accumulate":
                kept = present
            case _:
                return present
        return list(dict.fromkeys([*kept, *new]))

    def copied_to_service_principal(self, application: State) -> State:
        """The members of a service principal that Entra keeps equal to those of its application."""
        web, spa, public = (application.get(name) or {} for name in ("web", "spa", "publicClient"))
        uris = [uri for part in (web, spa, public) for uri in part.get("redirectUris", ())]
        name = application.get("displayName")
        return {
            "displayName": name,
            "appDisplayName": name,
            "appDescription": application.get("description"),
            "appRoles": application.get("appRoles", []),
            "oauth2PermissionScopes": (application.get("api") or {}).get("oauth2PermissionScopes", []),
            "homepage": web.get("homePageUrl"),
            "logoutUrl": web.get("logoutUrl"),
            "replyUrls": uris,
            "servicePrincipalNames": [application["appId"], *application.get("identifierUris", ())],
            "signInAudience": application.get("signInAudience", "AzureADMyOrg"),
            "tags": application.get("tags", []),
            "isDisabled": application.get("isDisabled"),
        }

    def service_principal_of(self, app_id: str) -> Record | None:
        """The live service principal of a client id."""
        record = self.service_principals.find("appId", app_id)
        return record if record is not None and record.alive else None

    def principal(self, object_id: str) -> tuple[str, Record] | None:
        """The live service principal or user with this object id, as (type name, record)."""
        for kind, store in (("servicePrincipal", self.service_principals), ("user", self.users)):
            if object_id in store.live:
                return kind, store.live[object_id]
        return None

    def add_user(self, user_principal_name: str, password: str, **values: Any) -> Record:
        """Create a user who can sign in with `password`."""
        now = graph_time(self.clock.now())
        state = {
            "id": new_id(),
            "userPrincipalName": user_principal_name,
            "displayName": user_principal_name.partition("@")[0].title(),
            "signInSessionsValidFromDateTime": now,
            "lastPasswordChangeDateTime": now,
            **values,
        }
        record = self.users.add(state)
        self.passwords[record.id] = password
        return record

    def assign_role(self, principal: Record, resource: Record, role_id: str) -> State:
        """Assign an app role of `resource` to a principal; the same assignment twice is one."""
        for assignment in self.role_assignments.values():
            if (assignment["principalId"], assignment["resourceId"], assignment["appRoleId"]) == (
                principal.id,
                resource.id,
                role_id,
            ):
                return assignment
        assignment = {
            "id": new_id(),
            "deletedDateTime": None,
            "appRoleId": role_id,
            "createdDateTime": graph_time(self.clock.now()),
            "principalDisplayName": principal.state.get("displayName"),
            "principalId": principal.id,
            "principalType": "ServicePrincipal" if principal.id in self.service_principals.live else "User",
            "resourceDisplayName": resource.state.get("displayName"),
            "resourceId": resource.id,
        }
        self.role_assignments[assignment["id"]] = assignment
        return assignment

    def assigned_roles(self, principal_id: str, resource: Record) -> list[str]:
        """The values of the app roles of `resource` that a principal holds."""
        held = {
            a["appRoleId"]
            for a in self.role_assignments.values()
            if a["principalId"] == principal_id and a["resourceId"] == resource.id
        }
        return [str(role["value"]) for role in resource.state.get("appRoles", ()) if role["id"] in held and role.get("value")]

    def _index_identifier_uris(self, record: Record, before: Iterable[str]) -> None:
        for uri in before:
            self.identifier_uris.pop(uri, None)
        for uri in record.state.get("identifierUris", ()):
            self.identifier_uris[uri] = record
