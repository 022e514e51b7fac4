"""JSON Web Tokens in Entra's form, right and wrong ones."""

import hashlib
import hmac
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from emulator.sts.signing_keys import SigningKey, base64url, nonce_digest


def encode(header: dict[str, Any], payload: dict[str, Any], key: SigningKey) -> str:
    """A token signed with RS256. A header with `nonce` is signed as Graph's are: over the header with the nonce's digest."""
    return encode_raw(orjson.dumps(header), orjson.dumps(payload), key, nonce=header.get("nonce"))


def encode_raw(header: bytes, payload: bytes, key: SigningKey, algorithm: str = "RS256", nonce: str | None = None) -> str:
    """A token of the exact header and payload bytes. `algorithm` is what is done, whatever the header says:

    RS256, RS512, PS256, HS256 (the public key as the shared secret) or none (an empty signature).
    """
    signed_header = header.replace(nonce.encode(), nonce_digest(nonce).encode(), 1) if nonce else header
    signature = _signature(f"{base64url(signed_header)}.{base64url(payload)}".encode(), key, algorithm)
    return f"{base64url(header)}.{base64url(payload)}.{base64url(signature)}"


def _signature(data: bytes, key: SigningKey, algorithm: str) -> bytes:
    private_key = key.material.private_key
    match algorithm:
        case "RS256":
            return key.sign(data)
        case "RS512":
            return private_key.sign(data, padding.PKCS1v15(), hashes.SHA512())
        case "PS256":
            return private_key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH), hashes.SHA256())
        case "HS256":
            return hmac.digest(key.material.public_pem, data, hashlib.sha256)
        case "none":
            return b""
    raise ValueError(f"no such algorithm: {algorithm}")
