"""JSON as the token rules read and write it: strict UTF-8, no byte order mark, no NaN, bounded nesting.

orjson does the work when it is installed (the Functions worker then uses it too); the standard library does it otherwise, held to
the same strictness: RFC 8259 sections 2, 7 and 8.1.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Never

MAX_NESTING = 1024  # orjson's own limit; the fallback counts brackets, which is stricter and costs one pass


class MalformedJson(ValueError):
    """The text is not JSON as RFC 8259 defines it, or it nests too deeply."""


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def standard_loads(text: bytes) -> object:
    """The value of UTF-8 JSON `text`, by the standard library. Raises ValueError (MalformedJson among others)."""
    if text.count(b"[") + text.count(b"{") > MAX_NESTING:
        raise MalformedJson("nested too deeply")
    value: object = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    if b"\\u" in text:
        # A lone surrogate has no UTF-8 form; orjson refuses it while reading, json.loads lets it through.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def standard_dumps(value: object) -> bytes:
    """`value` as compact UTF-8 JSON, by the standard library."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


loads: Callable[[bytes], object] = standard_loads
dumps: Callable[[object], bytes] = standard_dumps
with suppress(ImportError):  # tests hold the fallback against it
    import orjson

    loads, dumps = orjson.loads, orjson.dumps
