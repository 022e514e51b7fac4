"""The bridge's own symmetric keys: for sealing registration access tokens and for signing initial access tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST_SECRET = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: an id that is shown in tokens, and a secret text of at least 32 characters."""

    id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.id):
            raise ValueError("a key's id must be 1 to 32 letters, digits, hyphens and underscores")
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(f"key {self.id} must be at least {SHORTEST_SECRET} characters long")

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

    def find(self, key_id: str) -> Key | None:
        """The key of that id, if it is still in use."""
        return self._keys.get(key_id)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"
