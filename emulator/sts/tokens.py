"""The access tokens, id tokens and their claims.

Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and .../id-token-claims-reference.
"""

import hashlib
import random
import secrets
from dataclasses import dataclass
from typing import Any

from emulator.directory.record import Record, State
from emulator.sts.jwt import encode
from emulator.sts.resources import Resource
from emulator.sts.signing_keys import base64url
from emulator.tenant import Tenant

PUBLIC_CLIENT, BY_SECRET, BY_ASSERTION = "0", "1", "2"
"""How the client proved itself, as `appidacr` and `azpacr` say it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is issued for: client, resource and, unless the client acts for itself, the user and the delegated scopes."""

    client: State
    client_principal: Record
    resource: Resource
    method: str
    user: Record | None = None
    scopes: tuple[str, ...] = ()
    issuer_base: str = ""
    capabilities: tuple[str, ...] = ()


def pairwise_subject(user_id: str, app_id: str) -> str:
    """The `sub` of a user at one application: the same there always, another elsewhere."""
    return base64url(hashlib.sha256(f"{user_id}|{app_id}".encode()).digest())


class TokenIssuer:
    """Makes tokens for the tenant, with its clock, keys and lifetimes."""

    def __init__(self, tenant: Tenant, seed: int = 0) -> None:
        self.tenant = tenant
        self._random = random.Random(seed)  # noqa: S311 - lifetimes vary, nothing depends on their secrecy

    def lifetime(self) -> int:
        """Seconds that the next token is valid for: between 60 and 90 minutes."""
        assumptions = self.tenant.assumptions
        return self._random.randint(assumptions.shortest_token_seconds, assumptions.longest_token_seconds)

    def access_token(self, grant: Grant, lifetime: int | None = None) -> tuple[str, int]:
        """An access token in the version that its resource asks for, and the seconds it is valid (`expires_in`)."""
        seconds = self.lifetime() if lifetime is None else lifetime
        resource = grant.resource
        claims = self.common_claims(seconds)
        claims |= {"aud": resource.audience}
        claims |= self._v2_claims(grant) if resource.token_version == 2 else self._v1_claims(grant)
        if resource.is_graph:
            claims |= self._graph_claims(grant)
        if grant.capabilities:
            claims["xms_cc"] = list(grant.capabilities)
        key = self.tenant.keys.signing_for(resource.app_id)
        header: dict[str, Any] = {"typ": "JWT"}
        if resource.is_graph and self.tenant.assumptions.graph_tokens_carry_a_nonce:
            header["nonce"] = secrets.token_urlsafe(32)
        header["alg"] = "RS256"
        if resource.token_version == 1:
            header["x5t"] = key.kid
        header["kid"] = key.kid
        return encode(header, claims, key), seconds - 1

    def id_token(self, grant: Grant, user: Record, nonce: str | None, version: int) -> str:
        """An id token for the client of `grant`, in the version of the endpoint used."""
        tenant = self.tenant
        issuer = f"{grant.issuer_base}/{tenant.tenant_id}/v2.0" if version == 2 else tenant.v1_issuer
        claims = {
            **self.common_claims(3600),
            "aud": grant.client["appId"],
            "iss": issuer,
            "name": user.state.get("displayName"),
            "oid": user.id,
            "sub": pairwise_subject(user.id, grant.client["appId"]),
            **({"preferred_username": user.state["userPrincipalName"]} if version == 2 else self._v1_user(user)),
            "ver": "2.0" if version == 2 else "1.0",
        }
        if nonce is not None:
            claims["nonce"] = nonce
        key = tenant.keys.signing_for(grant.client["appId"])
        return encode({"typ": "JWT", "alg": "RS256", "kid": key.kid}, claims, key)

    def common_claims(self, seconds: int) -> dict[str, Any]:
        """The claims that every token has; issued (and back-dated) now, valid for `seconds`."""
        now = int(self.tenant.clock.time())
        issued = now - self.tenant.assumptions.tokens_are_backdated_seconds
        return {
            "iat": issued,
            "nbf": issued,
            "exp": now + seconds,
            "aio": secrets.token_urlsafe(24),
            "rh": f"1.{secrets.token_urlsafe(24)}.",
            "tid": self.tenant.tenant_id,
            "uti": secrets.token_urlsafe(16),
        }

    def _v1_claims(self, grant: Grant) -> dict[str, Any]:
        issuer = self.tenant.v1_issuer
        claims: dict[str, Any] = {"iss": issuer, "appid": grant.client["appId"], "appidacr": grant.method}
        if grant.user is None:
            return {**claims, "idp": issuer, **self._application_claims(grant), "ver": "1.0"}
        return {**claims, "acr": "1", "amr": ["pwd"], **self._user_claims(grant), **self._v1_user(grant.user), "ver": "1.0"}

    def _v2_claims(self, grant: Grant) -> dict[str, Any]:
        claims: dict[str, Any] = {
            "iss": f"{grant.issuer_base}/{self.tenant.tenant_id}/v2.0",
            "azp": grant.client["appId"],
            "azpacr": grant.method,
        }
        if grant.user is None:
            return {**claims, **self._application_claims(grant), "ver": "2.0"}
        name = {"preferred_username": grant.user.state["userPrincipalName"]}
        return {**claims, **self._user_claims(grant), **name, "ver": "2.0"}

    def _application_claims(self, grant: Grant) -> dict[str, Any]:
        principal = grant.client_principal
        claims: dict[str, Any] = {"oid": principal.id, "sub": principal.id}
        roles = self.tenant.directory.assigned_roles(principal.id, grant.resource.principal)
        if roles:
            claims["roles"] = roles
        optional = ((grant.resource.application or {}).get("optionalClaims") or {}).get("accessToken") or ()
        if any(claim.get("name") == "idtyp" for claim in optional):
            claims["idtyp"] = "app"
        return claims

    def _user_claims(self, grant: Grant) -> dict[str, Any]:
        user = grant.user
        assert user is not None
        claims: dict[str, Any] = {"name": user.state.get("displayName"), "oid": user.id}
        roles = self.tenant.directory.assigned_roles(user.id, grant.resource.principal)
        if roles:
            claims["roles"] = roles
        return {**claims, "scp": " ".join(grant.scopes), "sub": pairwise_subject(user.id, grant.resource.app_id)}

    def _v1_user(self, user: Record) -> dict[str, Any]:
        name = user.state["userPrincipalName"]
        claims = {"family_name": user.state.get("surname"), "given_name": user.state.get("givenName"), "ipaddr": "192.0.2.7"}
        return {**{k: v for k, v in claims.items() if v is not None}, "unique_name": name, "upn": name}

    def _graph_claims(self, grant: Grant) -> dict[str, Any]:
        claims: dict[str, Any] = {
            "app_displayname": grant.client.get("displayName"),
            "tenant_region_scope": self.tenant.region,
            "xms_tcdt": 1600000000,
        }
        if grant.user is None:
            claims |= {"idtyp": "app", "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"], "xms_idrel": "7 4"}
        return claims
