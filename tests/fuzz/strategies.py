"""What strangers send: JSON of any shape, texts of the characters that parsers care about, good input with bytes changed."""

import json
import os
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

# A bounded look in each run; FUZZ_SCALE=100 looks a hundred times as long.
_SCALE = int(os.environ.get("FUZZ_SCALE", "1"))
bounded = settings(max_examples=80 * _SCALE)
fewer = settings(max_examples=40 * _SCALE)

# Numbers that have broken readers: beyond a double, a C integer and the digits that int() takes.
_EXTREME = st.sampled_from([0, -1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**400, 10**4299, 1e308, -0.0, 5e-324, 1e19, -1e300])
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), _EXTREME)
# Characters with which formats begin, end, separate and escape.
_TELLING = st.text('{}[]",:;=.%#@?/\\&+-_ \t\r\n\0*()<>|!~^$0123456789aZ²٣é\u202e\ufeff\U0001f600', max_size=40)
texts = st.one_of(_TELLING, st.text(max_size=40))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)), max_leaves=12
)


def objects(members: Mapping[str, st.SearchStrategy[Any]], *, wild: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of `members`, each as it should be or, if `wild`, anything; and others that nobody knows."""
    some = {name: st.one_of(value, values) if wild else value for name, value in members.items()}
    others = st.dictionaries(texts, values, max_size=2)
    return st.builds(lambda known, more: {**more, **known}, st.fixed_dictionaries({}, optional=some), others)


def written(value: object) -> bytes:
    """The value as JSON, which Python would also write with NaN in it."""
    return json.dumps(value).encode()


def bodies(structured: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Bodies that are JSON of that kind, the same with some bytes changed, and bytes of all kinds."""
    return st.one_of(structured.map(written), nearly(structured.map(written)), st.binary(max_size=200), _NESTED)


@st.composite
def nearly(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """Good bytes, some of them replaced, left out or doubled."""
    changed = bytearray(draw(good))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed)))
        changed[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(changed)


# Deeper than any reader follows.
_NESTED = st.builds(
    lambda opening, depth: opening * depth, st.sampled_from([b"[", b'{"a":', b'[{"a":[']), st.sampled_from([10, 1_000, 10_000])
)


def segment(value: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def jwts(header: st.SearchStrategy[Any], claims: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Unsigned tokens, some of which are no tokens at all."""
    whole = st.builds(
        lambda head, body, signature: f"{segment(head)}.{segment(body)}.{segment(signature)}",
        bodies(header),
        bodies(claims),
        st.one_of(st.just(b"x" * 256), st.binary(max_size=300)),
    )
    return st.one_of(whole, whole.map(lambda text: text.replace(".", "..", 1)), texts, st.text("AZaz09-_.=+/", max_size=60))


def encoded(value: bytes) -> str:
    """base64 as Basic credentials and certificates have it."""
    return b64encode(value).decode()
