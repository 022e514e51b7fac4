"""Tokens for a user: which scopes were asked for, and the answer that carries access, id and refresh token."""

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.directory.directory import GRAPH_APP_ID
from emulator.directory.record import Record, State
from emulator.sts.errors import StsError
from emulator.sts.resources import DEFAULT, OIDC_SCOPES, Resource, find_resource
from emulator.sts.tokens import Grant, TokenIssuer
from emulator.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a `scope` parameter asks for: the resource's own scopes, the names they were asked by, and OpenID Connect's."""

    resource: Resource
    granted: tuple[str, ...]
    shown: tuple[str, ...]
    openid: frozenset[str]


def read_scopes(tenant: Tenant, text: str, client: State, v1_resource: str = "", indicator: str | None = None) -> Scopes:
    """The delegated scopes of `text`; with `v1_resource` all that this resource offers.

    Raises StsError 70011 (malformed), 700022 (several resources), 500011 (unknown resource), 9010010 (`indicator`, the RFC 8707
    resource, is not that of the scopes) or 650053 (a scope that the resource does not have). A scope without a resource belongs
    to Microsoft Graph; `X/.default` stands for everything that X offers.
    """
    client_app_id = str(client["appId"])
    asked = text.split()
    openid = frozenset(asked) & OIDC_SCOPES
    if v1_resource:
        resource = find_resource(tenant, v1_resource, client_app_id)
        return Scopes(resource, tuple(resource.scopes), tuple(resource.scopes), openid | {"openid", "offline_access"})
    pairs = [_split(scope) for scope in asked if scope not in OIDC_SCOPES]
    identifiers = {identifier for identifier, _ in pairs} or {GRAPH_APP_ID}
    if len(identifiers) > 1:
        raise StsError(700022)
    resource = find_resource(tenant, identifiers.pop(), client_app_id)
    resource.check_indicator(indicator)
    names: list[str] = []
    for _, name in pairs:
        if name != DEFAULT and name not in resource.scopes:
            raise StsError(650053, client_name=str(client.get("displayName")), scope=name, resource=resource.app_id)
        names += resource.scopes if name == DEFAULT else [name]
    if resource.is_graph:
        names += [scope for scope in ("openid", "profile", "email") if scope in openid]
        if not pairs:
            names.append("User.Read")
    names = [name for name in dict.fromkeys(names) if name != "offline_access"]
    shown = names if resource.is_graph else [f"{resource.identifier}/{name}" for name in names]
    return Scopes(resource, tuple(names), tuple(shown), openid)


def _split(scope: str) -> tuple[str, str]:
    identifier, slash, name = scope.rpartition("/")
    if not name:
        raise StsError(70011, scope=scope)
    return (identifier, name) if slash else (GRAPH_APP_ID, name)


@dataclass(frozen=True, slots=True)
class UserGrant:
    """A user's consent to a client, as codes, device codes and refresh tokens carry it. Times are seconds since the epoch."""

    client_id: str
    user: Record
    scopes: Scopes
    issued_at: float
    nonce: str | None = None
    platform: str = "web"
    expires_at: float = 0.0


class UserTokens:
    """Builds the answers of all grants that act for a user."""

    def __init__(self, tenant: Tenant, issuer: TokenIssuer) -> None:
        self._tenant = tenant
        self._issuer = issuer

    def answer(
        self, grant: UserGrant, client: State, principal: Record, method: str, version: int, issuer_base: str, client_info: bool
    ) -> dict[str, Any]:
        """The token response without a refresh token."""
        scopes, user = grant.scopes, grant.user
        token_grant = Grant(client, principal, scopes.resource, method, user, scopes.granted, issuer_base)
        token, seconds = self._issuer.access_token(token_grant)
        listed = [*scopes.shown, *(scope for scope in sorted(scopes.openid - {"offline_access"}) if scope not in scopes.shown)]
        content: dict[str, Any] = {"token_type": "Bearer", "scope": " ".join(listed)}
        content |= {"expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
        if version == 1:
            expires_on = int(self._tenant.clock.time()) + seconds
            content |= {"expires_in": str(seconds), "ext_expires_in": str(seconds), "expires_on": str(expires_on)}
            content["resource"] = scopes.resource.identifier
        if "openid" in scopes.openid:
            content["id_token"] = self._issuer.id_token(token_grant, user, grant.nonce, version)
        if client_info:
            content["client_info"] = client_info_of(user.id, self._tenant.tenant_id)
        return content


def client_info_of(user_id: str, tenant_id: str) -> str:
    """The `client_info` by which MSAL tells accounts apart."""
    return base64.urlsafe_b64encode(orjson.dumps({"uid": user_id, "utid": tenant_id})).decode().rstrip("=")
