"""Answers as signed JWTs for callers that ask for them. RFC 9701, with ES256 (RFC 7518 section 3.4).

cryptography's elliptic curves are imported when the first key is read: an endpoint without signed answers never loads them.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from shared.introspection.configuration import IntrospectionConfiguration
from shared.introspection.jws import encode_segment
from shared.strict_json import dumps, loads

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SIGNED_ANSWER = "application/token-introspection+jwt"
_KIND = "token-introspection+jwt"
_COORDINATE = 32  # bytes of a P-256 coordinate


def wants_signed_answer(accept: str | None) -> bool:
    """Whether an Accept header names the media type of RFC 9701 section 4, and doesn't rank it at zero."""
    if accept is None or _KIND not in accept.lower():
        return False
    for choice in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in choice.split(";"))
        if media_type == SIGNED_ANSWER:
            return not any(parameter in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters)
    return False


class SigningKey:
    """A P-256 private key and its public JWK, whose `kid` is its thumbprint (RFC 7638)."""

    def __init__(self, private_key: "EllipticCurvePrivateKey") -> None:
        numbers = private_key.public_key().public_numbers()
        coordinates = {
            name: encode_segment(value.to_bytes(_COORDINATE, "big")).decode("ascii")
            for name, value in (("x", numbers.x), ("y", numbers.y))
        }
        members = {"crv": "P-256", "kty": "EC", **coordinates}  # in the order that RFC 7638 section 3.2 hashes
        self.key_id = encode_segment(sha256(dumps(members)).digest()).decode("ascii")
        self.public_jwk: Mapping[str, str] = {**members, "use": "sig", "alg": "ES256", "kid": self.key_id}
        self._private_key = private_key

    def sign(self, text: bytes) -> bytes:
        """The signature of `text`: r and s side by side, 64 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        r, s = decode_dss_signature(self._private_key.sign(text, ECDSA(SHA256())))
        return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


def read_signing_key(pem: str) -> SigningKey:
    """A P-256 private key in PEM, as a setting or a Key Vault reference holds it (line breaks may be written as \\n).

    Raises ValueError that doesn't repeat the key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the signing key is not an unencrypted private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("the signing key is not on the curve P-256")
    return SigningKey(key)


class AnswerSigner:
    """Signs with the first key; all of them are published, so that a key can be changed without a gap."""

    def __init__(self, issuer: str, keys: tuple[SigningKey, ...]) -> None:
        if not keys:
            raise ValueError("signed answers need a key")
        self._issuer = issuer
        self._keys = keys
        self._header = encode_segment(dumps({"typ": _KIND, "alg": "ES256", "kid": keys[0].key_id}))

    def sign(self, answer: bytes, audience: str, now: float) -> bytes:
        """The JWT for a JSON `answer` to the caller named `audience` (RFC 9701 section 5): no `sub` or `exp` outside of it."""
        claims = {"iss": self._issuer, "aud": audience, "iat": int(now), "token_introspection": loads(answer)}
        text = self._header + b"." + encode_segment(dumps(claims))
        return text + b"." + encode_segment(self._keys[0].sign(text))

    def key_set(self) -> dict[str, list[Mapping[str, str]]]:
        """The JWK set that verifies the answers (RFC 7517 section 5)."""
        return {"keys": [key.public_jwk for key in self._keys]}


def read_signer(configuration: IntrospectionConfiguration) -> AnswerSigner | None:
    """The signer of the configured keys; None when there are none, and answers are plain JSON whatever a caller accepts."""
    if not configuration.signing_keys or configuration.options.issuer is None:
        return None
    return AnswerSigner(configuration.options.issuer, tuple(read_signing_key(key) for key in configuration.signing_keys))
