"""What is measured with: one tenant, one key, tokens of 1.6 KB as Entra writes them, and the same request for every server."""

import json
import time
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.introspection.configuration import (
    Caller,
    IntrospectionConfiguration,
    IntrospectionOptions,
    SecretCaller,
    TrustedTenant,
)
from shared.introspection.endpoint import Introspection
from shared.introspection.jws import encode_segment

TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
ORIGIN = "https://login.microsoftonline.com"
ISSUER = f"{ORIGIN}/{TENANT}/v2.0"
AUDIENCE = "f00dcafe-7777-4888-8999-f00011122233"
CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
CALLER, SECRET = "gateway", "c0ffee-a-secret-made-up-for-the-benchmark"
AUTHORIZATION = "Basic " + b64encode(f"{CALLER}:{SECRET}".encode()).decode()
FORM = "application/x-www-form-urlencoded"
KEY_ID = "benchmark-key"


@dataclass(frozen=True)
class Material:
    """The public JWK, the tokens, and one as large as the bridge takes."""

    jwk: dict[str, str]
    tokens: list[str]
    large: str

    def write(self, path: Path) -> None:
        """Stores it for the servers, which run in processes of their own."""
        path.write_text(json.dumps({"jwk": self.jwk, "tokens": self.tokens, "large": self.large}))


def read_material(path: Path) -> Material:
    """What `write` stored."""
    stored = json.loads(path.read_text())
    return Material(stored["jwk"], stored["tokens"], stored["large"])


def _number(value: int) -> str:
    return encode_segment(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def claims_of(index: int, now: int) -> dict[str, Any]:
    """The claims of a v2 token for a user with a few groups."""
    return {
        "aud": AUDIENCE,
        "iss": ISSUER,
        "iat": now - 300,
        "nbf": now - 300,
        "exp": now + 7200,
        "aio": "AVQAq/8ZAAAAB" + "x" * 80,
        "azp": CLIENT,
        "azpacr": "1",
        "groups": [f"5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e{number:02d}" for number in range(5)],
        "name": "Ada Example",
        "oid": "e0e0e0e0-aaaa-4bbb-8ccc-455566677788",
        "preferred_username": "ada@example.com",
        "rh": "1.AXXA" + "y" * 50,
        "scp": "Orders.Read Orders.Write",
        "sub": "p" * 43,
        "tid": TENANT,
        "uti": f"benchmark-{index:06d}",
        "ver": "2.0",
    }


def make_material(count: int = 256) -> Material:
    """A new key and `count` tokens signed with it, good for two hours."""
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "use": "sig", "kid": KEY_ID, "n": _number(numbers.n), "e": _number(numbers.e), "issuer": ISSUER}
    header = encode_segment(json.dumps({"typ": "JWT", "alg": "RS256", "kid": KEY_ID}, separators=(",", ":")).encode())
    now = int(time.time())

    def token(claims: dict[str, Any]) -> str:
        signed = header + b"." + encode_segment(json.dumps(claims, separators=(",", ":")).encode())
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return (signed + b"." + encode_segment(signature)).decode()

    large = {**claims_of(count, now), "groups": [f"{number:03d}{'g' * 97}" for number in range(200)]}
    return Material(jwk, [token(claims_of(index, now)) for index in range(count)], token(large))


def make_introspection(material: Material, cache_size: int) -> Introspection:
    """The bridge's introspection with its keys in memory."""

    def read(url: str, host: str) -> object:
        if url.endswith("/keys"):
            return {"keys": [material.jwk]}
        issuer = ISSUER if "/v2.0/" in url else f"https://sts.windows.net/{TENANT}/"
        return {"issuer": issuer, "jwks_uri": f"https://{host}/{TENANT}/discovery/v2.0/keys"}

    caller = SecretCaller(Caller(CALLER, frozenset({AUDIENCE})), (sha256(SECRET.encode()).digest(),))
    options = IntrospectionOptions(cache_size=cache_size)
    return Introspection(IntrospectionConfiguration((TrustedTenant(TENANT),), callers=(caller,), options=options), read)
