"""The keys that sign tokens, and their rollover."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of personal Microsoft accounts, fixed."""


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, eq=False)
class KeyMaterial:
    """An RSA key pair with its self-signed certificate; `thumbprint` (base64url SHA-1) is kid and x5t, as Entra has it."""

    private_key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def thumbprint(self) -> str:
        """The kid."""
        return base64url(self.certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - x5t is defined with SHA-1

    @property
    def public_pem(self) -> bytes:
        """The public key as PEM, what an HMAC-confusion attack would use as its secret."""
        return self.private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@cache
def key_material(number: int) -> KeyMaterial:  # noqa: ARG001 - the number is the key of the cache
    """Key pair `number` of this process. RSA-2048 takes a while, so emulators in one process share their pairs."""
    private_key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.windows.net")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=5 * 365))
        .sign(private_key, hashes.SHA256())
    )
    return KeyMaterial(private_key, certificate)


@dataclass(slots=True, eq=False)
class SigningKey:
    """A key of the token service.

    `tenant` is what its `issuer` member in v2 key documents names: "{tenantid}" for keys that sign for every tenant, the consumer
    tenant for those of personal accounts. `app_id` makes it the key of one application. Unpublished keys are in no document.
    """

    material: KeyMaterial
    tenant: str = "{tenantid}"
    app_id: str | None = None
    published: bool = True

    @property
    def kid(self) -> str:
        """The key id that token headers carry."""
        return self.material.thumbprint

    def sign(self, data: bytes) -> bytes:
        """An RS256 signature."""
        return self.material.private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self, issuer: str | None = None, cloud_instance_name: str | None = None) -> dict[str, object]:
        """The key as Entra publishes it: without `alg`; with `issuer` in v2 documents only."""
        numbers = self.material.private_key.public_key().public_numbers()
        der = self.material.certificate.public_bytes(serialization.Encoding.DER)
        key: dict[str, object] = {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
            "e": "AQAB",
            "x5c": [base64.b64encode(der).decode()],
        }
        if cloud_instance_name:
            key["cloud_instance_name"] = cloud_instance_name
        if issuer:
            key["issuer"] = issuer
        return key


class SigningKeys:
    """All keys of the token service, and which one signs. Rollover: `add` a key, `promote` it, `retire` the old one."""

    def __init__(self) -> None:
        self._next = 0
        self.all: list[SigningKey] = []
        self.active = self.add()
        self.standby = self.add()
        self.consumer = self.add(tenant=CONSUMER_TENANT)

    def add(
        self, *, tenant: str = "{tenantid}", app_id: str | None = None, published: bool = True, promote: bool = False
    ) -> SigningKey:
        """Make a new key; with `promote` it signs from now on. A key with `app_id` signs that application's tokens at once."""
        key = SigningKey(key_material(self._next), tenant, app_id, published)
        self._next += 1
        self.all.append(key)
        if promote:
            self.active = key
        return key

    def find(self, kid: str) -> SigningKey:
        """The key with this kid; KeyError when there is none."""
        for key in self.all:
            if key.kid == kid:
                return key
        raise KeyError(kid)

    def promote(self, kid: str) -> SigningKey:
        """Let an existing key sign from now on."""
        self.active = self.find(kid)
        return self.active

    def retire(self, kid: str) -> SigningKey:
        """Take a key out of the key documents. Tokens signed with it are out there still."""
        key = self.find(kid)
        key.published = False
        return key

    def signing_for(self, app_id: str) -> SigningKey:
        """The key that signs tokens for the resource `app_id`: its own if it has one."""
        own = [key for key in self.all if key.app_id == app_id and key.published]
        return own[-1] if own else self.active

    def published(self, app_id: str | None = None, consumers: bool = False) -> list[SigningKey]:
        """The keys of a key document: those of one application, or the general ones, in the common one with the consumers'."""
        general = [key for key in self.all if key.published and key.app_id is None]
        own = [key for key in self.all if key.published and app_id is not None and key.app_id == app_id]
        return own or [key for key in general if consumers or key.tenant != CONSUMER_TENANT]


def nonce_digest(nonce: str) -> str:
    """What stands in place of a Graph token's header nonce when its signature is made: base64url(SHA-256(nonce))."""
    return base64url(hashlib.sha256(nonce.encode()).digest())
