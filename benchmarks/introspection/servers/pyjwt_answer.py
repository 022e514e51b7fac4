"""The same contract with PyJWT, as one writes it in an afternoon: Basic, form, verification, the members of the answer."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import jwt

from benchmarks.introspection.material import AUDIENCE, CALLER, ISSUER, KEY_ID, SECRET, TENANT, Material

REQUIRED = ["exp", "iat", "nbf", "aud", "iss", "sub"]


def members_of(claims: dict[str, Any]) -> dict[str, Any]:
    """The answer for verified claims."""
    answer = {name: claims[name] for name in ("exp", "iat", "nbf", "sub", "aud", "iss")}
    return {
        "active": True,
        "scope": claims.get("scp", ""),
        "client_id": claims["azp"],
        "token_type": "Bearer",
        **answer,
        "jti": claims.get("uti"),
    }


class KeysInMemory(jwt.PyJWKClient):
    """PyJWT's own key client with its cache, whose document is at hand instead of on the network."""

    def __init__(self, jwk: dict[str, str]) -> None:
        super().__init__("https://login.microsoftonline.com/keys", lifespan=86400)
        self._document = {"keys": [jwk]}
        self.fetch_data()

    def fetch_data(self) -> Any:
        """The JWK set, put into the client's cache as after a fetch."""
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(self._document)
        return self._document


class PyJwtAnswer:
    """Answers with status and body. `documented`: find the key as PyJWT's
    documentation shows, else peek at the header by hand.
    """

    def __init__(self, material: Material, *, documented: bool) -> None:
        self._keys = {KEY_ID: jwt.PyJWK(material.jwk, algorithm="RS256").key}
        self._client = KeysInMemory(material.jwk) if documented else None
        self._secret = hashlib.sha256(SECRET.encode()).digest()

    def claims(self, token: str) -> dict[str, Any] | None:
        """The claims of a good token; None of any other."""
        try:
            if self._client is not None:
                key = self._client.get_signing_key_from_jwt(token).key
            else:
                key = self._keys[jwt.get_unverified_header(token)["kid"]]
            options: Any = {"require": REQUIRED}
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER, leeway=60, options=options
            )
        except (jwt.PyJWTError, KeyError):
            return None
        return claims if claims.get("tid") == TENANT and claims.get("ver") == "2.0" and "azpacr" in claims else None

    def answer(self, authorization: str, body: bytes) -> tuple[int, bytes]:
        """One introspection."""
        scheme, _, encoded = authorization.partition(" ")
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        known = hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), self._secret)
        if scheme.lower() != "basic" or name != CALLER or not known:
            return 401, b'{"error":"invalid_client"}'
        tokens = parse_qs(body.decode()).get("token", [])
        if len(tokens) != 1:
            return 400, b'{"error":"invalid_request"}'
        claims = self.claims(tokens[0])
        return 200, json.dumps({"active": False} if claims is None else members_of(claims)).encode()
