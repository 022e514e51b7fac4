"""Who calls Graph: the bearer token, checked with the token service's own keys."""

import base64
import binascii
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from emulator.graph.call import Caller
from emulator.graph.errors import GraphError, unauthenticated
from emulator.message import Request
from emulator.sts.signing_keys import base64url, nonce_digest
from emulator.tenant import Tenant

EXPIRED = "Lifetime validation failed, the token is expired."
_REMEMBERED = 512


def from_base64url(text: str) -> bytes:
    """Decode base64url without padding; ValueError when it is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


class Authentication:
    """Reads bearer tokens. The claims of a token whose signature held are remembered, so that each is verified once."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._verified: dict[str, dict[str, Any]] = {}

    def caller(self, request: Request) -> Caller:
        """The caller of `request`; GraphError 401 unless it carries a token of this tenant for Graph that is valid now."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._refused("Access token is empty.")
        claims = self._verified.get(token) or self._verify(token)
        now = self._tenant.clock.time()
        if claims["exp"] <= now:
            raise self._refused(EXPIRED)
        if claims["nbf"] > now + 300:
            raise self._refused("Access token has expired or is not yet valid.")
        app_only = claims.get("idtyp") == "app"
        return Caller(
            app_id=str(claims.get("appid", "")),
            principal_id=str(claims.get("oid", "")) if app_only else "",
            roles=frozenset(claims.get("roles", ())) if app_only else frozenset(),
            scopes=frozenset(str(claims.get("scp", "")).split()),
            user_id=None if app_only else str(claims.get("oid", "")),
        )

    def _verify(self, token: str) -> dict[str, Any]:
        try:
            header_part, payload_part, signature_part = token.split(".")
            header = orjson.loads(from_base64url(header_part))
            claims: dict[str, Any] = orjson.loads(from_base64url(payload_part))
            signature = from_base64url(signature_part)
            key = next(k for k in self._tenant.keys.all if k.kid == header["kid"] and k.published)
        except (ValueError, KeyError, TypeError, StopIteration):
            raise self._refused("IDX14100: JWT is not well formed, or its signing key is unknown.") from None
        if header.get("alg") != "RS256":
            raise self._refused("Invalid x5t claim.")
        nonce = header.get("nonce")
        if nonce:
            raw = from_base64url(header_part).replace(nonce.encode(), nonce_digest(nonce).encode(), 1)
            header_part = base64url(raw)
        try:
            key.material.private_key.public_key().verify(
                signature, f"{header_part}.{payload_part}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            raise self._refused("Signature is invalid.") from None
        if claims.get("aud") not in self._tenant.graph_identifiers:
            raise self._refused("Access token validation failure. Invalid audience.")
        if claims.get("tid") != self._tenant.tenant_id or not isinstance(claims.get("exp"), int):
            raise self._refused("Access token validation failure.")
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        claims.setdefault("nbf", 0)
        self._verified[token] = claims
        return claims

    def _refused(self, message: str) -> GraphError:
        return unauthenticated(message, f"https://{self._tenant.cloud.authority_hosts[0]}")
