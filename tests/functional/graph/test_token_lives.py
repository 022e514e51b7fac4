"""The life of the bridge's own token: begun early, used while it is good, renewed behind whoever uses it."""

from typing import Any

import pytest
import requests

from shared.graph.errors import GraphFailure, PermissionRefused, Unavailable
from tests.functional.graph.test_token_outages import HOUR, Place, answer
from tests.unit.graph.test_client import MovedClock


@pytest.fixture
def place() -> Place:
    return Place(MovedClock())


def test_a_token_that_was_begun_is_the_one_that_comes(place: Place) -> None:
    place.credential.begin()
    place.credential.begin()
    assert (place.token(), place.token()) == ("token-1", "token-1")
    place.credential.begin()
    assert (place.token(), place.wire.tokens) == ("token-1", 1)


def test_a_beginning_that_failed_is_told_to_who_needs_a_token_and_not_tried_again_at_once(place: Place) -> None:
    asked: list[str] = []

    def refuse() -> requests.Response:
        asked.append("token")
        return answer(503, b"")

    place.wire.answers = [refuse]
    place.credential.begin()
    for _ in range(2):
        with pytest.raises(Unavailable):
            place.token()
        place.credential.begin()
    assert (asked, place.wire.tokens) == (["token"], 0)
    place.clock.sleep(1)
    assert place.token() == "token-1"


@pytest.mark.parametrize(
    ("life", "used_at", "token"),
    [
        # A token is used to half a minute before its end, or to its half where that is later.
        ({"expires_in": 3600}, 1799, "token-1"),
        ({"expires_in": 3600}, 3571, "token-2"),
        ({"expires_in": 40}, 19, "token-1"),
        ({"expires_in": 40}, 21, "token-2"),
    ],
)
def test_a_token_is_used_as_long_as_it_is_good(place: Place, life: dict[str, Any], used_at: float, token: str) -> None:
    first = answer(200, {"token_type": "Bearer", "access_token": "token-1", **life})
    place.wire.answers = [lambda: first]
    place.wire.tokens = 1
    assert place.token() == "token-1"
    place.clock.sleep(used_at)
    assert place.token() == token
    assert place.wire.tokens == (1 if token == "token-1" else 2)


def test_a_token_is_renewed_at_half_its_life_behind_the_one_that_lives(place: Place) -> None:
    assert place.token() == "token-1"
    place.clock.sleep(0.5 * HOUR - 1)
    assert (place.token(), place.wire.tokens) == ("token-1", 1)
    place.clock.sleep(1)
    assert place.token() == "token-1"
    assert place.token_in_time("token-2")


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("AADSTS50034: no such account", PermissionRefused),
        ("AADSTS90033: a transient error", Unavailable),
        ("no code at all", Unavailable),
    ],
)
def test_what_msal_stumbles_over_is_told_by_its_code(place: Place, sentence: str, kind: type[GraphFailure]) -> None:
    def stumble() -> requests.Response:
        raise ValueError(sentence)

    place.wire.answers = [stumble]
    with pytest.raises(GraphFailure) as caught:
        place.token()
    assert type(caught.value) is kind
