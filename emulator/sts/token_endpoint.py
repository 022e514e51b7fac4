"""The token endpoints /{tenant}/oauth2/v2.0/token and /{tenant}/oauth2/token: one function a grant."""

import uuid
from collections.abc import Callable
from typing import Any

import orjson

from emulator.directory.sign_ins import APPLICATION, CredentialUse, Use
from emulator.message import Request, Response
from emulator.sts.client_authentication import Client, authenticate, credentials_of
from emulator.sts.errors import StsError
from emulator.sts.resources import Resource, find_resource, resource_of_default_scope
from emulator.sts.tokens import Grant, TokenIssuer
from emulator.tenant import COMMON_TENANTS, Tenant

NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class TokenEndpoint:
    """Answers token requests. Other parts add their grants to `grants`: grant_type to a function of (request, form, version)."""

    def __init__(self, tenant: Tenant, issuer: TokenIssuer) -> None:
        self.tenant = tenant
        self.issuer = issuer
        self.grants: dict[str, Callable[[Request, dict[str, str], int], dict[str, Any]]] = {
            "client_credentials": self.client_credentials
        }

    def answer(self, request: Request, segment: str, version: int) -> Response:
        """The answer to a token request at the endpoint of `version`, for the tenant that the path's `segment` names."""
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise StsError(9002313)
        form = credentials_of(request)
        grant_type = form.get("grant_type")
        if not grant_type:
            raise StsError(900144, name="grant_type")
        if grant_type not in self.grants:
            raise StsError(70003, grant_type=grant_type)
        if segment in COMMON_TENANTS and grant_type == "client_credentials":
            raise StsError(9001023, grant_type=grant_type)
        content = self.grants[grant_type](request, form, version)
        return Response.of_json(200, content, NO_STORE)

    def authenticate(self, request: Request, form: dict[str, str], public: bool = False) -> Client:
        """The client of a token request, which may name this endpoint in an assertion by any of its addresses."""
        bases = {self.tenant.endpoint_base(request), self.tenant.issuer_base_for(request), self.tenant.url}
        names = (self.tenant.tenant_id, self.tenant.domain, *COMMON_TENANTS)
        paths = ("oauth2/v2.0/token", "oauth2/token", "v2.0")
        endpoints = tuple(f"{base}/{name}/{path}" for base in bases for name in names for path in paths)
        return authenticate(self.tenant, form, endpoints, public)

    def client_credentials(self, request: Request, form: dict[str, str], version: int) -> dict[str, Any]:
        """A token for the client itself (RFC 6749 section 4.4): one resource, by `scope=X/.default` or v1's `resource`."""
        client = self.authenticate(request, form)
        wanted = "scope" if version == 2 else "resource"
        if not form.get(wanted):
            raise StsError(900144, name=wanted)
        identifier = resource_of_default_scope(form["scope"]) if version == 2 else form["resource"]
        resource = find_resource(self.tenant, identifier, client.app_id)
        resource.check_indicator(form.get("resource") if version == 2 else None)
        self.check_assignment(client, resource)
        grant = Grant(
            client.state,
            client.principal,
            resource,
            client.method,
            issuer_base=self.tenant.issuer_base_for(request),
            capabilities=capabilities(form),
        )
        token, seconds = self.issuer.access_token(grant)
        note_sign_in(self.tenant, client, resource, APPLICATION)
        if version == 1:
            return v1_answer(token, seconds, self.tenant, identifier)
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}

    def check_assignment(self, client: Client, resource: Resource) -> None:
        """Raise StsError 501051 when the resource wants an assignment and the client itself has none."""
        if not resource.principal.state.get("appRoleAssignmentRequired"):
            return
        held = self.tenant.directory.role_assignments.values()
        if any(a["principalId"] == client.principal.id and a["resourceId"] == resource.principal.id for a in held):
            return
        raise StsError(
            501051,
            status=self.tenant.assumptions.assignment_required_status,
            client_id=client.app_id,
            client_name=str(client.state.get("displayName")),
            resource=resource.app_id,
            resource_name=str(resource.principal.state.get("displayName")),
        )


def note_sign_in(tenant: Tenant, client: Client, resource: Resource, way: str) -> None:
    """Remember a token that was issued, for the reports of sign-ins."""
    at, request_id = tenant.clock.time(), str(uuid.uuid4())
    tenant.sign_ins.note(client.app_id, resource.app_id, way, Use(at, request_id))
    credential = client.credential
    if credential is not None:
        key_id = str(credential.get("keyId") or credential["id"])
        kind = "federated" if "issuer" in credential else "certificate" if "usage" in credential else "clientSecret"
        ids = (client.app_id, client.record.id, client.principal.id, resource.app_id, key_id)
        tenant.sign_ins.note_credential(CredentialUse(at, request_id, *ids, kind, credential.get("endDateTime")))


def v1_answer(token: str, seconds: int, tenant: Tenant, resource: str) -> dict[str, Any]:
    """A token answer in the v1 endpoint's form, whose numbers are strings."""
    now = int(tenant.clock.time())
    return {
        "token_type": "Bearer",
        "expires_in": str(seconds),
        "ext_expires_in": str(seconds),
        "expires_on": str(now + seconds),
        "not_before": str(now - tenant.assumptions.tokens_are_backdated_seconds),
        "resource": resource,
        "access_token": token,
    }


def capabilities(form: dict[str, str]) -> tuple[str, ...]:
    """The client capabilities (`cp1`) declared in the `claims` parameter. StsError 9002313 when that is not JSON."""
    if not form.get("claims"):
        return ()
    try:
        claims = orjson.loads(form["claims"])
        return tuple(claims.get("access_token", {}).get("xms_cc", {}).get("values", ()))
    except (orjson.JSONDecodeError, AttributeError):
        raise StsError(9002313) from None
