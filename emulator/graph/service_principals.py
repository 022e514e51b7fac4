"""/servicePrincipals: create, read, list, update, delete, and what they own."""

from emulator.graph import authorization, lookup
from emulator.graph.bodies import bound_ids, checked_body, existing_principals
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError, bad_request, denied, no_backing_application
from emulator.graph.listing import Kind, Lister, selected, shape
from emulator.graph.quota import check_quota
from emulator.graph.router import Router
from emulator.message import Response

FOREIGN = "When using this permission, the backing application of the service principal being created must in the local tenant"


class ServicePrincipals:
    """The answers to calls on service principals."""

    def __init__(self, kind: Kind, applications: Kind, lister: Lister) -> None:
        self._kind = kind
        self._applications = applications
        self._lister = lister

    def add_routes(self, router: Router) -> None:
        """Serve /servicePrincipals and what is below."""
        router.add("GET", "/servicePrincipals", self.index)
        router.add("GET", "/servicePrincipals/$count", self.count)
        router.add("POST", "/servicePrincipals", self.create)
        router.add("GET", "/servicePrincipals/{}", self.read)
        router.add("PATCH", "/servicePrincipals/{}", self.update)
        router.add("DELETE", "/servicePrincipals/{}", self.delete)
        router.add("GET", "/servicePrincipals/{}/ownedObjects/graph.application", self.owned_applications)

    def index(self, call: Call) -> Response:
        """GET /servicePrincipals."""
        authorization.require_read(call)
        return self._lister.page(call, self._kind)

    def count(self, call: Call) -> Response:
        """GET /servicePrincipals/$count."""
        authorization.require_read(call)
        return self._lister.count(call, self._kind)

    def create(self, call: Call) -> Response:
        """POST with an appId: 201, or one of the refusals while the application has not reached the replica that is asked."""
        authorization.require_create(call, authorization.OWNED_BY, authorization.READ_WRITE_ALL)
        body = checked_body(call, "servicePrincipal")
        app_id = body.get("appId")
        if not app_id:
            raise bad_request("The appId of the service principal is missing.")
        tenant = call.tenant
        application = tenant.directory.applications.find("appId", app_id)
        if tenant.consistency.visible(application, "service_principal_reference") is None:
            if tenant.consistency.refuses_reference_as_forbidden() and not call.caller.has(authorization.READ_WRITE_ALL):
                raise denied(FOREIGN)
            raise no_backing_application(app_id)
        assert application is not None
        if not application.alive:  # the replica has not heard of the deletion, but the write cannot happen
            raise no_backing_application(app_id)
        authorization.require_write(call, application)
        owners = existing_principals(call, bound_ids(call, "owners"))
        if tenant.directory.service_principal_of(app_id) is not None:
            text = "The service principal cannot be created, updated, or restored because the service principal name "
            raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", f"{text}{app_id} is already in use.")
        check_quota(call)
        own = call.caller.principal_id
        if tenant.assumptions.creator_owns_service_principal and not authorization.creates_for_all(call):
            owners.append(own)
        values = {"createdByAppId": call.caller.app_id, **body}
        record = tenant.directory.add_service_principal(app_id, values, creator=own, owners=owners)
        context = f"{call.base}/$metadata#servicePrincipals/$entity"
        return answer(201, {"@odata.context": context, **self._kind.defaults, **record.state})

    def read(self, call: Call) -> Response:
        """GET of one service principal."""
        record, seen = lookup.service_principal(call)
        authorization.require_read(call, record)
        names = selected(call, self._kind)
        chosen = f"({','.join(names)})" if names is not None else ""
        context = f"{call.base}/$metadata#servicePrincipals{chosen}/$entity"
        return answer(200, {"@odata.context": context, **shape(seen.state, self._kind, names)})

    def update(self, call: Call) -> Response:
        """PATCH of the members that are the service principal's own."""
        record, _ = lookup.service_principal(call)
        authorization.require_write(call, record)
        body = checked_body(call, "servicePrincipal")
        if "appId" in body:
            raise bad_request("Property 'appId' is read-only and cannot be set.", "ReadOnlyProperty", "appId")
        call.tenant.directory.service_principals.write(lookup.living(record, call.key), body)
        return answer(204)

    def delete(self, call: Call) -> Response:
        """DELETE: a soft delete of the service principal alone."""
        record, _ = lookup.service_principal(call)
        authorization.require_write(call, record)
        call.tenant.directory.service_principals.soft_delete(lookup.living(record, call.key))
        return answer(204)

    def owned_applications(self, call: Call) -> Response:
        """GET of the applications that a service principal owns."""
        record, _ = lookup.service_principal(call)
        authorization.require_read(call, record)
        owned = list(call.tenant.directory.applications.owned_by(record.id))
        return self._lister.page(call, self._applications, owned, context="applications")
