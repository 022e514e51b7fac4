"""As much of the Kusto Query Language as the template's queries use, evaluated on rows of Application Insights' tables.

learn.microsoft.com/kusto/query: a comparison with nothing is false, a member of what has none is nothing, `has` looks for whole
terms without case, and `summarize` without rows gives one row where it has no `by`. What isn't known here is an error.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import add, mul, sub, truediv
from typing import Any

type Row = dict[str, Any]
type Evaluate = Callable[[Row], Any]

_TOKEN = re.compile(
    r"""\s*(?://[^\n]*\n\s*)*(?:(?P<span>\d+(?:\.\d+)?[dhms]\b)|(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<name>[A-Za-z_][\w-]*(?<!-))|(?P<sign>==|!=|>=|<=|=~|!~|[()\[\],.=|+\-*/<>!]))""",
    re.VERBOSE,
)
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


class Unknown(ValueError):
    """The query has something that isn't known here."""


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: one is not None and other is not None and test(one, other)


def _has(text: str, term: str) -> bool:
    # Terms are runs of letters and digits; one that has other signs is looked for between such.
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(term)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None


OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul, "/": truediv}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _compare(lambda one, other: bool(one == other)),
    "!=": lambda one, other: one != other,
    ">": _compare(lambda one, other: bool(one > other)),
    ">=": _compare(lambda one, other: bool(one >= other)),
    "<": _compare(lambda one, other: bool(one < other)),
    "<=": _compare(lambda one, other: bool(one <= other)),
    "has": _compare(lambda text, term: _has(str(text), term)),
    "contains": _compare(lambda text, part: part.lower() in str(text).lower()),
    "startswith": _compare(lambda text, part: str(text).lower().startswith(part.lower())),
}


def _parse_json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def _whole(value: Any) -> int | None:
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return None


def _bin(value: Any, size: Any) -> Any:
    if isinstance(value, datetime):
        seconds = size.total_seconds()
        return datetime.fromtimestamp(value.timestamp() // seconds * seconds, UTC)
    return value // size * size


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "parse_json": _parse_json,
    "tostring": lambda value: "" if value is None else value if isinstance(value, str) else json.dumps(value),
    "toint": _whole,
    "tolong": _whole,
    "bin": _bin,
    "array_length": lambda value: len(value) if isinstance(value, list) else None,
    "isnotempty": lambda value: value not in (None, ""),
    "iff": lambda test, yes, no: yes if test else no,
    "replace_regex": lambda text, pattern, new: re.sub(pattern, new, text or ""),
    "extract": lambda pattern, group, text: found[group] if (found := re.search(pattern, text or "")) else "",
}


def _percentile(values: Sequence[Any], percent: float) -> Any:
    known = sorted(value for value in values if value is not None)
    return known[min(len(known) - 1, int(len(known) * percent / 100))] if known else None


AGGREGATES: Mapping[str, Callable[[list[Row], Sequence[Evaluate]], Any]] = {
    "count": lambda rows, _: len(rows),
    "countif": lambda rows, given: sum(bool(given[0](row)) for row in rows),
    "sum": lambda rows, given: sum(given[0](row) or 0 for row in rows),
    "max": lambda rows, given: max((value for row in rows if (value := given[0](row)) is not None), default=None),
    "percentile": lambda rows, given: _percentile([given[0](row) for row in rows], given[1]({})),
    "dcount": lambda rows, given: len({json.dumps(given[0](row), default=str) for row in rows}),
}


