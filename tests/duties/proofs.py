"""The proofs of duties: tests that carry `@pytest.mark.duty(N)`, and the table in docs/duties.md that names them.

`python -m tests.duties.proofs` writes the table's last column anew from the tests.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "duties.md"
# A table names so many tests of a duty; the mark finds the others.
_SHOWN = 3
_ROW = re.compile(r"^\| (?P<number>\d+) \|(?P<text>.*)\|(?P<deviation>[^|\n]*)\|(?P<proof>[^|\n]*)\|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the duty's number, what deviates (empty: nothing), and the tests that prove the rest."""

    number: int
    deviation: str
    proof: str


def marked_tests(root: Path = ROOT) -> Mapping[int, tuple[str, ...]]:
    """The tests of each duty, as `file::name`, read from the sources without running them."""
    found: dict[int, list[str]] = defaultdict(list)
    for file in sorted((root / "tests").rglob("test_*.py")):
        for function, numbers in _marks(ast.parse(file.read_text(encoding="utf-8"))):
            for number in numbers:
                found[number].append(f"{file.relative_to(root / 'tests').as_posix()}::{function}")
    return {number: tuple(tests) for number, tests in found.items()}


def _marks(tree: ast.Module) -> Iterator[tuple[str, tuple[int, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.duty":
                    yield node.name, tuple(ast.literal_eval(argument) for argument in decorator.args)


def read_rows(table: str) -> list[Row]:
    """The rows of the table, in its order."""
    return [Row(int(found["number"]), found["deviation"].strip(), found["proof"].strip()) for found in _ROW.finditer(table)]


def proof_of(tests: tuple[str, ...]) -> str:
    """What the table's last column says of these tests."""
    return "<br>".join(f"`{test}`" for test in tests[:_SHOWN])


def rewrite(table: str, tests: Mapping[int, tuple[str, ...]]) -> str:
    """The table with its last column as the tests have it."""

    def row(found: re.Match[str]) -> str:
        proof = proof_of(tests.get(int(found["number"]), ()))
        return f"| {found['number']} |{found['text']}|{found['deviation']}| {proof} |"

    return _ROW.sub(row, table)


def main() -> int:
    """Write the table."""
    TABLE.write_text(rewrite(TABLE.read_text(encoding="utf-8"), marked_tests()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
