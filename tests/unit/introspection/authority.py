"""A stand-in for what Entra publishes: metadata and key documents of two tenants, and the private keys behind them.

The shapes follow the documents that Microsoft publishes at login.microsoftonline.com (members that the bridge doesn't read are
left out). Keys are made when they are first used and live as long as the process.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.introspection.jws import encode_segment

TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
SECOND_TENANT = "7a1b2c3d-0e4f-4a5b-8c6d-9e0f1a2b3c4d"
UNTRUSTED_TENANT = "00aa11bb-22cc-43dd-84ee-55ff66aa77bb"
CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
ORIGIN = "https://login.microsoftonline.com"
CLOUD = "microsoftonline.com"
API = "f00dcafe-7777-4888-8999-f00011122233"
CUSTOM_KEY_APPLICATION = "abadcafe-1111-4222-8333-444455556666"

_UNUSUAL = {"small": (1024, 65537), "cubic": (2048, 3)}  # bits and exponent


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The private RSA key called `name`: 2048 bits and exponent 65537, but for "small" and "cubic"."""
    bits, exponent = _UNUSUAL.get(name, (2048, 65537))
    return rsa.generate_private_key(exponent, bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The private P-256 key called `name`."""
    return ec.generate_private_key(ec.SECP256R1())


def unsigned(value: int) -> str:
    """Base64urlUInt (RFC 7518 section 2)."""
    return encode_segment(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode("ascii")


def jwk(name: str, members: Mapping[str, object] | None = None, key_name: str | None = None) -> dict[str, object]:
    """The public JWK of an RSA key, with `kid` equal to its name, as Entra writes it: no `alg`. A member of None is left out."""
    numbers = rsa_key(key_name or name).public_key().public_numbers()
    usual = {"kty": "RSA", "use": "sig", "kid": name, "x5t": name, "n": unsigned(numbers.n), "e": unsigned(numbers.e)}
    return {member: value for member, value in {**usual, **(members or {})}.items() if value is not None}


def ec_jwk(name: str) -> dict[str, object]:
    """The public JWK of a P-256 key."""
    numbers = ec_key(name).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "use": "sig", "kid": name, "x": unsigned(numbers.x), "y": unsigned(numbers.y)}


class Authority:
    """Documents by URL path, to be called as a DocumentReader or served. `fetched` counts; `failing` makes all fetches fail."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.fetched: Counter[str] = Counter()
        self.failing: Exception | None = None
        template = f"{origin}/{{tenantid}}/v2.0"
        marked = {"issuer": template, "cloud_instance_name": CLOUD}
        # As in the common document of Entra: a consumer key and another cloud's key stand among the tenant's own.
        self.keys: list[dict[str, object]] = [
            jwk("current", marked),
            jwk("previous", marked),
            jwk("consumer", {"issuer": f"{origin}/{CONSUMER_TENANT}/v2.0", "cloud_instance_name": CLOUD}),
            jwk("government", {"issuer": template, "cloud_instance_name": "microsoftonline.us"}),
            jwk("small", marked),
            jwk("cubic", marked),
            jwk("encryption", {"use": "enc"}),
            jwk("ambiguous", marked),
            jwk("ambiguous", marked, "ambiguous-twin"),
            ec_jwk("elliptic"),
            {"kty": "oct", "kid": "symmetric", "use": "sig", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
        ]
        self.second_keys: list[dict[str, object]] = [
            jwk("second_tenant", {"issuer": f"{origin}/{SECOND_TENANT}/v2.0", "cloud_instance_name": CLOUD}),
            jwk("current", marked),
        ]
        self.application_keys: list[dict[str, object]] = [jwk("application", marked), jwk("current", marked)]
        self.overrides: dict[str, object] = {}

    def documents(self) -> dict[str, object]:
        """All documents by path and query."""
        documents: dict[str, object] = {}
        for tenant_id, keys in ((TENANT, self.keys), (SECOND_TENANT, self.second_keys)):
            base, keys_path = f"/{tenant_id}", f"/{tenant_id}/discovery/v2.0/keys"
            metadata = {
                "issuer": f"{self.origin}/{tenant_id}/v2.0",
                "jwks_uri": self.origin + keys_path,
                "token_endpoint": f"{self.origin}/{tenant_id}/oauth2/v2.0/token",
                "cloud_instance_name": CLOUD,
            }
            documents[f"{base}/v2.0/.well-known/openid-configuration"] = metadata
            documents[keys_path] = {"keys": keys}
            documents[f"{base}/.well-known/openid-configuration"] = {
                "issuer": f"https://sts.windows.net/{tenant_id}/",
                "jwks_uri": f"{self.origin}/common/discovery/keys",
            }
            query = f"?appid={CUSTOM_KEY_APPLICATION}"
            documents[f"{base}/v2.0/.well-known/openid-configuration{query}"] = {
                **metadata,
                "jwks_uri": metadata["jwks_uri"] + query,
            }
            documents[keys_path + query] = {"keys": self.application_keys}
        # Entra's v1 key document: no key says whose it is.
        documents["/common/discovery/keys"] = {"keys": [{k: v for k, v in key.items() if k != "issuer"} for key in self.keys]}
        return {**documents, **self.overrides}

    def __call__(self, url: str, host: str) -> object:
        path = url.removeprefix(self.origin)
        self.fetched[path] += 1
        if self.failing is not None:
            raise self.failing
        return self.documents()[path]

    @property
    def key_fetches(self) -> int:
        """How often the first tenant's key document was read."""
        return self.fetched[f"/{TENANT}/discovery/v2.0/keys"]
