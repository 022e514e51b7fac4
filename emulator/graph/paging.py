"""Pages of a list: each listing is evaluated once, and its pages are cut from that.

A continuation token names the listing and a position in it; it stays valid until many later listings have pushed it out.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.directory.record import Record
from emulator.graph.errors import GraphError

_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a listing, the token of the next page (None on the last) and the number of records in all."""

    records: Sequence[Record]
    next_token: str | None
    total: int
    is_first: bool


class Listings:
    """The listings whose pages may still be asked for."""

    def __init__(self) -> None:
        self._listings: dict[int, Sequence[Record]] = {}
        self._next = 1

    def first(self, records: Sequence[Record], size: int) -> Page:
        """The first page of a new listing."""
        if len(records) <= size:
            return Page(records, None, len(records), True)
        number = self._next
        self._next += 1
        self._listings[number] = records
        if len(self._listings) > _REMEMBERED:
            del self._listings[min(self._listings)]
        return self._cut(number, 0, size)

    def following(self, token: str, size: int) -> Page:
        """The page that a continuation token stands for; GraphError 400 when the token is unknown or too old."""
        try:
            number, position = (int(part) for part in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).split(b":"))
        except (ValueError, binascii.Error):
            number, position = 0, 0
        if number not in self._listings:
            text = "The specified page token value has expired and can no longer be included in your request."
            raise GraphError(400, "Directory_ExpiredPageToken", text)
        return self._cut(number, position, size)

    def _cut(self, number: int, position: int, size: int) -> Page:
        records = self._listings[number]
        end = position + size
        token = base64.urlsafe_b64encode(f"{number}:{end}".encode()).decode().rstrip("=") if end < len(records) else None
        return Page(records[position:end], token, len(records), position == 0)
