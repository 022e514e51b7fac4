"""/policies/defaultAppManagementPolicy: read and change."""

from emulator.graph import authorization
from emulator.graph.bodies import checked_body
from emulator.graph.call import Call, answer
from emulator.graph.router import Router
from emulator.message import Response


def add_routes(router: Router) -> None:
    """Serve the default policy."""
    router.add("GET", "/policies/defaultAppManagementPolicy", read)
    router.add("PATCH", "/policies/defaultAppManagementPolicy", update)


def read(call: Call) -> Response:
    """GET, with Policy.Read.All."""
    authorization.require(call, "Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration")
    context = f"{call.base}/$metadata#policies/defaultAppManagementPolicy/$entity"
    return answer(200, {"@odata.context": context, **call.tenant.policies.default})


def update(call: Call) -> Response:
    """PATCH: 204."""
    authorization.require(call, "Policy.ReadWrite.ApplicationConfiguration")
    call.tenant.policies.change(checked_body(call, "tenantAppManagementPolicy"))
    return answer(204)
