"""As much of Bicep as the template uses, read with tree-sitter: what is declared, and the members of objects.

There is no Bicep compiler in a package index. The grammar doesn't know `extension`, the first line of grants.bicep.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_bicep.language()))
UNKNOWN_TO_THE_GRAMMAR = b"extension microsoftGraphV1\n"


@dataclass
class Declared:
    """A resource or module: `type` is the resource's type with its version, or the module's path."""

    name: str
    type: str
    existing: bool
    body: dict[str, Any]


@dataclass
class BicepFile:
    """What a file declares. Values of objects are dicts, lists and texts; an expression is its source text in `Expression`."""

    errors: list[str] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    resources: list[Declared] = field(default_factory=list)
    modules: list[Declared] = field(default_factory=list)
    # `module.outputs.name` wherever it stands.
    used_outputs: set[tuple[str, str]] = field(default_factory=set)


class Expression(str):
    """The source text of what isn't a literal."""

    __slots__ = ()


def read_bicep(path: Path) -> BicepFile:
    """Parse a file."""
    tree = _PARSER.parse(path.read_bytes().replace(UNKNOWN_TO_THE_GRAMMAR, b""))
    found = BicepFile()
    for node in _walk(tree.root_node):
        if node.is_error or node.is_missing:
            found.errors.append(f"{path.name}:{node.start_point.row + 1}: {_text(node)[:60]}")
        elif node.type == "member_expression" and ".outputs." in _text(node):
            module, _, output = _text(node).replace("!", "").partition(".outputs.")
            found.used_outputs.add((module, output.split(".")[0]))
    for node in tree.root_node.named_children:
        _declare(node, found)
    return found


def _declare(node: Node, found: BicepFile) -> None:
    children = node.named_children
    if node.type == "parameter_declaration":
        name = _text(children[0])
        found.parameters.add(name)
        if len(children) < 3:
            found.required.add(name)
    elif node.type == "output_declaration":
        found.outputs.add(_text(children[0]))
    elif node.type in ("resource_declaration", "module_declaration"):
        body = next((child for child in _walk(children[-1]) if child.type == "object"), None)
        existing = any(child.type == "existing" or _text(child) == "existing" for child in node.children)
        declared = Declared(_text(children[0]), _text(children[1]).strip("'"), existing, {} if body is None else _value(body))
        (found.resources if node.type == "resource_declaration" else found.modules).append(declared)


def _value(node: Node) -> Any:
    if node.type == "object":
        members = [child.named_children for child in node.named_children if child.type == "object_property"]
        return {_text(name).strip("'"): _value(value[-1]) for name, *value in members}
    if node.type == "array":
        return [_value(child) for child in node.named_children if child.type != "comment"]
    if node.type == "string" and not any(child.type == "interpolation" for child in node.named_children):
        return _text(node).strip("'")
    return Expression(_text(node))


def objects_of(source: str) -> Iterator[dict[str, Any]]:
    """The outermost objects within an expression, such as those that `union` joins or a ternary chooses from."""
    waiting = [_PARSER.parse(f"var value = {source}\n".encode()).root_node]
    while waiting:
        node = waiting.pop(0)
        if node.type == "object":
            yield _value(node)
        else:
            waiting = node.named_children + waiting


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
