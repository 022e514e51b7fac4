"""The token service: which part answers which path below /{tenant}/."""

import uuid

from local.entra.clouds import AUTHORITY_HOSTS
from local.entra.message import Request, Response
from local.entra.sts.errors import StsError
from local.entra.sts.metadata import key_document, openid_configuration
from local.entra.sts.token_endpoint import TokenEndpoint
from local.entra.sts.tokens import TokenIssuer
from local.entra.tenant import COMMON_TENANTS, Tenant


class TokenService:
    """Answers every request that is not for Graph, the managed identity endpoint or the control surface."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.issuer = TokenIssuer(tenant)
        self.tokens = TokenEndpoint(tenant, self.issuer)

    def answer(self, request: Request) -> Response:
        """The answer to `request`; AADSTS errors are rendered here."""
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        try:
            response = self._route(request)
        except StsError as error:
            host = request.host or self.tenant.cloud.authority_hosts[0]
            response = error.response(self.tenant.clock.now(), correlation_id, host)
        response.headers.setdefault("client-request-id", correlation_id)
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response

    def _route(self, request: Request) -> Response:
        segments = request.segments
        if len(segments) < 2:
            return Response(404)
        segment, *rest = segments
        self._check_tenant(request, segment)
        tenant, path = self.tenant, "/".join(rest)
        base, issuer_base = tenant.endpoint_base(request), tenant.issuer_base_for(request)
        app_id = request.query.get("appid")
        match request.method, path:
            case "GET", ".well-known/openid-configuration":
                return Response.of_json(200, openid_configuration(tenant, segment, 1, base, issuer_base, app_id))
            case "GET", "v2.0/.well-known/openid-configuration":
                return Response.of_json(200, openid_configuration(tenant, segment, 2, base, issuer_base, app_id))
            case "GET", "discovery/keys":
                return Response.of_json(200, key_document(tenant, segment, 1, issuer_base, app_id))
            case "GET", "discovery/v2.0/keys":
                return Response.of_json(200, key_document(tenant, segment, 2, issuer_base, app_id))
            case "POST", "oauth2/v2.0/token":
                return self.tokens.answer(request, segment, 2)
            case "POST", "oauth2/token":
                return self.tokens.answer(request, segment, 1)
        return Response(404)

    def _check_tenant(self, request: Request, segment: str) -> None:
        """Raise StsError 90002 for a tenant that is not here, 90038 for one that lives in another cloud."""
        if segment not in COMMON_TENANTS and not self.tenant.is_own_name(segment):
            raise StsError(90002, tenant=segment)
        name = request.host.partition(":")[0].lower()
        if name in AUTHORITY_HOSTS and name not in self.tenant.cloud.authority_hosts and segment not in COMMON_TENANTS:
            raise StsError(90038, tenant=segment, cloud=self.tenant.cloud.instance_name)
