"""A request body read strictly as one JSON object (RFC 8259): what is ambiguous is refused, not guessed."""

import json
import math
from typing import Any

from shared.errors import InvalidRequest, PayloadTooLarge

type JsonObject = dict[str, Any]

LARGEST_BODY = 256 * 1024
DEEPEST_NESTING = 16


class _Ambiguous(ValueError):
    """The text is JSON to some readers and something else to others."""


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Ambiguous("a member name occurs twice in one object")
    return members


def _constant(name: str) -> Any:
    raise _Ambiguous(f"{name} is not a JSON number")


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Ambiguous("a number is too large")
    return value


def _check(document: Any, deepest: int) -> None:
    """Containers are nested no deeper than `deepest`, and no string has half of a surrogate pair, which no UTF-8 text can carry.

    Level by level, not by recursion.
    """
    level, rest = 0, [document]
    while rest:
        level += 1
        below: list[Any] = []
        for value in rest:
            if isinstance(value, dict | list) and level > deepest:
                raise _Ambiguous(f"objects and arrays are nested more than {deepest} deep")
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
                raise _Ambiguous("a string holds half of a surrogate pair")
        rest = below


def parse_object(body: bytes, *, largest: int = LARGEST_BODY, deepest: int = DEEPEST_NESTING) -> JsonObject:
    """The one JSON object that `body` is, in UTF-8.

    Raises PayloadTooLarge above `largest` bytes, and InvalidRequest for everything that isn't an object: an empty body, other
    JSON values (`null` among them), a member named twice, NaN, nesting deeper than `deepest`, text that isn't UTF-8.
    """
    if len(body) > largest:
        raise PayloadTooLarge(f"the body is larger than {largest} bytes")
    if not body.strip():
        raise InvalidRequest("the body is empty; it must be a JSON object")
    try:
        document = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_number)
        if not isinstance(document, dict):
            raise InvalidRequest("the body must be a JSON object")
        _check(document, deepest)
    except _Ambiguous as reason:
        raise InvalidRequest(f"the body is not acceptable JSON: {reason}") from None
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not a JSON object in UTF-8") from None
    return document
