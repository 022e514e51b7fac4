"""The claims that Graph demands in a challenge of continuous access evaluation."""

import pytest

from shared.graph.client import read_claims_challenge


@pytest.mark.parametrize("encoded", ["eyJhIjoiPz8-In0", "eyJhIjoiPz8+In0=", "eyJhIjoiPz8_In0", "eyJhIjoiPz8/In0="])
def test_a_challenges_claims_may_be_in_either_alphabet_of_base64(encoded: str) -> None:
    expected = '{"a":"??>"}' if encoded[11] in "-+" else '{"a":"???"}'
    assert read_claims_challenge(f'Bearer error="insufficient_claims", claims="{encoded}"') == expected


@pytest.mark.parametrize("header", ["", 'Bearer error="invalid_token"', 'Bearer claims="a"', 'Bearer claims="_w=="'])
def test_a_challenge_without_claims_that_can_be_read_demands_none(header: str) -> None:
    assert read_claims_challenge(header) is None
