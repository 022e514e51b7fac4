"""What changes after a registration, kept in `notes`: texts of up to 1024 characters that Entra gives no meaning.

A property is replaced whole and Graph has no ETag, so each has one kind of writer. The application's notes are written by the
client's own updates and hold the generation of its registration access token: a portal's update, which may have read an old
state, can't take that back. The service principal's are written behind answers, and hold what callers are known to have got.

    Registered through the Entra DCR bridge by anypoint; its dcr: tags are part of the registration.
    dcr:generation=3

    dcr:told=0d9e8f7a-2222-4333-8444-a55566677788,...
    dcr:presented=3@1795341600
"""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.clock import EPOCH
from shared.registration.tags import Record
from shared.strict_json import JsonObject

# Key ids that are kept: Entra keeps no more secrets than about 20 that a bridge makes.
MOST_TOLD = 20
_LINE = re.compile(r"^dcr:(?P<name>[a-z]+)=(?P<value>\S*)$", re.MULTILINE)
_GENERATION = re.compile(r"[0-9]{1,15}")
_LAST = 253_402_300_799
_PRESENTED = re.compile(r"([0-9]{1,9})@([0-9]{1,12})")


def write_application_notes(caller: str, generation: int) -> str:
    """The notes of an application for the client of a caller."""
    text = f"Registered through the Entra DCR bridge by {caller}; its dcr: tags are part of the registration."
    return f"{text}\ndcr:generation={generation}"


def read_generation(application: JsonObject) -> int:
    """The generation of a client's registration access token; 1 where none is noted. Earlier versions kept it in the tags."""
    noted = _read_lines(application).get("generation", "")
    older = Record.from_tags(application.get("tags") or []).number("generation")
    return max(int(noted) if _GENERATION.fullmatch(noted) else 1, older or 1)


class PrincipalNotes(NamedTuple):
    """`told`: the key ids of secrets that an answer carried. `presented`: the newest generation of the registration access token
    that came back from the client, and when that was first seen, in epoch seconds."""

    told: tuple[str, ...] = ()
    presented: int = 1
    presented_at: int = 0

    def as_text(self) -> str:
        """The notes as they are kept."""
        lines = [f"dcr:told={','.join(self.told[-MOST_TOLD:])}"] if self.told else []
        if self.presented > 1:
            lines.append(f"dcr:presented={self.presented}@{self.presented_at}")
        return "\n".join(lines)


def read_principal_notes(principal: JsonObject) -> PrincipalNotes:
    """The notes of a service principal; whatever an administrator wrote there is passed over."""
    lines = _read_lines(principal)
    presented = _PRESENTED.fullmatch(lines.get("presented", ""))
    generation, moment = (int(presented[1]), int(presented[2])) if presented else (1, 0)
    return PrincipalNotes(tuple(filter(None, lines.get("told", "").split(","))), generation, moment)


def restored_tag(now: datetime) -> str:
    """The tag of a service principal that was made anew for a client which came back."""
    return f"dcr:restored={int(now.timestamp())}"


def read_restored(principal: JsonObject) -> datetime | None:
    """When the client of a service principal came back, if it did."""
    moment = Record.from_tags(principal.get("tags") or []).number("restored")
    return None if moment is None else EPOCH + timedelta(seconds=min(moment, _LAST))


def _read_lines(entity: JsonObject) -> dict[str, str]:
    notes = entity.get("notes")
    return {found["name"]: found["value"] for found in _LINE.finditer(notes)} if isinstance(notes, str) else {}
