"""A set of client ids in constant memory: a Bloom filter, salted anew each time.

Asked for an id that was added it always says yes. For another one it says yes by mistake: once in 100 million with 100,000 ids,
once in fifty with a million. The audit uses it such that a mistake keeps silent instead of accusing, and the salt sees to it that
the next run makes other mistakes.
"""

import hashlib
import os

BITS = 1 << 23
HASHES = 8


class Membership:
    """Client ids that were seen; a mebibyte, however many."""

    __slots__ = ("_bits", "_salt", "size")

    def __init__(self, salt: bytes | None = None) -> None:
        self._bits = bytearray(BITS // 8)
        self._salt = os.urandom(16) if salt is None else salt
        self.size = 0

    def add(self, client_id: str) -> None:
        """Put one in."""
        for position in self._positions(client_id):
            self._bits[position >> 3] |= 1 << (position & 7)
        self.size += 1

    def __contains__(self, client_id: object) -> bool:
        return isinstance(client_id, str) and all(
            self._bits[position >> 3] & (1 << (position & 7)) for position in self._positions(client_id)
        )

    def _positions(self, client_id: str) -> list[int]:
        digest = hashlib.blake2b(client_id.encode(), digest_size=4 * HASHES, salt=self._salt).digest()
        return [int.from_bytes(digest[start : start + 4]) % BITS for start in range(0, 4 * HASHES, 4)]
