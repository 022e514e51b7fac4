"""The bridge's own tokens, and the keys that make them. None is stored.

A registration access token (RFC 7592 section 3) is sealed: `dcr1.<key id>.<base64url of nonce and ciphertext>`, AES-256-GCM with
the part before the last dot as associated data. Inside are the client, the generation, when it was sealed, and unless the
operator keeps them out the client's secret with its key id: so a read can return the current secret, which Entra itself never
shows again. Nobody without the key can read or forge one.

A caller's token is sealed likewise (`dcrc1.`), for callers that can't send a fixed credential. It names the caller and ends soon.

An initial access token (RFC 7591 section 3) is a JWT (RFC 7519) that an operator signs, with an expiry and limits: some clients
alter initial access tokens that aren't JWTs, and send them on in base64.
"""

import base64
import binascii
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field

from shared.registration.policy import SETTING
from shared.secret import repr_without
from shared.strict_json import JsonObject

_SEALED = "dcr1"
_SEALING = "registration access token"
_CALLER = "dcrc1"
_CALLER_SEALING = "caller token"
_NONCE = 12
INITIAL_TYPE = "dcr-initial+jwt"
_ALGORITHM = "HS256"
_SIGNING = "initial access token"


@dataclass(frozen=True, slots=True)
class Key:
    """One symmetric key of the bridge."""

    __pydantic_config__: ClassVar = SETTING

    id: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$", description="is shown in tokens")]
    secret: Annotated[str, Field(min_length=32, description="a random text")] = field(repr=False)

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose alone (RFC 5869), so that one secret may serve several."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(self.secret.encode())


class KeyRing:
    """Keys in order: the first one makes new tokens, all of them open old ones. To rotate, put a new key in front."""

    def __init__(self, *keys: Key) -> None:
        if not keys:
            raise ValueError("at least one key is needed")
        self._keys = {key.id: key for key in keys}
        if len(self._keys) != len(keys):
            raise ValueError("two keys have the same id")

    @property
    def first(self) -> Key:
        """The key for new tokens."""
        return next(iter(self._keys.values()))

    def find_key(self, key_id: str) -> Key | None:
        """The key of that id, if it is still in use."""
        return self._keys.get(key_id)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


class SealedSecret(NamedTuple):
    """A client secret and the `keyId` of the Graph passwordCredential that it is. `ends` in epoch seconds, `starts` in
    microseconds, as exact as Graph's times are read; None in tokens of earlier versions, and where Graph names none."""

    key_id: str
    text: str
    ends: int | None = None
    starts: int | None = None

    def __repr__(self) -> str:
        return repr_without(self, "text")


class RegistrationAccessToken(NamedTuple):
    """What a registration access token says. `sealed_at` in epoch seconds. It has no expiry: RFC 7592 section 5."""

    client_id: str
    generation: int
    sealed_at: int
    secret: SealedSecret | None = None


def is_registration_token(text: str) -> bool:
    """Whether `text` is meant to be a registration access token of this bridge."""
    return text.startswith(f"{_SEALED}.")


def seal_token(token: RegistrationAccessToken, keys: KeyRing) -> str:
    """The token as the client gets it, made with the first of `keys`."""
    content: JsonObject = {"c": token.client_id, "g": token.generation, "t": token.sealed_at}
    if token.secret is not None:
        content |= {"k": token.secret.key_id, "s": token.secret.text, "e": token.secret.ends, "b": token.secret.starts}
    return _seal(_SEALED, _SEALING, content, keys)


def unseal_token(text: str, keys: KeyRing) -> RegistrationAccessToken | None:
    """What `text` says, or None where it wasn't sealed with one of `keys` or was altered."""
    content = _unseal(text, _SEALING, keys)
    if content is None:
        return None
    secret = SealedSecret(content["k"], content["s"], content.get("e"), content.get("b")) if "s" in content else None
    return RegistrationAccessToken(content["c"], content["g"], content["t"], secret)


class CallerToken(NamedTuple):
    """What a caller's token says: the caller's id in the settings, and until when it is good in epoch seconds."""

    caller_id: str
    ends: int


