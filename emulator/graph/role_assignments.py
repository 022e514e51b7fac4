"""App role assignments, by which an administrator grants application permissions."""

from emulator.graph import authorization, lookup
from emulator.graph.bodies import checked_body
from emulator.graph.call import Call, answer
from emulator.graph.errors import bad_request, not_found
from emulator.graph.router import Router
from emulator.message import Response

WRITE = "AppRoleAssignment.ReadWrite.All"


def add_routes(router: Router) -> None:
    """Serve both ends of an assignment: the resource's appRoleAssignedTo and the principal's appRoleAssignments."""
    router.add("GET", "/servicePrincipals/{}/appRoleAssignedTo", list_assigned_to)
    router.add("POST", "/servicePrincipals/{}/appRoleAssignedTo", assign)
    router.add("DELETE", "/servicePrincipals/{}/appRoleAssignedTo/{}", remove)
    router.add("GET", "/servicePrincipals/{}/appRoleAssignments", list_assignments)
    router.add("POST", "/servicePrincipals/{}/appRoleAssignments", assign)


def list_assigned_to(call: Call) -> Response:
    """GET of who holds roles of a resource."""
    return _listed(call, "resourceId")


def list_assignments(call: Call) -> Response:
    """GET of the roles that a principal holds."""
    return _listed(call, "principalId")


def assign(call: Call) -> Response:
    """POST {principalId, resourceId, appRoleId}: 201. The role is in tokens issued from now on."""
    authorization.require(call, WRITE)
    body = checked_body(call, "appRoleAssignment")
    directory = call.tenant.directory
    principal = directory.principal(str(body.get("principalId")))
    resource = directory.service_principals.live.get(str(body.get("resourceId")))
    if principal is not None and call.tenant.consistency.visible(principal[1], "writes") is None:
        principal = None
    if principal is None or resource is None:
        raise not_found(str(body.get("principalId") if principal is None else body.get("resourceId")))
    if body.get("appRoleId") not in {role["id"] for role in resource.state.get("appRoles", ())}:
        raise bad_request("Permission being assigned was not found on application")
    held = directory.role_assignments.values()
    wanted = (principal[1].id, resource.id, body["appRoleId"])
    if any((a["principalId"], a["resourceId"], a["appRoleId"]) == wanted for a in held):
        raise bad_request("Permission being assigned already exists on the object")
    assignment = directory.assign_role(principal[1], resource, body["appRoleId"])
    return answer(201, {"@odata.context": f"{call.base}/$metadata#appRoleAssignments/$entity", **assignment})


def remove(call: Call) -> Response:
    """DELETE: 204."""
    authorization.require(call, WRITE)
    if call.tenant.directory.role_assignments.pop(call.keys[1].value, None) is None:
        raise not_found(call.keys[1].value)
    return answer(204)


def _listed(call: Call, end: str) -> Response:
    record, _ = lookup.service_principal(call)
    authorization.require(
        call, WRITE, authorization.READ_ALL, authorization.READ_WRITE_ALL, authorization.DIRECTORY_READ, authorization.OWNED_BY
    )
    held = [a for a in call.tenant.directory.role_assignments.values() if a[end] == record.id]
    return answer(200, {"@odata.context": f"{call.base}/$metadata#appRoleAssignments", "value": held})
