"""From what runs once, when a module is imported, to the lines that it takes effect in."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

type Line = tuple[str, int]
"""A module's path below the project, and a line's number."""


@cache
def _sources() -> dict[str, list[str]]:
    paths = sorted((ROOT / "shared").rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8").splitlines() for path in paths}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse("\n".join(_sources()[module]))


def reached_from(module: str, line: int) -> list[Line]:
    """The first lines of a function's body for a line of its signature; for one of an assignment in a module or class, the lines
    that name what is assigned. None for all others, which run where they stand."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line < node.body[0].lineno:
            return [(module, statement.lineno) for statement in node.body]
    return [place for name in _assigned(_tree(module), line) for place in _named(name)]


def runs_at_import(module: str, line: int) -> bool:
    """Whether a line runs when its module is imported, and not when a function is called."""
    return not any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or line)
        for node in ast.walk(_tree(module))
    )


def _assigned(tree: ast.Module, line: int) -> Iterator[str]:
    holders: list[ast.Module | ast.ClassDef] = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for holder in holders:
        for statement in holder.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.lineno <= line <= (statement.end_lineno or line):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


@cache
def _named(name: str) -> tuple[Line, ...]:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return tuple(
        (module, number) for module, lines in _sources().items() for number, text in enumerate(lines, 1) if word.search(text)
    )
