"""`python -m tests.house`: what the house promises about names, sizes and documents. Prints all that is broken; 1 if any.

- A class or public function of a module stands once in shared/: whoever reads a name knows what it is.
- A file's name in shared/ means one thing. Those that are a convention of every room are named below.
- No file has more than 300 lines.
- docs/settings.md and docs/schema/ are current.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from shared.commands import describe_settings

ROOT = Path(__file__).parents[1]
MOST_LINES = 300
# The same role in each room.
CONVENTIONS = {
    "__init__": "marks a package",
    "endpoint": "the room's endpoint: from a request to its response",
    "configuration": "what an operator decides about the room: one frozen object",
    "clients": "the clients that the bridge registered, as the room sees them",
    "errors": "the exceptions that a room raises, drawn at the top",
}
# shared/settings has one reader a room and shared/commands one command a task, each named after what it is about.
NAMED_AFTER_ROOMS = ("shared/settings", "shared/commands")
# Each module that is run has one, and nobody calls it by its name elsewhere.
ENTRY_POINTS = frozenset({"main"})


def repeated_names() -> Iterator[str]:
    """Classes and public functions that stand in several modules."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "shared").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name in ENTRY_POINTS:
                continue
            # An underscore says that a function is its module's own; a class is seen in reprs and logs all the same.
            if isinstance(node, ast.ClassDef) or not node.name.startswith("_"):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    for name, files in sorted(places.items()):
        if len(files) > 1:
            yield f"{name} stands in {', '.join(files)}"


def repeated_files() -> Iterator[str]:
    """Names of files in shared/ that stand for several things."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "shared").rglob("*.py")):
        file = path.relative_to(ROOT)
        if path.stem not in CONVENTIONS and file.parent.as_posix() not in NAMED_AFTER_ROOMS:
            places[path.stem].append(file.as_posix())
    for name, files in sorted(places.items()):
        if len(files) > 1:
            yield f"the name {name} stands for {', '.join(files)}"


def long_files() -> Iterator[str]:
    """Files that are too long to be one idea."""
    for part in ("shared", "emulator", "local", "benchmarks", "tests"):
        for path in sorted((ROOT / part).rglob("*.py")):
            lines = len(path.read_text("utf-8").splitlines())
            if lines > MOST_LINES:
                yield f"{path.relative_to(ROOT).as_posix()} has {lines} lines, more than {MOST_LINES}"


def main() -> int:
    """Print what is broken."""
    broken = [*repeated_names(), *repeated_files(), *long_files()]
    for line in broken:
        sys.stdout.write(f"{line}\n")
    stale = describe_settings.main(["--check"])
    return 1 if broken or stale else 0


if __name__ == "__main__":
    sys.exit(main())
