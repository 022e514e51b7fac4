"""The life of a client while the directory's replicas and the token service are behind, over HTTP and on the real clock."""

from collections.abc import Iterator

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from local.tour import portal_request
from tests.wire.patience import client_token, patiently


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with sandbox() as started:
        yield started


def test_a_client_lives_through_lag(place: Sandbox) -> None:
    portal = {"Authorization": place.authorization}
    answer = requests.post(f"{place.url}/register", json=portal_request(), headers=portal, timeout=30)
    assert answer.status_code == 201
    client = answer.json()
    url = f"{place.url}/register/{client['client_id']}"
    client_token(place, client)
    patiently(lambda: requests.get(url, headers=portal, timeout=30), 200)
    rotated = patiently(lambda: requests.post(f"{url}/new-secret", headers=portal, timeout=30), 200).json()
    access = client_token(place, rotated)
    gateway = place.introspection_client
    form = {"token": access, "client_id": gateway.client_id, "client_secret": gateway.secret}
    assert requests.post(f"{place.url}/introspect", data=form, timeout=30).json()["active"] is True
    patiently(lambda: requests.delete(url, headers=portal, timeout=30), 204)
    answer = requests.get(url, headers=portal, timeout=30)
    assert answer.status_code in {404, 503}
