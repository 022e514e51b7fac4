"""Shapes of JSON documents: declared once, they read a document strictly and describe it as JSON Schema.

    PAUSE = object_of(Pause, seconds=integer(5, 1, 60), reason=optional(string()))

    PAUSE.read({"seconds": 7}, "pauses[0]")   # Pause(seconds=7, reason=None)
    PAUSE.schema                              # {"type": "object", "properties": ...}

Reading raises ValueError that names the member at fault and never repeats a value, which may be a secret. Members that aren't
known are refused, since a misspelt switch would be silently off; null counts as absent. pydantic would do all of this, and its
import costs more than the whole first introspection of a worker.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shared.environment import GUID, Schema

_REQUIRED: Any = object()


class Shape[T](NamedTuple):
    """`read` makes T of a JSON value, given its path for messages. `default` stands for a member that is absent."""

    read: Callable[[object, str], T]
    schema: Schema
    default: T = _REQUIRED

    def then[U](self, convert: Callable[[T], U], **schema: object) -> "Shape[U]":
        """This shape, its value turned into another by `convert`, which raises ValueError with what must hold of the value.

        `schema`: what JSON Schema has to say of it beyond this shape's."""

        def read(value: object, path: str) -> U:
            found = self.read(value, path)
            try:
                return convert(found)
            except ValueError as error:
                raise ValueError(f"{path} {error}".lstrip()) from None

        return Shape(read, {**self.schema, **schema}, self.default if self.default is _REQUIRED else convert(self.default))

    def parse(self, document: str) -> T:
        """The value of a JSON text."""
        return self.read(read_json(document), "")


def read_json(document: str) -> object:
    """The JSON value of a text. Raises ValueError that says where it isn't JSON."""
    try:
        return json.loads(document)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON at character {error.pos}") from None


def _shape[T](kind: type[T], expected: str, holds: Callable[[T], bool], schema: Schema, default: T = _REQUIRED) -> Shape[T]:
    def read(value: object, path: str) -> T:
        if type(value) is not kind or not holds(value):
            raise ValueError(f"{path} must be {expected}".lstrip())
        return value

    return Shape(read, schema if default is _REQUIRED else {**schema, "default": default}, default)


def optional[T](shape: Shape[T]) -> Shape[T | None]:
    """A member that may be absent, which is None."""
    return Shape(shape.read, shape.schema, None)


def string(pattern: str = "", expected: str = "a string that isn't empty") -> Shape[str]:
    """A string that isn't empty; all of it matches `pattern` if there is one."""
    matches = re.compile(pattern or ".+", re.DOTALL).fullmatch
    schema = {"type": "string", "pattern": f"^(?:{pattern})$"} if pattern else {"type": "string", "minLength": 1}
    return _shape(str, expected, lambda value: matches(value) is not None, schema)


def guid() -> Shape[str]:
    """A GUID in any case, read in lower case."""
    return string(GUID.pattern.replace("a-f", "a-fA-F"), "a GUID").then(str.lower)


def integer(default: int, least: int, most: int) -> Shape[int]:
    """A whole number between two bounds, both included."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return _shape(int, f"an integer from {least} to {most}", lambda value: least <= value <= most, schema, default)


def boolean() -> Shape[bool]:
    """true or false; false when absent."""
    return _shape(bool, "true or false", lambda _: True, {"type": "boolean"}, False)


def one_of(*words: str, default: Any = _REQUIRED) -> Shape[str]:
    """One of some words."""
    return _shape(str, f"one of: {', '.join(words)}", words.__contains__, {"enum": list(words)}, default)


def list_of[T](item: Shape[T], least: int = 0) -> Shape[tuple[T, ...]]:
    """A list with at least so many items; empty when absent, unless there must be any."""

    def read(value: object, path: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{path} must be a JSON list".lstrip())
        if len(value) < least:
            raise ValueError(f"{path} must not be empty".lstrip())
        return tuple(item.read(entry, f"{path}[{index}]") for index, entry in enumerate(value))

    schema = {"type": "array", "items": item.schema, **({"minItems": least} if least else {})}
    return Shape(read, schema, _REQUIRED if least else ())


def strings(least: int = 0) -> Shape[tuple[str, ...]]:
    """A list of strings that aren't empty."""
    return list_of(string(), least)


def object_of[T](make: Callable[..., T], **members: Shape[Any]) -> Shape[T]:
    """An object of these members and no others, which `make` takes as keyword arguments. Where they don't fit together, `make`
    raises ValueError that begins with a member's name. The object may be absent where all of its members may."""

    def read(value: object, path: str) -> T:
        if not isinstance(value, Mapping):
            raise ValueError(f"{path} must be a JSON object".lstrip())
        inside = f"{path}." if path else ""
        found = {}
        for name, shape in members.items():
            if value.get(name) is not None:
                found[name] = shape.read(value[name], inside + name)
            elif shape.default is _REQUIRED:
                raise ValueError(f"{inside}{name} is missing")
            else:
                found[name] = shape.default
        for name in value:
            if name not in members:
                raise ValueError(f"{inside}{name} is not known")
        try:
            return make(**found)
        except ValueError as error:
            raise ValueError(f"{inside}{error}") from None

    properties = {name: shape.schema for name, shape in members.items()}
    schema: dict[str, object] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [name for name, shape in members.items() if shape.default is _REQUIRED]
    if required:
        return Shape(read, {**schema, "required": required})
    return Shape(read, schema, make(**{name: shape.default for name, shape in members.items()}))
