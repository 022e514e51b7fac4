"""Finds the function that answers a Graph path."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.graph.call import Call, Key
from emulator.message import Response

Handler = Callable[[Call], Response]
_ALTERNATE = re.compile(r"(\w+)\((\w+)='((?:[^']|'')*)'\)")
_CAST = re.compile(r"(?:microsoft\.)?graph\.(\w+)(?:\(\))?")


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    key: "_Node | None" = None
    handlers: dict[str, Handler] = field(default_factory=dict)


def path_parts(segments: list[str]) -> list[str | Key]:
    """The parts of a path below /v1.0: alternate keys become `Key`s of their own, casts and functions lose their decoration."""
    parts: list[str | Key] = []
    for segment in segments:
        alternate = _ALTERNATE.fullmatch(segment)
        cast = _CAST.fullmatch(segment)
        if alternate:
            parts += [alternate[1], Key(alternate[2], alternate[3].replace("''", "'"))]
        elif cast:
            parts.append(f"graph.{cast[1]}" if not segment.endswith("()") else cast[1])
        else:
            parts.append(segment.removesuffix("()"))
    return parts


class Router:
    """Routes by method and path template, in which `{}` stands for an object's key."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Let `handler` answer `method` requests for `template`."""
        node = self._root
        for part in template.strip("/").split("/"):
            if part == "{}":
                node.key = node.key or _Node()
                node = node.key
            else:
                node = node.literals.setdefault(part, _Node())
        node.handlers[method] = handler

    def find(self, method: str, parts: list[str | Key]) -> tuple[Handler | None, list[Key], bool]:
        """The handler, the keys in the path, and whether the path exists for some other method."""
        node, keys = self._root, []
        for part in parts:
            if isinstance(part, str) and part in node.literals:
                node = node.literals[part]
            elif node.key is not None:
                node = node.key
                keys.append(part if isinstance(part, Key) else Key("id", part))
            else:
                return None, [], False
        return node.handlers.get(method), keys, bool(node.handlers)
