"""JSON read and written strictly (RFC 8259): UTF-8, no NaN, no half of a surrogate pair, bounded nesting."""

import json
import math
from typing import Any

import orjson

type JsonObject = dict[str, Any]

# Fast, for tokens and key documents: of two members with one name the last counts, nesting ends at 1024.
loads = orjson.loads
dumps = orjson.dumps


class Ambiguous(ValueError):
    """The text isn't a JSON object, or is one to some readers and something else to others. Says why, without quoting it."""


def read_object(text: bytes, deepest: int) -> JsonObject:
    """The one JSON object that `text` is, for requests, in which nothing may be ambiguous.

    Raises Ambiguous for other JSON values (`null` among them), a member named twice, NaN and numbers too large for a double,
    objects and arrays nested more than `deepest` deep, and text that isn't UTF-8. A byte order mark is passed over.
    """
    try:
        document = json.loads(
            text.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_number
        )
    except Ambiguous:
        raise
    except (ValueError, RecursionError):
        raise Ambiguous("it is not a JSON object in UTF-8") from None
    if not isinstance(document, dict):
        raise Ambiguous("it is not a JSON object")
    _check(document, deepest)
    return document


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Ambiguous("a member name occurs twice in one object")
    return members


def _refuse_constant(name: str) -> Any:
    raise Ambiguous(f"{name} is not a JSON number")


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Ambiguous("a number is too large")
    return value


def _check(document: Any, deepest: int) -> None:
    """Nesting and surrogates, level by level and not by recursion."""
    level, rest = 0, [document]
    while rest:
        level += 1
        below: list[Any] = []
        for value in rest:
            if isinstance(value, dict | list) and level > deepest:
                raise Ambiguous(f"objects and arrays are nested more than {deepest} deep")
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
                raise Ambiguous("a string holds half of a surrogate pair")
        rest = below