def is_caller_token(text: str) -> bool:
    """Whether `text` is meant to be a caller's token of this bridge."""
    return text.startswith(f"{_CALLER}.")


def seal_caller_token(token: CallerToken, keys: KeyRing) -> str:
    """The token as the caller gets it, made with the first of `keys`."""
    return _seal(_CALLER, _CALLER_SEALING, {"c": token.caller_id, "e": token.ends}, keys)


def unseal_caller_token(text: str, keys: KeyRing) -> CallerToken | None:
    """What `text` says, or None where it wasn't sealed with one of `keys` or was altered."""
    content = _unseal(text, _CALLER_SEALING, keys)
    return None if content is None else CallerToken(content["c"], content["e"])


def _seal(prefix: str, purpose: str, content: JsonObject, keys: KeyRing) -> str:
    key = keys.first
    head = f"{prefix}.{key.id}"
    nonce = os.urandom(_NONCE)
    text = json.dumps(content, separators=(",", ":")).encode()
    sealed = AESGCM(key.derive(purpose)).encrypt(nonce, text, head.encode())
    return f"{head}.{base64.urlsafe_b64encode(nonce + sealed).rstrip(b'=').decode()}"


def _unseal(text: str, purpose: str, keys: KeyRing) -> JsonObject | None:
    head, _, tail = text.rpartition(".")
    named = keys.find_key(head.rpartition(".")[2])
    try:
        sealed = base64.b64decode(tail + "=" * (-len(tail) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # The same key may have another id: where a list of keys became one plain text, or the other way round.
    for key in keys if named is None else (named,):
        try:
            content: JsonObject = json.loads(AESGCM(key.derive(purpose)).decrypt(sealed[:_NONCE], sealed[_NONCE:], head.encode()))
        except (InvalidTag, ValueError):
            continue
        return content
    return None


class InitialAccess(NamedTuple):
    """What an initial access token grants. `id` tells it from all others, `name` says whom it was made for, `policy` names the
    rules, `most_clients` how many clients may be registered with it in all (None: as many as the policy allows)."""

    id: str
    name: str
    policy: str
    expires: datetime
    most_clients: int | None = None


def mint_initial_token(access: InitialAccess, audience: str, keys: KeyRing, now: datetime) -> str:
    """The token for registration at the bridge whose base URL is `audience`, signed with the first of `keys`."""
    import jwt

    claims: dict[str, object] = {
        "iss": audience,
        "aud": audience,
        "jti": access.id,
        "sub": access.name,
        "policy": access.policy,
        "iat": int(now.timestamp()),
        "exp": int(access.expires.timestamp()),
    }
    if access.most_clients is not None:
        claims["most_clients"] = access.most_clients
    key = keys.first
    return jwt.encode(claims, key.derive(_SIGNING), algorithm=_ALGORITHM, headers={"typ": INITIAL_TYPE, "kid": key.id})


def is_initial_token(text: str) -> bool:
    """Whether the unverified header of `text` is that of an initial access token."""
    import jwt

    try:
        return jwt.get_unverified_header(text).get("typ") == INITIAL_TYPE
    except jwt.InvalidTokenError:
        return False


def verify_initial_token(text: str, audience: str, keys: KeyRing, now: datetime) -> InitialAccess | None:
    """What `text` grants at `now`; None where it is expired, for another bridge, or not signed with one of `keys`."""
    import jwt

    try:
        key = keys.find_key(str(jwt.get_unverified_header(text).get("kid")))
        if key is None:
            return None
        claims = jwt.decode(
            text,
            key.derive(_SIGNING),
            algorithms=[_ALGORITHM],
            audience=audience,
            issuer=audience,
            # The clock is an argument here, so `exp` is compared below.
            options={"require": ["exp", "jti", "sub", "policy"], "verify_exp": False, "verify_iat": False},
        )
        expires = datetime.fromtimestamp(claims["exp"], now.tzinfo)
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, OSError):  # the last four: no time at all
        return None
    if now >= expires:
        return None
    return InitialAccess(claims["jti"], claims["sub"], claims["policy"], expires, claims.get("most_clients"))
