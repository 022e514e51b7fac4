"""Retry-After in all its forms, and the claims challenge of continuous access evaluation."""

import base64
from datetime import UTC, datetime

import pytest

from shared.graph.client import read_claims_challenge
from shared.retry import read_retry_after

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("2.128", 2.128),
        ("0", 0.0),
        ("Sun, 22 Nov 2026 10:00:09 GMT", 9.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("999999", None),
        ("soon", None),
        ("", None),
    ],
)
def test_reads_the_seconds_to_wait(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


def test_reads_the_claims_that_graph_demands() -> None:
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1795341600"}}}'
    encoded = base64.b64encode(claims.encode()).decode()
    header = (
        f'Bearer realm="", authorization_uri="https://login.example/authorize", error="insufficient_claims", claims="{encoded}"'
    )
    assert read_claims_challenge(header) == claims


@pytest.mark.parametrize("header", ["", 'Bearer error="invalid_token"', 'Bearer claims="a"', 'Bearer claims="////"'])
def test_reads_no_claims_where_there_are_none_that_can_be_read(header: str) -> None:
    assert read_claims_challenge(header) is None
