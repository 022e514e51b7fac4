"""Microsoft Graph: authentication, routing, and the envelope and headers of every answer."""

import uuid
from collections.abc import Callable
from email.utils import format_datetime

from emulator.graph.authentication import Authentication
from emulator.graph.batch import Batch
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError, no_such_segment, throttled
from emulator.graph.router import Router, path_parts
from emulator.message import Request, Response
from emulator.schema.body import GUID
from emulator.tenant import Tenant
from emulator.throttling import resource_units

_DIAGNOSTIC = '{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"EMULATOR"}}'


class GraphService:
    """Answers requests below /v1.0. `intercept` may raise a GraphError after authentication."""

    def __init__(self, tenant: Tenant, router: Router) -> None:
        self.tenant = tenant
        self.router = router
        self.authentication = Authentication(tenant)
        self.intercept: Callable[[], None] | None = None
        self.batch = Batch(self.answer)
        self.batch.add_routes(router)

    def answer(self, request: Request) -> Response:
        """The answer to `request`; errors are rendered here."""
        request_id = str(uuid.uuid4())
        given = request.headers.get("client-request-id", "")
        client_request_id = given if GUID.fullmatch(given) else request_id
        now = self.tenant.clock.now()
        self.tenant.directory.purge_expired()
        try:
            response = self._route(request)
        except GraphError as error:
            response = answer(error.status, error.body(now, request_id, client_request_id), **error.headers)
        response.headers |= {
            "request-id": request_id,
            "client-request-id": client_request_id,
            "x-ms-resource-unit": str(resource_units(request)),
            "x-ms-ags-diagnostic": _DIAGNOSTIC,
            "Strict-Transport-Security": "max-age=31536000",
            "Cache-Control": "no-cache",
            "Date": format_datetime(now, usegmt=True),
        }
        return response

    def _route(self, request: Request) -> Response:
        caller = self.authentication.caller(request)
        if self.tenant.throttling is not None:
            wait = self.tenant.throttling.charge(request, caller.app_id)
            if wait is not None:
                raise throttled(wait, caller.app_id, self.tenant.tenant_id)
        if self.intercept is not None:
            self.intercept()
        parts = path_parts([part for part in request.segments if part != "v1.0"])
        handler, keys, known = self.router.find(request.method, parts)
        if handler is None and known:
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        if handler is None:
            raise no_such_segment(str(parts[-1]) if parts else "")
        return handler(Call(self.tenant, request, caller, keys))
