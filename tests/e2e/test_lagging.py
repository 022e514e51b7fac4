"""The life of a client while the directory's replicas and the token service are behind, over HTTP and on the real clock."""

import time
from collections.abc import Callable, Iterator

import pytest
import requests

from local.sandbox import LAG, Sandbox, sandbox
from local.tour import portal_request

# Seconds after which replicas have long heard of everything.
PATIENCE = 30.0


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with sandbox(lag=LAG) as started:
        yield started


def patiently(call: Callable[[], requests.Response], status: int) -> requests.Response:
    """Ask again, as portals and clients do, until it is the status expected: before, a 503 or what the token service says."""
    until = time.monotonic() + PATIENCE
    while (answer := call()).status_code != status:
        assert time.monotonic() < until, answer.text
        assert answer.status_code == 503 or "error_codes" in answer.json(), answer.text
        time.sleep(min(float(answer.headers.get("Retry-After", "0.2")), 1.0))
    return answer


def token(place: Sandbox, client_id: str, secret: str) -> requests.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, "scope": place.scope}
    return requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30)


def test_a_client_lives_through_lag(place: Sandbox) -> None:
    portal = {"Authorization": place.authorization}
    answer = requests.post(f"{place.url}/register", json=portal_request(), headers=portal, timeout=30)
    assert answer.status_code == 201
    client = answer.json()
    url = f"{place.url}/register/{client['client_id']}"
    patiently(lambda: token(place, client["client_id"], client["client_secret"]), 200)
    patiently(lambda: requests.get(url, headers=portal, timeout=30), 200)
    rotated = patiently(lambda: requests.post(f"{url}/new-secret", headers=portal, timeout=30), 200).json()
    access = patiently(lambda: token(place, client["client_id"], rotated["client_secret"]), 200).json()["access_token"]
    gateway = place.introspection_client
    form = {"token": access, "client_id": gateway.client_id, "client_secret": gateway.secret}
    assert requests.post(f"{place.url}/introspect", data=form, timeout=30).json()["active"] is True
    patiently(lambda: requests.delete(url, headers=portal, timeout=30), 204)
    answer = requests.get(url, headers=portal, timeout=30)
    assert answer.status_code in {404, 503}
