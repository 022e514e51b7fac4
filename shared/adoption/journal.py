"""What an adoption changed, as JSON lines: written before each change, so that a run which breaks off anywhere can be undone.

{"client_id": "...", "at": "2026-11-26T02:00:00Z", "before": {"tags": [], "notes": null}, "after": {...}, "owner": "",
 "owned": []}
{"client_id": "...", "at": "...", "undone": true}
"""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.graph.directory import Owned
from shared.strict_json import JsonObject


class JournalEntry(BaseModel):
    """One change: members of the application before and after it, and of which objects `owner` becomes an owner."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    client_id: str
    at: str
    before: JsonObject
    after: JsonObject
    owner: str = ""
    owned: tuple[Owned, ...] = ()


class Undone(BaseModel):
    """One change taken back."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    client_id: str
    at: str
    undone: Literal[True] = True


class UnreadableJournal(Exception):
    """The file isn't a journal."""


class Journal:
    """One file, to which lines are added. A change that is made again, after a run that broke off, keeps what was there first."""

    def __init__(self, path: Path) -> None:
        """Read what is there already. Raises UnreadableJournal, and OSError."""
        self._path = path
        self.entries: dict[str, JournalEntry] = {}
        text = path.read_bytes() if path.exists() else b""
        whole, _, torn = text.rpartition(b"\n")
        if torn:
            # It was being written when the machine stopped, so its change was never made.
            os.truncate(path, len(text) - len(torn))
        for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
            self._replay(line, number)

    def _replay(self, line: bytes, number: int) -> None:
        try:
            document = json.loads(line)
            if "undone" in document:
                self.entries.pop(Undone.model_validate(document).client_id, None)
            else:
                entry = JournalEntry.model_validate(document)
                self.entries.setdefault(entry.client_id, entry)
        except (ValueError, TypeError, ValidationError) as cause:
            raise UnreadableJournal(f"line {number} of {self._path} is none of a journal's") from cause

    def add(self, entry: JournalEntry) -> JournalEntry:
        """Write a change that is about to be made, unless an entry about this client stands; return the one that counts."""
        if entry.client_id not in self.entries:
            self._write(entry)
            self.entries[entry.client_id] = entry
        return self.entries[entry.client_id]

    def note_undone(self, client_id: str, at: str) -> None:
        """Write that a change was taken back."""
        self._write(Undone(client_id=client_id, at=at))
        self.entries.pop(client_id, None)

    def _write(self, line: BaseModel) -> None:
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{line.model_dump_json()}\n")
            file.flush()
            os.fsync(file.fileno())
