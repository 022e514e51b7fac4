"""Makes shared/registration/confusables.json out of Unicode's confusables.txt (UTS 39 section 4), as a package carries it.

    python -m tests.unit.registration.confusables

The package gives each character its confusables in both directions; a class of them is a star around its prototype.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import confusable_homoglyphs

TABLE = Path(__file__).parents[3] / "shared" / "registration" / "confusables.json"
_MARK = "\u200e"  # stands around characters that are written from right to left


def _prototype(members: Iterable[str], edges: dict[str, set[str]]) -> str:
    """The member that all others are confused with; of a pair, the sequence, then the one in ASCII."""
    members = sorted(members)
    centres = [member for member in members if edges[member] | {member} >= set(members)]
    return min(centres, key=lambda member: (len(member) == 1, not member.isascii(), member))


def make_table() -> dict[str, str]:
    """Prototype -> the characters that look like it."""
    document = json.loads((Path(confusable_homoglyphs.__file__).parent / "confusables.json").read_text("utf-8"))
    edges = {text.replace(_MARK, ""): {entry["c"].replace(_MARK, "") for entry in entries} for text, entries in document.items()}
    table: dict[str, set[str]] = {}
    for text, others in edges.items():
        hub = next((other for other in others if len(edges[other]) > 1), text) if len(others) == 1 else text
        members = edges[hub] | {hub}
        prototype = _prototype(members, edges)
        table[prototype] = {member for member in members - {prototype} if len(member) == 1}
    return {prototype: "".join(sorted(members)) for prototype, members in sorted(table.items()) if members}


def as_text(table: dict[str, str]) -> str:
    """One prototype a line, in ASCII: some of these characters would turn the text around."""
    return json.dumps(table, indent=0, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    TABLE.write_text(as_text(make_table()), "ascii")
