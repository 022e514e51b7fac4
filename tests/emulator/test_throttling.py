"""Throttling by counting: Graph's documented limits on identity resources."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.message import Request
from emulator.server import EntraEmulator
from emulator.throttling import resource_units


@pytest.fixture
def entra() -> Iterator[EntraEmulator]:
    with EntraEmulator(lag=(0, 0), throttles=True) as emulator:
        emulator.clock.freeze()
        emulator.assumptions.directory_object_quota = None
        yield emulator


class Caller:
    """An application that may read and write."""

    def __init__(self, entra: EntraEmulator, name: str = "bridge") -> None:
        self._session = entra.session()
        self._url = entra.url
        own = entra.add_caller(name, roles=("Application.ReadWrite.All",))
        self._headers = {"Authorization": f"Bearer {entra.token_for(own)}"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._session.request(method, f"{self._url}/v1.0/{path}", json=body, headers=self._headers, timeout=30)


@pytest.mark.parametrize(
    ("method", "path", "query", "units"),
    [
        ("GET", "/v1.0/applications", "", 2),
        ("GET", "/v1.0/applications", "%24select=id", 1),
        ("GET", "/v1.0/applications", "%24select=id&%24expand=owners", 2),
        ("GET", "/v1.0/applications", "%24top=5", 1),
        ("GET", "/v1.0/applications", "%24top=999", 2),
        ("GET", "/v1.0/servicePrincipals", "%24select=id", 1),
        ("POST", "/v1.0/applications", "", 1),
    ],
)
def test_what_a_request_costs(method: str, path: str, query: str, units: int) -> None:
    assert resource_units(Request(method, path, query, {}, b"")) == units


def test_resource_units_of_ten_seconds(entra: EntraEmulator) -> None:
    caller = Caller(entra)
    assert {caller.ask("GET", "applications").status_code for _ in range(1750)} == {200}
    refused = caller.ask("GET", "applications")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "TooManyRequests")
    assert refused.headers["Retry-After"] == "10"
    # Another application has limits of its own.
    assert Caller(entra, "another").ask("GET", "applications").status_code == 200
    entra.clock.advance(10)
    answer = caller.ask("GET", "applications")
    assert (answer.status_code, answer.headers["x-ms-resource-unit"]) == (200, "2")


def test_a_larger_tenant_has_more(entra: EntraEmulator) -> None:
    for number in range(50):
        entra.add_user(f"user{number}@example.com")
    caller = Caller(entra)
    assert {caller.ask("GET", "applications").status_code for _ in range(2500)} == {200}
    assert caller.ask("GET", "applications").status_code == 429


@pytest.mark.parametrize("counted", [True, False])
def test_writes_of_150_seconds_and_whether_refused_ones_count(entra: EntraEmulator, counted: bool) -> None:
    entra.assumptions.refused_requests_are_counted = counted
    caller = Caller(entra)
    made = caller.ask("POST", "applications", {"displayName": "one"}).json()
    for step in range(2999):
        if step % 100 == 0:
            entra.clock.advance(1)
        assert caller.ask("PATCH", f"applications/{made['id']}", {"displayName": f"n{step}"}).status_code == 204
    refused = caller.ask("PATCH", f"applications/{made['id']}", {"displayName": "beyond"})
    assert refused.status_code == 429
    assert 100 < int(refused.headers["Retry-After"]) <= 150
    # Room comes as the first ones leave the window; the refused one takes some of it, or not. Whoever waits as told finds some.
    entra.clock.advance(int(refused.headers["Retry-After"]))
    answers = [caller.ask("PATCH", f"applications/{made['id']}", {"displayName": f"m{n}"}).status_code for n in range(101)]
    assert answers[0] == 204
    assert answers.count(204) == (100 if counted else 1)


def test_a_batch_counts_as_its_requests(entra: EntraEmulator) -> None:
    caller = Caller(entra)
    reads = [{"id": str(n), "method": "GET", "url": "/applications"} for n in range(20)]
    for _ in range(87):
        caller.ask("POST", "$batch", {"requests": reads})
    answers = caller.ask("POST", "$batch", {"requests": reads}).json()["responses"]
    assert [answer["status"] for answer in answers].count(429) == 10
    assert all(answer["headers"]["Retry-After"] for answer in answers if answer["status"] == 429)
