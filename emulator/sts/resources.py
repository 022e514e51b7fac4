"""Resources: what a `scope` or `resource` parameter names, and what that means for the token."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.directory.directory import GRAPH_APP_ID, GRAPH_SCOPES
from emulator.directory.record import Record, State
from emulator.schema.body import GUID
from emulator.sts.errors import StsError
from emulator.tenant import Tenant

OIDC_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
DEFAULT = ".default"


@dataclass(frozen=True, slots=True)
class Resource:
    """A protected API in this tenant: its service principal, its client id, and the name by which it was asked for."""

    principal: Record
    app_id: str
    identifier: str
    application: State | None

    @property
    def is_graph(self) -> bool:
        """Whether it is Microsoft Graph."""
        return self.app_id == GRAPH_APP_ID

    @property
    def token_version(self) -> int:
        """1 or 2: the resource's api.requestedAccessTokenVersion, null meaning 1; the endpoint used plays no part."""
        return int(((self.application or {}).get("api") or {}).get("requestedAccessTokenVersion") or 1)

    @property
    def audience(self) -> str:
        """The `aud` of its tokens: the client id in v2 tokens, the name asked for in v1 tokens."""
        return self.app_id if self.token_version == 2 else self.identifier

    @property
    def identifier_uris(self) -> Sequence[str]:
        """Its Application ID URIs."""
        return (self.application or {}).get("identifierUris") or ()

    @property
    def admin_scopes(self) -> frozenset[str]:
        """The delegated permissions that only an administrator may consent to."""
        offered = ((self.application or {}).get("api") or {}).get("oauth2PermissionScopes", ())
        return frozenset(str(scope["value"]) for scope in offered if scope.get("type") == "Admin")

    def check_indicator(self, indicator: str | None) -> None:
        """Raise StsError 9010010 unless an RFC 8707 `resource` equals one of its URIs, exactly, and it takes v2 tokens."""
        if indicator is not None and (self.token_version != 2 or indicator not in self.identifier_uris):
            raise StsError(9010010)

    @property
    def scopes(self) -> list[str]:
        """The delegated permissions that it offers."""
        if self.is_graph:
            return list(GRAPH_SCOPES)
        offered = ((self.application or {}).get("api") or {}).get("oauth2PermissionScopes", ())
        return [str(scope["value"]) for scope in offered if scope.get("isEnabled", True)]


def find_resource(tenant: Tenant, identifier: str, client_app_id: str) -> Resource:
    """The resource that `identifier` (App ID URI or client id) names. Raises StsError 500011 or 70011."""
    directory = tenant.directory
    if identifier in tenant.graph_identifiers:
        shown = GRAPH_APP_ID if identifier == GRAPH_APP_ID else tenant.cloud.graph_resource
        return Resource(directory.graph, GRAPH_APP_ID, shown, None)
    record = directory.identifier_uris.get(identifier) or directory.identifier_uris.get(identifier.removesuffix("/"))
    if record is None:
        record = directory.applications.find("appId", identifier)
    state = tenant.consistency.visible(record, "sts_applications")
    if state is not None:
        app_id = str(state["appId"])
        principal = directory.service_principals.find("appId", app_id)
        there = tenant.consistency.visible(principal, "sts_service_principals") is not None
        own = app_id == client_app_id and not tenant.assumptions.a_client_may_be_its_own_resource
        if principal is not None and there and not own:
            return Resource(principal, app_id, identifier, state)
    if identifier.startswith("https://") and tenant.assumptions.unknown_https_resource_is_invalid_scope:
        raise StsError(70011, scope=f"{identifier}/{DEFAULT}")
    raise StsError(500011, resource=identifier, tenant_name=tenant.name)


def resource_of_default_scope(scope: str) -> str:
    """The one resource of a client-credentials `scope`. Raises StsError 70011 (not `.default`), 700022 (several resources)."""
    parts = [part for part in scope.split() if part not in OIDC_SCOPES]
    if not parts:
        raise StsError(70011, scope=scope)
    identifiers = set()
    for part in parts:
        identifier, slash, name = part.rpartition("/")
        if not slash or name != DEFAULT or not (GUID.fullmatch(identifier) or ":" in identifier):
            raise StsError(70011, scope=part)
        identifiers.add(identifier)
    if len(identifiers) > 1:
        raise StsError(700022)
    return identifiers.pop()
