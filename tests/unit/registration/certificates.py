"""X.509 certificates for tests, made once a session: RSA keys take a while."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def der(number: int = 0, bits: int = 2048, *, days: int = 365, kind: str = "rsa") -> bytes:
    """A self-signed certificate that is good from yesterday for so many days; `kind` is rsa, ec or ed25519."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = rsa_key(number, bits)
    if kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    elif kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"client {number}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1000 + number)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days, hours=-1 if days == 0 else 0))
    )
    return builder.sign(key, None if kind == "ed25519" else SHA256()).public_bytes(Encoding.DER)


def jwk(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A public key as a client sends it: no more than what is needed, and what is changed."""
    return {"kty": "RSA", "x5c": [base64.b64encode(der(number)).decode()], **changes}