class _Reader:
    """A query's tokens, with the grammar of expressions."""

    def __init__(self, text: str, now: datetime) -> None:
        self._now = now
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip() + "\n"
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise Unknown(f"{text[at:].strip()[:40]!r} can't be read")
            at = match.end()
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))

    def peek(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def take(self, *wanted: str) -> str:
        if not self._tokens or (wanted and self.peek() not in wanted):
            raise Unknown(f"{self.peek()!r} where {wanted or 'something'} was expected")
        return self._tokens.pop(0)[1]

    def takes(self, *wanted: str) -> bool:
        if self.peek() in wanted:
            self.take()
            return True
        return False

    def named(self) -> tuple[str, str | None]:
        """`name =` before an expression: the name, else that of the column which the expression is or bins."""
        if len(self._tokens) > 1 and self._tokens[0][0] == "name" and self._tokens[1][1] == "=":
            name = self.take()
            self.take("=")
            return name, None
        if self.peek() == "bin":
            return self._tokens[2][1], None
        return self.peek(), None

    def separated[T](self, read: Callable[[], T]) -> list[T]:
        found = [read()]
        while self.takes(","):
            found.append(read())
        return found

    def expression(self) -> Evaluate:
        terms = [self._conjunction()]
        while self.takes("or"):
            terms.append(self._conjunction())
        return terms[0] if len(terms) == 1 else lambda row: any(term(row) for term in terms)

    def _conjunction(self) -> Evaluate:
        terms = [self._comparison()]
        while self.takes("and"):
            terms.append(self._comparison())
        return terms[0] if len(terms) == 1 else lambda row: all(term(row) for term in terms)

    def _comparison(self) -> Evaluate:
        left = self._sum()
        if self.takes("in"):
            self.take("(")
            values = self.separated(self.expression)
            self.take(")")
            return lambda row: left(row) in [value(row) for value in values]
        if self.peek() not in COMPARISONS:
            return left
        test, right = COMPARISONS[self.take()], self._sum()
        return lambda row: test(left(row), right(row))

    def _sum(self) -> Evaluate:
        left = self._postfix()
        while self.peek() in OPERATIONS:
            left = _both(OPERATIONS[self.take()], left, self._postfix())
        return left

    def _postfix(self) -> Evaluate:
        value = self._primary()
        while self.peek() in (".", "["):
            if self.take() == ".":
                value = _both(_member, value, _always(self.take()))
            else:
                value = _both(_member, value, self.expression())
                self.take("]")
        return value

    def _primary(self) -> Evaluate:
        if self.takes("("):
            inner = self.expression()
            self.take(")")
            return inner
        kind, _ = self._tokens[0]
        text = self.take()
        if kind == "span":
            span = timedelta(seconds=float(text[:-1]) * _UNITS[text[-1]])
            return _always(span)
        if kind == "number":
            return _always(float(text) if "." in text else int(text))
        if kind == "text":
            literal = text[1:-1].replace('\\"', '"').replace("\\'", "'").replace("\\\\", "\\")
            return _always(literal)
        if kind != "name":
            raise Unknown(f"{text!r} begins no expression")
        if text in ("true", "false"):
            return _always(text == "true")
        if self.peek() == "(":
            return self._function(text)
        return lambda row: _column(row, text)

    def _function(self, name: str) -> Evaluate:
        given = self.arguments()
        if name == "ago":
            return lambda row: self._now - given[0](row)
        if name not in FUNCTIONS:
            raise Unknown(f"the function {name}")
        function = FUNCTIONS[name]
        return lambda row: function(*(argument(row) for argument in given))

    def arguments(self) -> list[Evaluate]:
        self.take("(")
        given = [] if self.peek() == ")" else self.separated(self.expression)
        self.take(")")
        return given


def _always(value: Any) -> Evaluate:
    return lambda _: value


def _both(operation: Callable[[Any, Any], Any], one: Evaluate, other: Evaluate) -> Evaluate:
    return lambda row: operation(one(row), other(row))


def _column(row: Row, name: str) -> Any:
    if row and name not in row:
        raise Unknown(f"the column {name}")
    return row.get(name)


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None


def run(query: str, tables: Mapping[str, Sequence[Row]], now: datetime) -> list[Row]:
    """The rows that a query gives at `now`. Raises Unknown."""
    reader = _Reader(query, now)
    name = reader.take()
    if name not in tables:
        raise Unknown(f"the table {name}")
    rows = [dict(row) for row in tables[name]]
    while reader.takes("|"):
        rows = list(_operate(reader, rows))
    if reader.peek():
        raise Unknown(f"{reader.peek()!r} after the query")
    return rows


def _operate(reader: _Reader, rows: list[Row]) -> Iterator[Row]:
    operator = reader.take()
    if operator == "where":
        test = reader.expression()
        return (row for row in rows if test(row) is True)
    if operator in ("extend", "project"):
        columns = reader.separated(lambda: (reader.named()[0], reader.expression()))
        kept = operator == "extend"
        return ({**(row if kept else {}), **{name: value(row) for name, value in columns}} for row in rows)
    if operator == "mv-expand":
        name, value = reader.named()[0], reader.expression()
        return ({**row, name: entry} for row in rows for entry in value(row) or ())
    if operator == "take":
        return iter(rows[: int(reader.take())])
    if operator == "order":
        reader.take("by")
        value = reader.expression()
        falling = not reader.takes("asc")
        reader.takes("desc")
        return iter(sorted(rows, key=value, reverse=falling))
    if operator == "render":
        reader.take()
        return iter(rows)
    if operator == "summarize":
        return _summarize(reader, rows)
    raise Unknown(f"the operator {operator}")


def _summarize(reader: _Reader, rows: list[Row]) -> Iterator[Row]:
    def aggregate() -> tuple[str, str, list[Evaluate]]:
        name = reader.named()[0]
        function = reader.take(*AGGREGATES)
        return name, function, reader.arguments()

    aggregates = reader.separated(aggregate)
    by = reader.separated(lambda: (reader.named()[0], reader.expression())) if reader.takes("by") else []
    groups: dict[str, tuple[Row, list[Row]]] = {} if by else {"": ({}, rows)}
    for row in rows if by else ():
        keys = {name: value(row) for name, value in by}
        groups.setdefault(json.dumps(keys, default=str), (keys, []))[1].append(row)
    for keys, own in groups.values():
        yield {**keys, **{name: AGGREGATES[function](own, given) for name, function, given in aggregates}}
