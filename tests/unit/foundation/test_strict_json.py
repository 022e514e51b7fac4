"""What tokens and key documents are read by is strict: RFC 8259."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.strict_json import dumps, loads

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
def test_refuses_what_is_not_json(text: bytes) -> None:
    """RFC 8259 sections 2, 6, 7 and 8.1; RFC 7519 section 7.2 asks for valid UTF-8 JSON."""
    with pytest.raises(ValueError, match=r"."):
        loads(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_reads_what_it_writes_and_what_others_write(value: object) -> None:
    for written in (dumps(value), json.dumps(value).encode()):
        assert loads(written) == value
