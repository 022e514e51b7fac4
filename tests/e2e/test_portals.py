"""The whole lives of clients of portals with a dialect of their own, over HTTP, by their recorded requests."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from tests.wire.shapes import all_shapes, check, replaced

KONNECT_KEY = "konnect_key_0123456789"


@pytest.fixture(scope="module")
def portals() -> Iterator[Sandbox]:
    """A bridge with the credentials of all of them."""
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps([{"name": "konnect", "api_key": KONNECT_KEY, "policy": "konnect"}]),
        "REGISTRATION_POLICIES": json.dumps({"konnect": {"unknown_scopes": "drop"}}),
    }
    with sandbox(settings=settings) as place:
        yield place


def token_of(place: Sandbox, client: dict[str, Any]) -> requests.Response:
    """The token service's answer to a client with its secret."""
    form = {name: client[name] for name in ("client_id", "client_secret")}
    form |= {"grant_type": "client_credentials", "scope": place.scope}
    return requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30)


def test_the_life_of_an_application_of_kong_konnect(portals: Sandbox) -> None:
    base, headers = f"{portals.url}/kong", {"X-API-KEY": KONNECT_KEY}

    def call(operation: str, path: str) -> requests.Response:
        shape = all_shapes()["kong", operation]
        body = replaced(shape.json, {})
        return requests.request(shape.method, base + path, json=body, headers=headers, timeout=30)

    assert requests.post(f"{base}/", json={}, timeout=30).status_code == 401
    created = check(call("create-bearer-only", "/"), "kong", "create-bearer-only")
    client_id = created["client_id"]
    token = token_of(portals, created)
    assert token.status_code == 200
    gateway = portals.introspection_client
    form = {"token": token.json()["access_token"], "client_id": gateway.client_id, "client_secret": gateway.secret}
    inspected = requests.post(f"{portals.url}/introspect", data=form, timeout=30).json()
    assert (inspected["active"], inspected["client_id"]) == (True, client_id)
    for operation in ("event-update", "event-add", "event-remove"):
        acknowledged = call(operation, f"/{client_id}/event-hook")
        assert (acknowledged.status_code, acknowledged.content) == (200, b"")
    renewed = check(call("rotate", f"/{client_id}/new-secret"), "kong", "rotate")
    assert renewed.keys() == {"client_id", "client_secret"}
    assert token_of(portals, {"client_id": client_id, **renewed}).status_code == 200
    check(call("delete", f"/{client_id}"), "kong", "delete")
    application = portals.application(client_id)
    assert application is None
