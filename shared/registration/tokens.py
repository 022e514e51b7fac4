"""The registration access token (RFC 7592 section 3): sealed, not stored.

`dcr1.<key id>.<base64url of nonce and ciphertext>`, AES-256-GCM with the part before the last dot as associated data. Inside are
the client, the generation, when it was sealed, and unless the operator keeps them out the client's secret with its key id: so a
read can return the current secret, which Entra itself never shows again. Nobody without the key can read or forge one.
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.registration.keys import Key, KeyRing

_VERSION = "dcr1"
_PURPOSE = "registration access token"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A client secret and the `keyId` of the Graph passwordCredential that it is."""

    key_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a registration access token says. `sealed_at` in epoch seconds. It has no expiry: RFC 7592 section 5."""

    client_id: str
    generation: int
    sealed_at: int
    secret: SealedSecret | None = None


def looks_like_one(text: str) -> bool:
    """Whether `text` is meant to be a registration access token of this bridge."""
    return text.startswith(f"{_VERSION}.")


def seal(token: AccessToken, keys: KeyRing) -> str:
    """The token as the client gets it, made with the first of `keys`."""
    key = keys.first
    content: dict[str, object] = {"c": token.client_id, "g": token.generation, "t": token.sealed_at}
    if token.secret is not None:
        content |= {"k": token.secret.key_id, "s": token.secret.text}
    head = f"{_VERSION}.{key.id}"
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key).encrypt(nonce, json.dumps(content, separators=(",", ":")).encode(), head.encode())
    return f"{head}.{base64.urlsafe_b64encode(nonce + sealed).rstrip(b'=').decode()}"


def unseal(text: str, keys: KeyRing) -> AccessToken | None:
    """What `text` says, or None where it wasn't sealed with one of `keys` or was altered."""
    head, _, tail = text.rpartition(".")
    key = keys.find(head.rpartition(".")[2])
    if key is None:
        return None
    try:
        sealed = base64.b64decode(tail + "=" * (-len(tail) % 4), altchars=b"-_", validate=True)
        content = json.loads(_cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], head.encode()))
    except (InvalidTag, binascii.Error, ValueError):
        return None
    secret = SealedSecret(content["k"], content["s"]) if "s" in content else None
    return AccessToken(content["c"], content["g"], content["t"], secret)


def _cipher(key: Key) -> AESGCM:
    return AESGCM(key.derive(_PURPOSE))
