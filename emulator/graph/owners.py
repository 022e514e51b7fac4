"""Owners of applications: list, add and remove."""

from emulator.directory.record import Record, Version
from emulator.graph import authorization, lookup
from emulator.graph.applications import owner_entry
from emulator.graph.bodies import referenced_id
from emulator.graph.call import Call, answer
from emulator.graph.errors import bad_request, not_found
from emulator.graph.router import Router
from emulator.message import Response


def add_routes(router: Router) -> None:
    """Serve /applications/{}/owners, and the list of /servicePrincipals/{}/owners."""
    router.add("GET", "/servicePrincipals/{}/owners", list_principals_owners)
    router.add("GET", "/applications/{}/owners", list_owners)
    router.add("POST", "/applications/{}/owners/$ref", add_owner)
    router.add("DELETE", "/applications/{}/owners/{}/$ref", remove_owner)


def list_owners(call: Call) -> Response:
    """GET: directory objects with their type."""
    return _listed(call, *lookup.application(call))


def list_principals_owners(call: Call) -> Response:
    """GET of the owners of a service principal."""
    return _listed(call, *lookup.service_principal(call))


def _listed(call: Call, record: Record, seen: Version) -> Response:
    authorization.require_read(call, record)
    entries = [owner_entry(call, owner) for owner in seen.owners]
    select = call.query.get("$select")
    if select is not None:
        wanted = {"@odata.type", *select.split(",")}
        entries = [{name: value for name, value in entry.items() if name in wanted} for entry in entries]
    chosen = f"({select})" if select is not None else ""
    return answer(200, {"@odata.context": f"{call.base}/$metadata#directoryObjects{chosen}", "value": entries})


def add_owner(call: Call) -> Response:
    """POST of a reference: 204."""
    record, _ = lookup.application(call)
    authorization.require_owner_addition(call, record)
    directory = call.tenant.directory
    owner = referenced_id(call.body().get("@odata.id"))
    if directory.principal(owner) is None:
        raise not_found(owner)
    if owner in record.owners:
        raise bad_request("One or more added object references already exist for the following modified properties: 'owners'.")
    if len(record.owners) >= call.tenant.assumptions.owners_limit:
        raise bad_request("The number of owners of an application is limited.")
    directory.applications.add_owner(lookup.living(record, call.key), owner)
    return answer(204)


def remove_owner(call: Call) -> Response:
    """DELETE of a reference: 204. The last owner may go, and so may the caller itself."""
    record, _ = lookup.application(call)
    authorization.require_write(call, record)
    owner = call.keys[1].value
    if owner not in record.owners:
        raise not_found(owner)
    call.tenant.directory.applications.remove_owner(lookup.living(record, call.key), owner)
    return answer(204)
