"""The rules of a .funcignore file, as Core Tools read them. They are not those of git.

Azure/azure-functions-core-tools, GitIgnoreParser.cs: a pattern is held against the beginning of a file's path from the app's
root, so that `__pycache__` means the one at the root and `**/__pycache__` every other; it covers all paths that go on after a
word's end (`local` covers `local/run.py` and `local.settings.json`, not `locality`); `*` is one or more characters of one path
segment, `**` one or more of any; `?` and `[` mean themselves; a `!` pattern takes back what any other covers, wherever in the
file it stands.
"""

import re


class FuncIgnore:
    """A parsed .funcignore."""

    def __init__(self, text: str) -> None:
        """Parse the content of the file; blank lines and lines that begin with `#` say nothing."""
        lines = [line.strip() for line in text.split("\n")]
        lines = [line for line in lines if line and not line.startswith("#")]
        self._denied = _pattern([line.removeprefix("/") for line in lines if not line.startswith("!")])
        self._accepted = _pattern([line[1:].removeprefix("/") for line in lines if line.startswith("!")])

    def denies(self, path: str) -> bool:
        """True if the file at this path (relative to the app's root, with `/`) stays out of the package."""
        if self._denied is None or not self._denied.match(path):
            return False
        return self._accepted is None or not self._accepted.match(path)


def _pattern(lines: list[str]) -> re.Pattern[str] | None:
    if not lines:
        return None
    return re.compile(rf"(?:{'|'.join(map(_expression, lines))})\b", re.ASCII)


def _expression(line: str) -> str:
    wild = {"**": ".+", "*": "[^/]+"}
    return "".join(wild.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", line))
