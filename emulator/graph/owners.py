"""Owners of applications and service principals: list, add and remove."""

from collections.abc import Callable

from emulator.directory.record import Record, Version
from emulator.directory.store import Store
from emulator.graph import authorization, lookup
from emulator.graph.applications import owner_entry
from emulator.graph.bodies import referenced_id
from emulator.graph.call import Call, answer
from emulator.graph.errors import bad_request, not_found
from emulator.graph.router import Router
from emulator.message import Response


class Owners:
    """The answers to calls on the owners of one kind of object, which `find` looks up as the call sees it."""

    def __init__(self, name: str, find: Callable[[Call], tuple[Record, Version]]) -> None:
        self._name = name
        self._find = find

    def add_routes(self, router: Router) -> None:
        """Serve /{name}/{}/owners."""
        router.add("GET", f"/{self._name}/{{}}/owners", self.index)
        router.add("POST", f"/{self._name}/{{}}/owners/$ref", self.add)
        router.add("DELETE", f"/{self._name}/{{}}/owners/{{}}/$ref", self.remove)

    def index(self, call: Call) -> Response:
        """GET: directory objects with their type."""
        record, seen = self._find(call)
        authorization.require_read(call, record)
        entries = [owner_entry(call, owner) for owner in seen.owners]
        select = call.query.get("$select")
        if select is not None:
            wanted = {"@odata.type", *select.split(",")}
            entries = [{name: value for name, value in entry.items() if name in wanted} for entry in entries]
        chosen = f"({select})" if select is not None else ""
        return answer(200, {"@odata.context": f"{call.base}/$metadata#directoryObjects{chosen}", "value": entries})

    def add(self, call: Call) -> Response:
        """POST of a reference: 204."""
        record, _ = self._find(call)
        authorization.require_owner_addition(call, record)
        owner = referenced_id(call.body().get("@odata.id"))
        if call.tenant.directory.principal(owner) is None:
            raise not_found(owner)
        if owner in record.owners:
            text = "One or more added object references already exist for the following modified properties: 'owners'."
            raise bad_request(text)
        if len(record.owners) >= call.tenant.assumptions.owners_limit:
            raise bad_request("The number of owners of an application is limited.")
        self._store(call).add_owner(lookup.living(record, call.key), owner)
        return answer(204)

    def remove(self, call: Call) -> Response:
        """DELETE of a reference: 204. The last owner may go, and so may the caller itself."""
        record, _ = self._find(call)
        authorization.require_write(call, record)
        owner = call.keys[1].value
        if owner not in record.owners:
            raise not_found(owner)
        self._store(call).remove_owner(lookup.living(record, call.key), owner)
        return answer(204)

    def _store(self, call: Call) -> Store:
        directory = call.tenant.directory
        return directory.applications if self._name == "applications" else directory.service_principals


def add_routes(router: Router) -> None:
    """Serve the owners of both kinds."""
    Owners("applications", lookup.application).add_routes(router)
    Owners("servicePrincipals", lookup.service_principal).add_routes(router)
