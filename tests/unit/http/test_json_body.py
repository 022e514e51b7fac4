"""Request bodies: one JSON object, read one way."""

import pytest

from shared.errors import InvalidRequest, PayloadTooLarge
from shared.http.message import parse_object


def test_reads_an_object_in_utf_8() -> None:
    assert parse_object('{"client_name":"Büro 株式会社","n":1.5}'.encode()) == {"client_name": "Büro 株式会社", "n": 1.5}


def test_ignores_a_byte_order_mark() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@pytest.mark.duty(3)
@pytest.mark.parametrize(
    "body",
    [b"", b"  \n", b"null", b"[]", b'[{"client_name":"x"}]', b'"text"', b"1", b"true", b"{", b"{}x", b"{'a':1}", b"\xff{}"],
)
def test_refuses_a_body_that_is_not_a_json_object(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_object(body)


def test_takes_a_body_of_256_kilobytes_and_no_more() -> None:
    largest = 256 * 1024
    frame = len(b'{"a":""}')
    assert len(str(parse_object(b'{"a":"' + b"x" * (largest - frame) + b'"}')["a"])) == largest - frame
    with pytest.raises(PayloadTooLarge, match="larger than 262144 bytes"):
        parse_object(b'{"a":"' + b"x" * (largest - frame + 1) + b'"}')


def test_says_that_a_body_is_empty() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_object(b" ")
    assert "empty" in caught.value.description


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":{"b":1,"b":1}}', "twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":Infinity}', "Infinity"),
        (b'{"a":1e999}', "too large"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":["text \\ud800 text"]}', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
    ],
)
def test_refuses_what_parsers_read_differently(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_object(body)
    assert reason in caught.value.description


def test_takes_a_whole_surrogate_pair() -> None:
    assert parse_object(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_takes_nesting_as_deep_as_the_limit_and_no_deeper() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert parse_object(nested(5), deepest=5)
    assert parse_object(b'{"a":[[[["text",1]]]]}', deepest=5)
    with pytest.raises(InvalidRequest) as caught:
        parse_object(nested(6), deepest=5)
    assert "nested more than 5 deep" in caught.value.description
    assert parse_object(nested(16))
    with pytest.raises(InvalidRequest):
        parse_object(nested(17))


def test_refuses_nesting_that_would_exhaust_the_stack() -> None:
    with pytest.raises(InvalidRequest):
        parse_object(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@pytest.mark.duty(34)
def test_takes_a_body_as_large_as_the_limit_and_no_larger() -> None:
    body = b'{"a":"' + b"x" * 92 + b'"}'
    assert len(body) == 100
    assert parse_object(body, largest=100)
    with pytest.raises(PayloadTooLarge) as caught:
        parse_object(body, largest=99)
    assert caught.value.status == 413
    assert "99" in caught.value.description


def test_reads_a_quarter_of_a_mebibyte_unless_told_otherwise() -> None:
    body = b'{"a":"' + b"x" * (256 * 1024 - 8) + b'"}'
    assert parse_object(body)
    with pytest.raises(PayloadTooLarge):
        parse_object(body + b" ")
