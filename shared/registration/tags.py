"""What Entra has no property for, kept in the application's own `tags`, so that the object alone gives back the registration.

Each member is one tag, `dcr:grant_types=authorization_code,refresh_token`, that an administrator can read in the portal. Graph's
rules for tags (learn.microsoft.com/graph/api/resources/application): 1 to 256 characters, no whitespace, no duplicates. So blanks
and invisible characters are percent-encoded, and a long value goes over several tags: `dcr:logo_uri.1=...`, `dcr:logo_uri.2=...`.
Other people's tags on the same object are left alone.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

PREFIX = "dcr:"
LONGEST_TAG = 256
_TAG = re.compile(r"dcr:(?P<name>[a-z_]+(?:#[A-Za-z0-9-]+)?)(?:\.(?P<part>[1-9][0-9]{0,3}))?=(?P<value>.*)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,15}")

type Value = str | Sequence[str]


def _escape(text: str, *, item: bool) -> str:
    """Percent-encode what a tag cannot hold, the percent sign itself, and in lists the comma."""
    kept = []
    for char in text:
        hidden = unicodedata.category(char).startswith(("C", "Z"))
        if hidden or char == "%" or (item and char == ","):
            kept.append("".join(f"%{byte:02X}" for byte in char.encode()))
        else:
            kept.append(char)
    return "".join(kept)


def _width(text: str) -> int:
    """Length in UTF-16 units, the larger of the two ways in which Graph may count."""
    return len(text.encode("utf-16-le")) // 2


def _split(name: str, value: str) -> list[str]:
    whole = f"{PREFIX}{name}={value}"
    if _width(whole) <= LONGEST_TAG:
        return [whole]
    parts: list[str] = []
    room = LONGEST_TAG - _width(f"{PREFIX}{name}.9999=")
    piece, width = "", 0
    for char in value:
        if width + _width(char) > room:
            parts.append(piece)
            piece, width = "", 0
        piece, width = piece + char, width + _width(char)
    return [f"{PREFIX}{name}.{number}={part}" for number, part in enumerate([*parts, piece], start=1)]


def to_tags(members: Mapping[str, Value | None]) -> list[str]:
    """The tags for members that have a value: text, or a list of texts none of which is empty. None leaves a member out."""
    tags: list[str] = []
    for name, value in members.items():
        if value is None:
            continue
        if isinstance(value, str):
            tags += _split(name, _escape(value, item=False))
        else:
            tags += _split(name, ",".join(_escape(entry, item=True) for entry in value))
    return tags


def foreign_tags(tags: Iterable[str]) -> list[str]:
    """The tags that aren't the record's: the bridge's mark, and whatever administrators put there."""
    return [tag for tag in tags if not tag.startswith(PREFIX)]


class Record:
    """The members read back, still escaped. A member with a part missing, because somebody removed a tag, is as if never
    there."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw

    @classmethod
    def from_tags(cls, tags: Iterable[str]) -> "Record":
        """Read the record among an application's tags, in whatever order Graph returns them."""
        parts: dict[str, dict[int, str]] = {}
        for tag in tags:
            found = _TAG.fullmatch(tag)
            if found:
                parts.setdefault(found["name"], {})[int(found["part"] or 0)] = found["value"]
        whole: dict[str, str] = {}
        for name, pieces in parts.items():
            if 0 in pieces:
                whole[name] = pieces[0]
            elif set(pieces) == set(range(1, len(pieces) + 1)):
                whole[name] = "".join(pieces[number] for number in sorted(pieces))
        return cls(whole)

    def text(self, name: str) -> str | None:
        """The text of a member; None where it isn't kept."""
        raw = self._raw.get(name)
        return None if raw is None else unquote(raw)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """The list of a member, perhaps empty; None where it isn't kept."""
        raw = self._raw.get(name)
        if raw is None:
            return None
        return tuple(unquote(entry) for entry in raw.split(",")) if raw else ()

    def number(self, name: str) -> int | None:
        """The whole number of a member; None where none is kept."""
        raw = self._raw.get(name)
        return int(raw) if raw is not None and _NUMBER.fullmatch(raw) else None

    def localized(self, members: Iterable[str]) -> dict[str, str]:
        """Those of `members` that are kept with a language tag, by their whole name."""
        wanted = frozenset(members)
        return {name: unquote(raw) for name, raw in self._raw.items() if "#" in name and name.partition("#")[0] in wanted}
