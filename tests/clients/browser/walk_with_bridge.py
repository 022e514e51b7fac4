"""A browser signs a user in for clients that the bridge registered, and the token that comes out is active for the gateway."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from tests.clients.browser.code_flow import CodeFlow
from tests.clients.browser.redirect_listener import RedirectListener
from tests.clients.browser.webdriver import browser

NAME, PASSWORD = "ada@example.com", "correct horse"


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with sandbox(lag=(0, 0)) as started:
        started.entra.add_user(NAME, PASSWORD, displayName="Ada Example")
        yield started


def register(place: Sandbox, listener: RedirectListener, **metadata: Any) -> dict[str, Any]:
    body = {"client_name": "Orders portal", "redirect_uris": [listener.url], "grant_types": ["authorization_code"], **metadata}
    answer = requests.post(f"{place.url}/register", json=body, headers={"Authorization": place.authorization}, timeout=30)
    assert answer.status_code == 201, answer.text
    registered: dict[str, Any] = answer.json()
    return registered


def introspect(place: Sandbox, token: str) -> dict[str, Any]:
    gateway = place.introspection_client
    answer = requests.post(f"{place.url}/introspect", data={"token": token}, auth=(gateway.client_id, gateway.secret), timeout=30)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("kind", "metadata"),
    [
        ("confidential", {"token_endpoint_auth_method": "client_secret_basic"}),
        ("native", {"token_endpoint_auth_method": "none", "application_type": "native"}),
        ("single-page", {"token_endpoint_auth_method": "none", "application_type": "browser"}),
    ],
)
def test_a_user_signs_in_to_a_registered_client_and_the_token_is_active(
    place: Sandbox, kind: str, metadata: dict[str, Any]
) -> None:
    with RedirectListener() as listener, browser() as page:
        client = register(place, listener, **metadata)
        authority = f"{place.entra.url}/{place.entra.tenant_id}"
        scope = "openid profile api://orders/Orders.Read"
        flow = CodeFlow(authority, place.entra.ca_file, client["client_id"], scope, listener)
        back = flow.sign_in(page, NAME, PASSWORD)
        page.wait_for(lambda: page.title == "Back at the client")
        if kind == "single-page":
            tokens = flow.redeem_in_page(page, back["code"])
        else:
            tokens = flow.redeem(back["code"], client.get("client_secret"))
    found = introspect(place, tokens["access_token"])
    assert (found["active"], found["client_id"], found["scope"]) == (True, client["client_id"], "Orders.Read")
    # Who the user is goes to a gateway only where its entry in the settings asks for it.
    assert NAME not in str(found)
