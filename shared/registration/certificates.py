"""X.509 certificates in a client's `jwks`: the only public keys that Entra takes for `private_key_jwt`.

RFC 7517 section 4.7 (`x5c`), RFC 7523 section 2.2; learn.microsoft.com/graph/api/resources/keycredential.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from shared.clock import write_time
from shared.errors import InvalidClientMetadata
from shared.secret import repr_without

if TYPE_CHECKING:
    from cryptography import x509

SMALLEST_RSA_KEY = 2048
MOST_KEYS = 10
# keyCredential.displayName, which keeps the client's own `kid`.
_LONGEST_KEY_ID = 90


class Certificate(NamedTuple):
    """A certificate with an RSA key, no other. `key_id` is what the client calls it; `der` the certificate itself."""

    key_id: str
    der: bytes

    def __repr__(self) -> str:
        return repr_without(self, "der")

    @property
    def parsed(self) -> "x509.Certificate":
        return _load(self.der)

    def as_jwk(self) -> dict[str, Any]:
        """The key as RFC 7517 writes it, certificate and thumbprint included."""
        numbers = cast(RSAPublicKey, self.parsed.public_key()).public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.key_id,
            "x5t#S256": thumbprint(self.parsed),
            "n": _unsigned(numbers.n),
            "e": _unsigned(numbers.e),
            "x5c": [base64.b64encode(self.der).decode()],
        }


def _load(der: bytes) -> "x509.Certificate":
    # A third of what the first registration of a worker would import otherwise, and few have certificates.
    from cryptography import x509

    return x509.load_der_x509_certificate(der)


def thumbprint(certificate: "x509.Certificate") -> str:
    """RFC 7515 section 4.1.8: the SHA-256 of the certificate in base64url."""
    return base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=").decode()


def check_lifetimes(certificates: Iterable[Certificate], longest: timedelta | None) -> None:
    """Raises InvalidClientMetadata for a certificate that is valid for longer than the tenant allows; None: no limit is known."""
    if longest is None:
        return
    for parsed in (certificate.parsed for certificate in certificates):
        if parsed.not_valid_after_utc - parsed.not_valid_before_utc > longest:
            most = f"{longest.days} days that the tenant's policy allows"
            raise InvalidClientMetadata(f"jwks has a certificate that is valid for longer than the {most}")


def refused_by_tenant(refusal: Exception) -> InvalidClientMetadata:
    """The error for certificates that the tenant's policy refuses, as Graph said when they were written."""
    return InvalidClientMetadata(
        "the tenant's policy allows no certificate like one in jwks, or none as long-lived", detail=str(refusal)
    )


def read_jwks(jwks: Mapping[str, Any], now: datetime) -> tuple[Certificate, ...]:
    """The certificates of a JWK set, each key's first of its chain.

    Raises InvalidClientMetadata where a key is no RSA key of 2048 bits or more with a certificate in `x5c` that is its own and
    still valid at `now`, where one occurs twice, or where there is none.
    """
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not keys:
        raise InvalidClientMetadata("jwks must be an object whose member keys is an array of at least one key")
    if len(keys) > MOST_KEYS:
        raise InvalidClientMetadata(f"jwks has more than {MOST_KEYS} keys")
    certificates = tuple(_read_key(key, now) for key in keys)
    if len({certificate.der for certificate in certificates}) != len(keys):
        raise InvalidClientMetadata("jwks has the same certificate twice")
    return certificates


def _read_key(key: object, now: datetime) -> Certificate:
    if not isinstance(key, dict) or key.get("kty") != "RSA":
        raise InvalidClientMetadata("jwks has a key that is not an RSA key; Microsoft Entra ID takes no other")
    if {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & key.keys():
        raise InvalidClientMetadata("jwks has a private key; send public keys alone")
    chain = key.get("x5c")
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        raise InvalidClientMetadata("jwks has a key without x5c; Microsoft Entra ID takes keys as X.509 certificates alone")
    try:
        der = base64.b64decode(chain[0], validate=True)
        parsed = _load(der)
        public = parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):  # the second: a kind of key, or a curve, that nobody here knows
        raise InvalidClientMetadata("jwks has an x5c whose first entry is not an X.509 certificate in base64") from None
    if not isinstance(public, RSAPublicKey) or public.key_size < SMALLEST_RSA_KEY:
        raise InvalidClientMetadata(f"jwks has a certificate without an RSA key of at least {SMALLEST_RSA_KEY} bits")
    numbers = public.public_numbers()
    if key.get("n", _unsigned(numbers.n)) != _unsigned(numbers.n) or key.get("e", _unsigned(numbers.e)) != _unsigned(numbers.e):
        raise InvalidClientMetadata("jwks has an x5c that is not the certificate of its key")
    if parsed.not_valid_after_utc <= now:
        raise InvalidClientMetadata("jwks has a certificate that is no longer valid")
    key_id = key.get("kid", thumbprint(parsed))
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _LONGEST_KEY_ID or not key_id.isascii() or not key_id.isprintable():
        raise InvalidClientMetadata(f"jwks has a kid that is not 1 to {_LONGEST_KEY_ID} printable ASCII characters")
    return Certificate(key_id, der)


def _unsigned(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def to_key_credential(certificate: Certificate) -> dict[str, Any]:
    """The Graph keyCredential for a certificate, with which a client's assertions are verified."""
    parsed = certificate.parsed
    return {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(certificate.der).decode(),
        "displayName": certificate.key_id,
        "startDateTime": write_time(parsed.not_valid_before_utc),
        "endDateTime": write_time(parsed.not_valid_after_utc),
    }


def from_key_credentials(credentials: list[dict[str, Any]]) -> tuple[Certificate, ...]:
    """The certificates with RSA keys that Graph returned. It shows `key` on a single read that selects keyCredentials, and never
    otherwise. What an administrator added and can't be read here is passed over."""
    certificates = []
    for credential in credentials:
        if isinstance(credential.get("key"), str) and credential.get("usage") == "Verify":
            try:
                der = base64.b64decode(credential["key"])
                parsed = _load(der)
                public = parsed.public_key()
            except (ValueError, UnsupportedAlgorithm):
                continue
            if isinstance(public, RSAPublicKey):
                certificates.append(Certificate(credential.get("displayName") or thumbprint(parsed), der))
    return tuple(certificates)
