"""The two JSON readers are equally strict, and strict enough: RFC 8259."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.introspection.strict_json import dumps, loads, standard_dumps, standard_loads

BAD = [
    b"",
    b" ",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"NaN",
    b"[Infinity]",
    b"[-Infinity]",
    b"{'a':1}",
    b'{"a":1,}',
    b'{"a":1}{}',
    b'{"a":1} x',
    b'{"a"}',
    b"[01]",
    b"[+1]",
    b"[.5]",
    b"[1.]",
    b"[0x1]",
    b'["\x01"]',
    b'["\\x41"]',
    b'["\\ud800"]',
    b'{"\\udfff":1}',
    b'["\xff"]',
    b'["\xed\xa0\x80"]',
    b"tru",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 2000 + b"]" * 2000,
    b"// comment\n{}",
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:20]))
def test_both_readers_refuse_what_is_not_json(text: bytes) -> None:
    """RFC 8259 sections 2, 6, 7 and 8.1; RFC 7519 section 7.2 asks for valid UTF-8 JSON."""
    for reader in (loads, standard_loads, orjson.loads):
        with pytest.raises((ValueError, RecursionError)):
            reader(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_both_readers_and_writers_agree(value: object) -> None:
    """What one writes the other reads, to the same value."""
    for written in (dumps(value), standard_dumps(value), json.dumps(value).encode()):
        assert loads(written) == value
        assert standard_loads(written) == value


@given(st.binary(max_size=40) | st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\u d8"', max_size=24).map(str.encode))
def test_the_fallback_takes_nothing_that_orjson_refuses(text: bytes) -> None:
    """The one that an environment without orjson would use must not be the weaker one."""
    try:
        value = standard_loads(text)
    except (ValueError, RecursionError):
        return
    read = orjson.loads(text)
    assert read == value or isinstance(read, float) or isinstance(value, list | dict)
