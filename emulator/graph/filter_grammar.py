"""The part of OData's $filter language that Graph documents for applications, parsed into a tree.

https://learn.microsoft.com/graph/aad-advanced-queries: eq ne ge le in not and or, startsWith, endsWith, any() and /$count.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from emulator.clock import parse_graph_time
from emulator.graph.errors import GraphError, bad_request

Value = str | int | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator value`; the operators startsWith and endsWith are functions in the text."""

    path: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Membership:
    """`path in (values)`."""

    path: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """`path/any(variable: condition)`; paths in the condition are below the variable ("" is the element itself)."""

    path: str
    condition: "Filter"


@dataclass(frozen=True, slots=True)
class Not:
    """`not condition`."""

    condition: "Filter"


@dataclass(frozen=True, slots=True)
class Both:
    """`left and right`, or with `or`."""

    operator: str
    left: "Filter"
    right: "Filter"


Filter = Comparison | Membership | Any | Not | Both
_COMPARISONS = {"eq", "ne", "ge", "le", "gt", "lt"}
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+)"
    r"|(?P<word>[A-Za-z_$][\w$.]*(?:/[A-Za-z_$][\w$.]*)*)"
    r"|(?P<mark>[(),:]))"
)


def parse_filter(text: str) -> Filter:
    """The tree of a $filter expression; GraphError 400 when it is not well formed."""
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _invalid(text)
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    parser = _Parser(text, tokens)
    tree = parser.disjunction("")
    if not parser.done:
        raise _invalid(text)
    return tree


def _invalid(text: str) -> GraphError:
    return bad_request(f"Invalid filter clause: syntax error in '{text}'.")


class _Parser:
    def __init__(self, text: str, tokens: list[tuple[str, str]]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0

    @property
    def done(self) -> bool:
        return self._next >= len(self._tokens)

    def _peek(self) -> tuple[str, str]:
        return ("end", "") if self.done else self._tokens[self._next]

    def _take(self, kind: str = "", text: str = "") -> str:
        found_kind, found = self._peek()
        if (kind and found_kind != kind) or (text and found != text) or found_kind == "end":
            raise _invalid(self._text)
        self._next += 1
        return found

    def _accept(self, kind: str, text: str) -> bool:
        if self._peek() != (kind, text):
            return False
        self._next += 1
        return True

    def disjunction(self, variable: str) -> Filter:
        left = self._conjunction(variable)
        while self._accept("word", "or"):
            left = Both("or", left, self._conjunction(variable))
        return left

    def _conjunction(self, variable: str) -> Filter:
        left = self._negation(variable)
        while self._accept("word", "and"):
            left = Both("and", left, self._negation(variable))
        return left

    def _negation(self, variable: str) -> Filter:
        if self._accept("word", "not"):
            return Not(self._negation(variable))
        if self._accept("mark", "("):
            inner = self.disjunction(variable)
            self._take("mark", ")")
            return inner
        return self._condition(variable)

    def _condition(self, variable: str) -> Filter:
        word = self._take("word")
        if word.lower() in ("startswith", "endswith") and self._accept("mark", "("):
            path = self._path(self._take("word"), variable)
            self._take("mark", ",")
            value = self._value()
            self._take("mark", ")")
            return Comparison(path, "startsWith" if word.lower() == "startswith" else "endsWith", value)
        if word.endswith("/any"):
            self._take("mark", "(")
            inner = self._take("word")
            self._take("mark", ":")
            condition = self.disjunction(inner)
            self._take("mark", ")")
            return Any(self._path(word.removesuffix("/any"), variable), condition)
        path = self._path(word, variable)
        operator = self._take("word")
        if operator == "in":
            self._take("mark", "(")
            values = [self._value()]
            while self._accept("mark", ","):
                values.append(self._value())
            self._take("mark", ")")
            return Membership(path, tuple(values))
        if operator not in _COMPARISONS:
            raise _invalid(self._text)
        return Comparison(path, operator, self._value())

    def _path(self, word: str, variable: str) -> str:
        if not variable:
            return word
        head, _, rest = word.partition("/")
        if head != variable:
            raise _invalid(self._text)
        return rest

    def _value(self) -> Value:
        kind, text = self._peek()
        self._take()
        match kind:
            case "string":
                return text[1:-1].replace("''", "'")
            case "guid":
                return text
            case "number":
                return int(text)
            case "time":
                try:
                    return parse_graph_time(text)
                except ValueError:
                    raise _invalid(self._text) from None
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        raise _invalid(self._text)
