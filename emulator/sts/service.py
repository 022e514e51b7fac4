"""The token service: which part answers which path below /{tenant}/."""

import uuid

from emulator.clouds import AUTHORITY_HOSTS
from emulator.message import Request, Response
from emulator.sts.device_codes import DeviceCodes
from emulator.sts.errors import StsError
from emulator.sts.metadata import instance_discovery, key_document, openid_configuration
from emulator.sts.sign_in import SignIn
from emulator.sts.signin_page import message_page
from emulator.sts.token_endpoint import TokenEndpoint
from emulator.sts.tokens import TokenIssuer
from emulator.sts.user_grants import UserGrants
from emulator.tenant import COMMON_TENANTS, Tenant

_PAGES = ("oauth2/v2.0/authorize", "oauth2/authorize", "v2.0/adminconsent")


class TokenService:
    """Answers every request that is not for Graph, the managed identity endpoint or the control surface."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.issuer = TokenIssuer(tenant)
        self.tokens = TokenEndpoint(tenant, self.issuer)
        self.sign_in = SignIn(tenant)
        self.devices = DeviceCodes(tenant, self.sign_in)
        self.users = UserGrants(tenant, self.issuer, self.tokens, self.sign_in, self.devices)

    def answer(self, request: Request) -> Response:
        """The answer to `request`; AADSTS errors are rendered here, as JSON or, for people, as a page."""
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        segment, _, path = "/".join(request.segments).partition("/")
        try:
            response = self._route(request, segment, path)
        except StsError as error:
            if path in _PAGES:
                response = message_page(
                    "Sorry, but we're having trouble signing you in.", f"AADSTS{error.code}: {error.text}", 400
                )
            else:
                host = request.host or self.tenant.cloud.authority_hosts[0]
                response = error.response(self.tenant.clock.now(), correlation_id, host)
        response.headers.setdefault("client-request-id", correlation_id)
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if "origin" in request.headers and path not in _PAGES:
            response.headers |= _cross_origin(request, path)
        return response

    def _route(self, request: Request, segment: str, path: str) -> Response:
        if not path:
            return Response(404)
        self._check_tenant(request, segment)
        tenant = self.tenant
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
            case "GET", "discovery/instance":
                return Response.of_json(200, instance_discovery(tenant, base))
            case "OPTIONS", "oauth2/v2.0/token" | "oauth2/token":
                return Response(200)
            case "POST", "oauth2/v2.0/token":
                return self.tokens.answer(request, segment, 2)
            case "POST", "oauth2/token":
                return self.tokens.answer(request, segment, 1)
            case _:
                return self._page(request, segment, path)

    def _page(self, request: Request, segment: str, path: str) -> Response:
        match request.method, path:
            case "GET" | "POST", "oauth2/v2.0/authorize":
                return self.sign_in.authorize(request, segment, 2)
            case "GET" | "POST", "oauth2/authorize":
                return self.sign_in.authorize(request, segment, 1)
            case "GET", "v2.0/adminconsent":
                return self.sign_in.admin_consent(request, segment)
            case "POST", "login":
                return self.sign_in.login(request, segment)
            case "GET", "oauth2/v2.0/logout" | "oauth2/logout":
                return self.sign_in.logout(request)
            case "POST", "oauth2/v2.0/devicecode":
                return self.devices.start(request, 2)
            case "POST", "oauth2/devicecode":
                return self.devices.start(request, 1)
            case "GET" | "POST", "oauth2/deviceauth":
                return self.devices.page(request)
        return Response(404)

    def _check_tenant(self, request: Request, segment: str) -> None:
        """Raise StsError 90002 for a tenant that is not here, 90038 for one that lives in another cloud."""
        if segment not in COMMON_TENANTS and not self.tenant.is_own_name(segment):
            raise StsError(90002, tenant=segment)
        name = request.host.partition(":")[0].lower()
        if name in AUTHORITY_HOSTS and name not in self.tenant.cloud.authority_hosts and segment not in COMMON_TENANTS:
            raise StsError(90038, tenant=segment, cloud=self.tenant.cloud.instance_name)


def _cross_origin(request: Request, path: str) -> dict[str, str]:
    """The CORS headers of an answer: the token endpoint names the origin, public documents allow every one."""
    if not path.endswith("token"):
        return {"Access-Control-Allow-Origin": "*"}
    return {
        "Access-Control-Allow-Origin": request.headers["origin"],
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", "content-type"),
        "Access-Control-Expose-Headers": "Content-Length,Content-Encoding,x-ms-request-id,x-ms-srs",
    }
