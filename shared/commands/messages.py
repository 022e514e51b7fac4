"""Messages that users of portals, gateways and Entra meet, with cause and cure: docs/errors.md is made of them, and `explain`
looks them up."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

# So many are shown of those that fit.
MOST = 3
_CODE = re.compile(r"(?:AADSTS)?0*([1-9][0-9]{4,7})\b")
_ASKED_CODE = re.compile(r"AADSTS\s{0,2}0*([1-9][0-9]{4,7})\b|error_codes[^0-9]{0,6}([1-9][0-9]{4,7})\b", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


class Message(NamedTuple):
    """One message. `match`: what a text contains that is it, in any case; Entra's are known by their codes."""

    message: str
    cause: str
    cure: str
    match: tuple[str, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """Entra's codes, without AADSTS."""
        return frozenset(_CODE.findall(self.message)) if self.message.startswith("AADSTS") else frozenset()


class Section(NamedTuple):
    """A table of them, for one kind of reader. `level` is that of its heading, `column` what it calls its messages."""

    heading: str
    level: int
    column: str
    rows: tuple[Message, ...]


@cache
def known_messages() -> tuple[Section, ...]:
    """All of them."""
    sections = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return tuple(
        Section(
            section["heading"],
            section["level"],
            section["column"],
            tuple(Message(row["message"], row["cause"], row["cure"], tuple(row["match"])) for row in section["rows"]),
        )
        for section in sections
    )


def find_messages(text: str) -> list[Message]:
    """Those that a text is or contains, the likeliest first: by Entra's codes, else by the longest part that fits."""
    codes = {first or second for first, second in _ASKED_CODE.findall(text)}
    by_code = [message for message in _all() if message.codes & codes]
    if by_code:
        return by_code[:MOST]
    lower = text.lower()
    fitting = ((max((len(part) for part in message.match if part in lower), default=0), message) for message in _all())
    return [message for length, message in sorted(fitting, key=lambda entry: -entry[0]) if length][:MOST]


def as_text(message: Message) -> str:
    """For a terminal."""
    cause, cure = (_LINK.sub(r"\1 (docs/\2)", text).replace("`", "") for text in (message.cause, message.cure))
    return f"{message.message.replace('`', '')}\n  cause: {cause}\n  cure:  {cure}"


def _all() -> Iterator[Message]:
    return (message for section in known_messages() for message in section.rows)
