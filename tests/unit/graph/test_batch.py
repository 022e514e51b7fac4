"""Reading many things in batches: what comes is kept, what passes is asked for again, what doesn't is raised."""

from typing import Any

import pytest

from shared.graph.batch import LARGEST_BATCH, read_in_batches
from shared.graph.client import GraphClient
from shared.graph.errors import PermissionRefused, Throttled
from shared.retry import Deadline
from tests.unit.graph.test_client import BASE, MovedClock, Tokens, Wire, wire_answer

PATHS = [f"applications/{number}/owners?$select=id" for number in range(LARGEST_BATCH + 5)]


def part(number: int, status: int = 200, body: Any = None, **headers: str) -> dict[str, Any]:
    return {"id": str(number), "status": status, "body": body or {"value": number}, "headers": headers}


def refusal(number: int, status: int, code: str, **headers: str) -> dict[str, Any]:
    return part(number, status, {"error": {"code": code, "message": "no"}}, **headers)


def read(*batches: list[dict[str, Any]], paths: list[str] = PATHS[:3], seconds: float = 60) -> tuple[Any, Wire, MovedClock]:
    wire, clock = Wire(*[wire_answer(200, {"responses": batch}) for batch in batches]), MovedClock()
    found = read_in_batches(GraphClient(BASE, Tokens(), wire, clock), paths, Deadline.after(clock, seconds))
    return found, wire, clock


def asked(wire: Wire) -> list[list[str]]:
    return [[entry["url"] for entry in sent[2]["json"]["requests"]] for sent in wire.sent]


def test_as_many_as_a_batch_takes_are_asked_for_at_once() -> None:
    first = [part(number) for number in range(LARGEST_BATCH)]
    found, wire, _ = read(first, [part(number) for number in range(5)], paths=PATHS)
    assert list(found) == PATHS
    assert asked(wire) == [PATHS[:LARGEST_BATCH], PATHS[LARGEST_BATCH:]]


def test_what_is_not_there_is_left_out() -> None:
    found, _, _ = read([part(0), refusal(1, 404, "Request_ResourceNotFound"), part(2)])
    assert list(found) == [PATHS[0], PATHS[2]]


@pytest.mark.parametrize(("wait", "slept"), [("7", 7.0), ("2.5", 2.5)])
def test_only_what_was_throttled_is_asked_for_again_after_the_longest_wait(wait: str, slept: float) -> None:
    throttled = (
        refusal(0, 429, "TooManyRequests", **{"Retry-After": "1"}),
        refusal(2, 429, "TooManyRequests", **{"Retry-After": wait}),
    )
    found, wire, clock = read([throttled[0], part(1), throttled[1]], [part(0), part(1)])
    assert asked(wire) == [PATHS[:3], [PATHS[0], PATHS[2]]]
    assert sorted(found) == PATHS[:3]
    assert clock.seconds == slept


def test_what_fails_for_good_is_raised() -> None:
    with pytest.raises(PermissionRefused, match="GET applications/1/owners answered 403"):
        read([part(0), refusal(1, 403, "Authorization_RequestDenied")])


def test_the_time_is_kept() -> None:
    with pytest.raises(Throttled) as raised:
        read([refusal(0, 429, "TooManyRequests", **{"Retry-After": "90"})], paths=PATHS[:1])
    assert raised.value.retry_after == 90
