"""Which filters Graph answers, which only as advanced queries, and what they mean for an object.

The table is that of https://learn.microsoft.com/graph/aad-advanced-queries for applications (and, as far as the emulator goes,
service principals). What it does not list is refused, as Graph refuses what is not indexed.
"""

from collections.abc import Callable
from typing import Any as AnyValue

from emulator.clock import parse_graph_time
from emulator.directory.record import Record, State
from emulator.graph.errors import bad_request, unsupported_query
from emulator.graph.filter_grammar import Any, Both, Comparison, Filter, Membership, Not, Value
from emulator.schema.body import members

Predicate = Callable[[Record, State], bool]
NOT_INDEXED = "The request uses a filter property that is not indexed"

_DEFAULT: dict[str, frozenset[str]] = {
    "id": frozenset({"eq", "in"}),
    "appId": frozenset({"eq", "in"}),
    "uniqueName": frozenset({"eq"}),
    "displayName": frozenset({"eq", "in", "startsWith", "ge", "le"}),
    "createdDateTime": frozenset({"eq", "ge", "le"}),
    "tags": frozenset({"eq", "ge", "le", "startsWith"}),
    "identifierUris": frozenset({"eq", "ge", "le", "startsWith"}),
    "servicePrincipalNames": frozenset({"eq", "startsWith"}),
    "accountEnabled": frozenset({"eq"}),
    "servicePrincipalType": frozenset({"eq", "in"}),
    "userPrincipalName": frozenset({"eq", "in", "startsWith", "ge", "le"}),
    "mail": frozenset({"eq", "in", "startsWith", "ge", "le"}),
}
_ADVANCED: dict[str, frozenset[str]] = {
    "displayName": frozenset({"ne", "endsWith"}),
    "createdDateTime": frozenset({"ne", "in"}),
    "identifierUris": frozenset({"ne"}),
    "signInAudience": frozenset({"eq", "ne", "in", "startsWith"}),
    "publisherDomain": frozenset({"eq", "ne", "in", "startsWith", "ge", "le"}),
    "keyCredentials/endDateTime": frozenset({"eq", "ne", "ge", "le"}),
    "owners/$count": frozenset({"eq", "ne"}),
    "userPrincipalName": frozenset({"ne", "endsWith"}),
    "mail": frozenset({"ne", "endsWith"}),
}
_OPERATIONS: dict[str, Callable[[AnyValue, AnyValue], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ge": lambda a, b: a is not None and a >= b,
    "le": lambda a, b: a is not None and a <= b,
    "startsWith": lambda a, b: isinstance(a, str) and a.startswith(b),
    "endsWith": lambda a, b: isinstance(a, str) and a.endswith(b),
}


def is_advanced(tree: Filter, type_name: str, extra: frozenset[str] = frozenset(), below: str = "") -> bool:
    """Whether a filter needs ConsistencyLevel: eventual and $count=true. `extra` names further properties that take `eq`.

    Raises GraphError 400 for a property that does not exist, or that cannot be filtered by.
    """
    match tree:
        case Both(_, left, right):
            return is_advanced(left, type_name, extra, below) | is_advanced(right, type_name, extra, below)
        case Not(condition):
            is_advanced(condition, type_name, extra, below)
            return True
        case Any(path, condition):
            return is_advanced(condition, type_name, extra, path)
        case Comparison(path, operator, _):
            return _operator_is_advanced(_full(below, path), operator, type_name, extra)
        case Membership(path, _):
            return _operator_is_advanced(_full(below, path), "in", type_name, extra)


def _full(below: str, path: str) -> str:
    return f"{below}/{path}" if below and path else below or path


def _operator_is_advanced(path: str, operator: str, type_name: str, extra: frozenset[str]) -> bool:
    name = path.partition("/")[0]
    if name not in members(type_name) and name != "owners":
        raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'.")
    if operator in _DEFAULT.get(path, ()) or (path in extra and operator == "eq"):
        return False
    if operator in _ADVANCED.get(path, ()):
        return True
    raise unsupported_query(NOT_INDEXED)


def predicate(tree: Filter, defaults: dict[str, AnyValue]) -> Predicate:
    """The test that a filter stands for, of (record, state); `defaults` has what the state does not."""
    match tree:
        case Both("and", left, right):
            first, second = predicate(left, defaults), predicate(right, defaults)
            return lambda record, state: first(record, state) and second(record, state)
        case Both(_, left, right):
            first, second = predicate(left, defaults), predicate(right, defaults)
            return lambda record, state: first(record, state) or second(record, state)
        case Not(condition):
            inner = predicate(condition, defaults)
            return lambda record, state: not inner(record, state)
        case Any(path, condition):
            element = _element_test(condition)
            return lambda _, state: any(element(item) for item in state.get(path, defaults.get(path)) or ())
        case Comparison("owners/$count", operator, value):
            return lambda record, _: _OPERATIONS[operator](len(record.owners), value)
        case Comparison(path, operator, value):
            return lambda _, state: _OPERATIONS[operator](_typed(state.get(path, defaults.get(path)), value), value)
        case Membership(path, values):
            return lambda _, state: any(_typed(state.get(path, defaults.get(path)), value) == value for value in values)


def _element_test(condition: Filter) -> Callable[[AnyValue], bool]:
    match condition:
        case Both(operator, left, right):
            first, second = _element_test(left), _element_test(right)
            if operator == "and":
                return lambda item: first(item) and second(item)
            return lambda item: first(item) or second(item)
        case Not(inner):
            test = _element_test(inner)
            return lambda item: not test(item)
        case Comparison(path, operator, value):
            return lambda item: _OPERATIONS[operator](_typed(item.get(path) if path else item, value), value)
        case Membership(path, values):
            return lambda item: (item.get(path) if path else item) in values
        case Any():
            raise unsupported_query()


def _typed(stored: AnyValue, value: Value) -> AnyValue:
    """`stored` in the type of the literal it is compared with: times are kept as text."""
    if isinstance(stored, str) and value is not None and not isinstance(value, str | int):
        return parse_graph_time(stored)
    return stored


def indexed_key(tree: Filter) -> tuple[str, str] | None:
    """The property and value of a filter that names one object by a unique property; None for any other filter."""
    match tree:
        case Comparison("id" | "appId" | "uniqueName" | "userPrincipalName" as name, "eq", str() as value):
            return name, value
    return None


def indexed_tag(tree: Filter) -> str | None:
    """A tag that every match must carry, so that its index can be used; None when the filter names none."""
    match tree:
        case Any("tags", Comparison("", "eq", str() as tag)):
            return tag
        case Both("and", left, right):
            return indexed_tag(left) or indexed_tag(right)
    return None
