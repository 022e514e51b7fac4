"""What the bridge does in the directory, one method for each Graph request it makes.

Resources: learn.microsoft.com/graph/api/resources/application and .../serviceprincipal. Applications are addressed by `appId`,
which is the OAuth client_id, so that no other identifier need be kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from shared.clock import write_time
from shared.graph.batch import read_in_batches
from shared.graph.errors import AlreadyExists, ObjectMissing, ValueRefused
from shared.graph.lists import DirectoryLists
from shared.graph.replication import when_replicated
from shared.retry import Deadline
from shared.strict_json import JsonObject

# Of an owner; those of a user need User.ReadBasic.All, and accountEnabled User.Read.All.
OWNER_PROPERTIES = ("id", "displayName", "mail", "userPrincipalName", "accountEnabled")

# The two objects of a client that have owners.
type Owned = Literal["applications", "servicePrincipals"]


class Directory(DirectoryLists):
    """The tenant's applications and service principals. Every method raises a GraphFailure and takes the caller's deadline."""

    # Applications

    def create_application(self, body: JsonObject, deadline: Deadline) -> JsonObject:
        """POST /applications. The answer holds the one sight of `secretText`. OutcomeUnknown when the answer was lost. Throttled,
        without a request, while Graph refuses writes: a registration takes more than this one.

        The bridge is named as owner here and for the service principal, where it isn't documented whether a creator is one: by
        Application.ReadWrite.OwnedBy an owner alone may change them.
        """
        self._graph.await_writes(deadline)
        return self._graph.call("POST", "applications", deadline, body=self._owned(body, deadline), creates=True).body

    def read_application(
        self, app_id: str, deadline: Deadline, *, select: Sequence[str] = (), await_replication: bool = False
    ) -> JsonObject | None:
        """GET one application; None where there is none, after some attempts where one was just made."""
        query = {"$select": ",".join(select)} if select else None

        def read() -> JsonObject | None:
            return self._graph.call("GET", _application(app_id), deadline, query=query).body

        try:
            return when_replicated(read, deadline) if await_replication else read()
        except ObjectMissing:
            return None

    def read_application_by_unique_name(self, unique_name: str, deadline: Deadline) -> JsonObject | None:
        """GET one application by its uniqueName; None where there is none (a soft-deleted one isn't found)."""
        literal = quote(unique_name.replace("'", "''"), safe="")
        try:
            return self._graph.call("GET", f"applications(uniqueName='{literal}')", deadline).body
        except ObjectMissing:
            return None

    def update_application(self, app_id: str, body: JsonObject, deadline: Deadline, *, await_replication: bool = False) -> None:
        """PATCH one application: complex properties merge, arrays are replaced whole. Raises ObjectMissing."""

        def update() -> None:
            self._graph.call("PATCH", _application(app_id), deadline, body=body)

        if await_replication:
            when_replicated(update, deadline)
        else:
            update()

    def delete_application(self, app_id: str, deadline: Deadline, *, await_replication: bool = False) -> None:
        """DELETE one application, and with it its service principal. Raises ObjectMissing where it is gone, or not known yet."""

        def delete() -> None:
            self._graph.call("DELETE", _application(app_id), deadline)

        if await_replication:
            when_replicated(delete, deadline)
        else:
            delete()

    def purge_application(self, object_id: str, deadline: Deadline) -> bool:
        """DELETE a soft-deleted application for good, so that its uniqueName and its share of the quota are free again; False
        where there is none. `object_id` is the application's `id`."""
        try:
            self._graph.call("DELETE", f"directory/deletedItems/{_identifier(object_id)}", deadline)
        except ObjectMissing:
            return False
        return True

    def restore_application(self, object_id: str, deadline: Deadline) -> JsonObject:
        """POST restore of a soft-deleted application, which comes back without its service principal. Raises ObjectMissing."""
        path = f"directory/deletedItems/{_identifier(object_id)}/restore"
        return self._graph.call("POST", path, deadline).body

    # Credentials of an application

    def add_password(
        self, app_id: str, display_name: str, end: datetime, deadline: Deadline, *, await_replication: bool = False
    ) -> JsonObject:
        """POST addPassword: a passwordCredential with its `secretText`. OutcomeUnknown when the answer was lost."""
        body: JsonObject = {"passwordCredential": {"displayName": display_name, "endDateTime": write_time(end)}}

        def add() -> JsonObject:
            return self._graph.call("POST", f"{_application(app_id)}/addPassword", deadline, body=body, creates=True).body

        return when_replicated(add, deadline) if await_replication else add()

    def remove_password(self, app_id: str, key_id: str, deadline: Deadline) -> None:
        """POST removePassword. A key id that isn't there counts as done."""
        try:
            self._graph.call("POST", f"{_application(app_id)}/removePassword", deadline, body={"keyId": key_id})
        except ValueRefused as refusal:
            # Graph has no code of its own for this one.
            if "No password credential found" not in refusal.reason:
                raise

    def federated_credentials(self, app_id: str, deadline: Deadline) -> list[JsonObject]:
        """GET the federatedIdentityCredentials of one application."""
        pages = self.pages(f"{_application(app_id)}/federatedIdentityCredentials", {}, deadline)
        return [entry for page in pages for entry in page]

    def add_federated_credential(
        self, app_id: str, body: JsonObject, deadline: Deadline, *, await_replication: bool = False
    ) -> JsonObject:
        """POST one federatedIdentityCredential: `name`, `issuer`, `subject`, `audiences`."""

        def add() -> JsonObject:
            path = f"{_application(app_id)}/federatedIdentityCredentials"
            return self._graph.call("POST", path, deadline, body=body, creates=True).body

        return when_replicated(add, deadline) if await_replication else add()

    def remove_federated_credential(self, app_id: str, credential_id: str, deadline: Deadline) -> None:
        """DELETE one federatedIdentityCredential; one that isn't there counts as done."""
        path = f"{_application(app_id)}/federatedIdentityCredentials/{_identifier(credential_id)}"
        try:
            self._graph.call("DELETE", path, deadline)
        except ObjectMissing:
            return

    # Service principals

    def create_service_principal(
        self, app_id: str, deadline: Deadline, *, account_enabled: bool = True, tags: Sequence[str] = ()
    ) -> None:
        """POST /servicePrincipals: without one the token service gives the client no token (AADSTS7000229).

        Repeated while the new application isn't visible to this call; a service principal that exists is success. Entra adds the
        application's own tags to `tags`.
        """
        body: JsonObject = {"appId": app_id, "accountEnabled": account_enabled}
        if tags:
            body["tags"] = list(tags)
        body = self._owned(body, deadline)

        def create() -> None:
            self._graph.call("POST", "servicePrincipals", deadline, body=body)

        try:
            when_replicated(create, deadline)
        except AlreadyExists:
            return

    def read_service_principal(self, app_id: str, deadline: Deadline, *, select: Sequence[str] = ()) -> JsonObject | None:
        """GET the tenant's service principal of an application; None where there is none."""
        query = {"$select": ",".join(select)} if select else None
        try:
            return self._graph.call("GET", _service_principal(app_id), deadline, query=query).body
        except ObjectMissing:
            return None

    def update_service_principal(self, app_id: str, body: JsonObject, deadline: Deadline) -> None:
        """PATCH the tenant's service principal of an application."""
        self._graph.call("PATCH", _service_principal(app_id), deadline, body=body)

    # Owners

    def owners_of(self, objects: Sequence[str], deadline: Deadline) -> dict[str, list[JsonObject]]:
        """The owners of objects, given by paths such as applications/{id}: users and service principals. One call for twenty;
        objects that are gone are left out."""
        paths = {f"/{path}/owners?$select={','.join(OWNER_PROPERTIES)}": path for path in objects}
        found = read_in_batches(self._graph, list(paths), deadline)
        return {paths[asked]: [e for e in body.get("value") or [] if isinstance(e, dict)] for asked, body in found.items()}

    def own_claims(self, deadline: Deadline) -> JsonObject:
        """What the bridge's own token says of it, as far as it can be read."""
        return self._graph.own_claims(deadline)

    def _owned(self, body: JsonObject, deadline: Deadline) -> JsonObject:
        own = self._graph.own_claims(deadline).get("oid")
        return body | {"owners@odata.bind": [self._graph.reference(own)]} if isinstance(own, str) else body

    def owners(self, resource: Owned, app_id: str, deadline: Deadline) -> frozenset[str]:
        """The object ids of the owners of an application, or of its service principal."""
        pages = self.pages(f"{_keyed(resource, app_id)}/owners", {"$select": "id"}, deadline)
        return frozenset(str(entry["id"]) for page in pages for entry in page)

    def add_owner(self, resource: Owned, app_id: str, owner: str, deadline: Deadline) -> None:
        """POST a reference to an owner. One that is there already counts as done."""
        body: JsonObject = {"@odata.id": self._graph.reference(owner)}
        try:
            self._graph.call("POST", f"{_keyed(resource, app_id)}/owners/$ref", deadline, body=body)
        except ValueRefused as refusal:
            # Graph has no code of its own for this one.
            if "references already exist" not in refusal.reason:
                raise

    def remove_owner(self, resource: Owned, app_id: str, owner: str, deadline: Deadline) -> None:
        """DELETE the reference to an owner. One that isn't there counts as done."""
        try:
            self._graph.call("DELETE", f"{_keyed(resource, app_id)}/owners/{_identifier(owner)}/$ref", deadline)
        except ObjectMissing:
            return

    # Users

    def read_user(self, object_id: str, deadline: Deadline, *, select: Sequence[str]) -> JsonObject | None:
        """GET one user (needs User.Read.All); None where there is none."""
        try:
            return self._graph.call("GET", f"users/{_identifier(object_id)}", deadline, query={"$select": ",".join(select)}).body
        except ObjectMissing:
            return None


def _identifier(value: str) -> str:
    return quote(value, safe="")


def _keyed(resource: str, app_id: str) -> str:
    return f"{resource}(appId='{_identifier(app_id)}')"


def _application(app_id: str) -> str:
    return _keyed("applications", app_id)


def _service_principal(app_id: str) -> str:
    return _keyed("servicePrincipals", app_id)
