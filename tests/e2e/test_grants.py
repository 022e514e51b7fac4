"""Grant types that hold, over HTTP: what Entra lets through and introspection doesn't."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from emulator.sts.other_tokens import agent_token
from local.sandbox import RecordKeeper, Sandbox, sandbox
from tests.e2e.test_commands import command
from tests.wire.patience import client_token, patiently

WEB = {"client_name": "Orders portal", "redirect_uris": ["https://orders.example.com/cb"], "grant_types": ["authorization_code"]}
SERVICE = {"client_name": "Nightly export", "grant_types": ["client_credentials"]}


@pytest.fixture(scope="module")
def strict_place() -> Iterator[Sandbox]:
    """A bridge whose gateways hold clients to what they registered, and let no agents in."""
    with sandbox(settings={"INTROSPECTION_OPTIONS": json.dumps({"grants": "enforce", "agents": "refuse"})}) as place:
        yield place


def register(place: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(f"{place.url}/register", json=body, headers={"Authorization": place.authorization}, timeout=30)
    assert answer.status_code == 201, answer.text
    client: dict[str, Any] = answer.json()
    return client


def introspect(place: Sandbox, token: str) -> dict[str, Any]:
    """What a gateway hears: 503 until the directory shows the client."""
    gateway = (place.introspection_client.client_id, place.introspection_client.secret)

    def ask() -> requests.Response:
        return requests.post(f"{place.url}/introspect", data={"token": token}, auth=gateway, timeout=30)

    found: dict[str, Any] = patiently(ask, 200).json()
    return found


@pytest.mark.duty(155)
def test_a_client_is_held_to_the_grant_types_that_it_registered(strict_place: Sandbox) -> None:
    """Entra gives both an app-only token; the gateway lets in the one that registered client_credentials."""
    service, web = register(strict_place, SERVICE), register(strict_place, WEB)
    with RecordKeeper("bridge.introspection") as log:
        assert introspect(strict_place, client_token(strict_place, service))["client_id"] == service["client_id"]
        refused = client_token(strict_place, web)
        assert introspect(strict_place, refused) == {"active": False}
        assert log.wait_for(lambda record: "reason=grant_not_registered" in record.getMessage())
    done = command("shared.commands.explain", given=refused)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Inactive: grant_not_registered." in done.stdout
    user = strict_place.entra.add_user("ada@example.com")
    for client, active in ((web, True), (service, False)):
        token = strict_place.entra.mint(
            audience=strict_place.api.app_id, client_id=client["client_id"], user=user, scopes=("read",)
        )
        assert introspect(strict_place, token)["active"] is active


@pytest.mark.duty(156)
def test_a_gateway_that_refuses_agents_lets_none_in(strict_place: Sandbox) -> None:
    """Whoever they act for."""
    mint, audience = strict_place.entra.mint, strict_place.api.app_id
    user = strict_place.entra.add_user("agent@example.com")
    client_id = register(strict_place, WEB)["client_id"]
    assert introspect(strict_place, mint(audience=audience, client_id=client_id, user=user))["active"] is True
    for acts_as in ("agent", "agent_user", "person"):
        token = agent_token(mint, acts_as=acts_as, user=None if acts_as == "agent" else user, audience=audience)
        assert introspect(strict_place, token) == {"active": False}
