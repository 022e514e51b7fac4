"""The managed identity endpoint of App Service and Functions.

https://learn.microsoft.com/azure/app-service/overview-managed-identity: GET $IDENTITY_ENDPOINT?api-version=2019-08-01&resource=
with the header X-IDENTITY-HEADER. Tokens live 24 hours.
"""

import secrets
from typing import Any

from emulator.directory.record import Record
from emulator.message import Request, Response
from emulator.sts.errors import StsError
from emulator.sts.resources import find_resource
from emulator.sts.tokens import BY_ASSERTION, Grant, TokenIssuer
from emulator.tenant import Tenant

LIFETIME = 24 * 3600
API_VERSION = "2019-08-01"


class ManagedIdentities:
    """The identities of one function app: `header` is its IDENTITY_HEADER, `path` the path of its IDENTITY_ENDPOINT."""

    path = "/msi/token"

    def __init__(self, tenant: Tenant, issuer: TokenIssuer) -> None:
        self._tenant = tenant
        self._issuer = issuer
        self.header = secrets.token_hex(16).upper()
        self.system_assigned: Record | None = None
        self.user_assigned: dict[str, Record] = {}

    def answer(self, request: Request) -> Response:
        """A token for `resource`: 401 without the header, 400 for anything else that is wrong."""
        if request.headers.get("x-identity-header") != self.header:
            return _error(401, "unauthorized", "The X-IDENTITY-HEADER is missing or wrong.")
        query = request.query
        resource_name = query.get("resource", "")
        if request.method != "GET" or query.get("api-version") != API_VERSION or not resource_name:
            return _error(400, "invalid_request", "api-version 2019-08-01 and resource are needed.")
        wanted = query.get("client_id")
        principal = self.user_assigned.get(wanted) if wanted else self.system_assigned
        if principal is None:
            return _error(400, "identity_not_found", "No managed identity found for the client id or for the app.")
        try:
            resource = find_resource(self._tenant, resource_name.removesuffix("/.default"), principal.state["appId"])
        except StsError as error:
            return _error(400, "invalid_resource", f"AADSTS{error.code}: {error.text}")
        base = self._tenant.issuer_base or self._tenant.url
        token, _ = self._issuer.access_token(
            Grant(principal.state, principal, resource, BY_ASSERTION, issuer_base=base), lifetime=LIFETIME
        )
        content: dict[str, Any] = {
            "access_token": token,
            "expires_on": str(int(self._tenant.clock.time()) + LIFETIME),
            "resource": resource_name,
            "token_type": "Bearer",
            "client_id": principal.state["appId"],
        }
        return Response.of_json(200, content)


def _error(status: int, code: str, message: str) -> Response:
    return Response.of_json(status, {"statusCode": status, "error": code, "error_description": message, "message": message})
