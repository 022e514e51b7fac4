"""The recorded requests of MuleSoft Anypoint and its gateways, replayed over HTTP. tests/wire/shapes.json holds them."""

import base64
import json
from typing import Any

import pytest
import requests

from local.sandbox import ROOT, Sandbox
from tests.wire.patience import client_token, eventually

SHAPES = {(shape["product"], shape["op"]): shape for shape in json.loads((ROOT / "tests/wire/shapes.json").read_text())}


def replay(place: Sandbox, product: str, operation: str, **values: str) -> requests.Response:
    """Send a recorded request with its placeholders filled in."""
    shape = SHAPES[product, operation]["request"]
    gateway = place.introspection_client
    basic = base64.b64encode(f"{gateway.client_id}:{gateway.secret}".encode()).decode()
    filled = {
        "{url}": f"{place.url}/register",
        "{introspect}": f"{place.url}/introspect",
        "<literal from config>": place.authorization,
        "Basic <literal>": f"Basic {basic}",
        "<introspection client>": gateway.client_id,
        "<secret>": gateway.secret,
        **values,
    }

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for placeholder, text in filled.items():
                value = value.replace(placeholder, text)
            return value
        if isinstance(value, list):
            return [fill(entry) for entry in value]
        return {name: fill(entry) for name, entry in value.items()} if isinstance(value, dict) else value

    headers = fill(shape["headers"])
    # The recorded updates that show no Authorization header are excerpts: Anypoint sends the configured one each time.
    if product == "mulesoft-oidc":
        headers.setdefault("Authorization", place.authorization)
    body = json.dumps(fill(shape["json"])).encode() if shape["json"] is not None else None
    data = body if body is not None else fill(shape["form"])
    return requests.request(shape["method"], fill(shape["path"]), headers=headers, data=data, timeout=30)


@pytest.fixture
def client(place: Sandbox) -> dict[str, Any]:
    answer = replay(place, "mulesoft-oidc", "create")
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def token_of(place: Sandbox, client: dict[str, Any], scope: str | None = None) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "scope": scope or place.scope,
    }
    return requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30)


def update(place: Sandbox, client: dict[str, Any], operation: str = "update", secret: str | None = None) -> requests.Response:
    values = {
        "{client_id}": client["client_id"],
        "<current secret>": secret or client["client_secret"],
        "<something other than the current secret>": secret or "not-the-current-secret",
    }
    return replay(place, "mulesoft-oidc", operation, **values)


@pytest.mark.duty(46, 47, 50, 51)
def test_a_created_client_can_be_used_once_the_token_service_knows_it(place: Sandbox, client: dict[str, Any]) -> None:
    assert isinstance(client["client_secret_expires_at"], int)
    assert client["client_secret_expires_at"] > client["client_id_issued_at"]
    assert client_token(place, client)


def test_a_created_client_is_one_tagged_application_with_a_service_principal(place: Sandbox, client: dict[str, Any]) -> None:
    application = place.application(client["client_id"])
    assert application is not None
    assert "entra-dcr-bridge" in application["tags"]
    assert application["signInAudience"] == "AzureADMyOrg"
    assert application["api"]["requestedAccessTokenVersion"] == 2
    assert application["web"]["redirectUris"] == ["https://example.com/callback"]
    assert place.entra.directory.service_principal_of(client["client_id"]) is not None


@pytest.mark.parametrize(("product"), ["mulesoft-oidc-policy", "mulesoft-flex-introspection"])
def test_gateways_find_the_clients_token_active_under_its_registered_id(
    place: Sandbox, client: dict[str, Any], product: str
) -> None:
    token = client_token(place, client)
    answer = replay(place, product, "introspect", **{"<jwt>": token})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    found = answer.json()
    assert (found["active"], found["client_id"]) == (True, client["client_id"])
    assert "scope" not in found
    assert isinstance(found["exp"], int)


def test_gateways_find_a_v1_token_active_too(place: Sandbox, client: dict[str, Any]) -> None:
    token = client_token(place, client, f"{place.legacy_api.identifier_uri}/.default")
    found = replay(place, "mulesoft-oidc-policy", "introspect", **{"<jwt>": token}).json()
    assert (found["active"], found["client_id"]) == (True, client["client_id"])
    assert found["iss"] == f"https://sts.windows.net/{place.entra.tenant_id}/"


def test_gateways_find_a_token_for_microsoft_graph_inactive(place: Sandbox, client: dict[str, Any]) -> None:
    token = client_token(place, client, "https://graph.microsoft.com/.default")
    assert replay(place, "mulesoft-oidc-policy", "introspect", **{"<jwt>": token}).json() == {"active": False}


@pytest.mark.duty(87)
def test_an_update_with_the_current_secret_adds_no_secret(place: Sandbox, client: dict[str, Any]) -> None:
    answer = update(place, client)
    assert answer.status_code == 200
    assert answer.json()["redirect_uris"] == ["https://example.com/"]
    assert answer.json()["client_name"] == "test-client-name"
    assert answer.json()["client_secret"] == client["client_secret"]
    application = place.application(client["client_id"])
    assert application is not None
    assert (application["displayName"], len(application["passwordCredentials"])) == ("test-client-name", 1)


def test_optional_members_that_entra_refuses_are_left_out_and_refuse_nothing(place: Sandbox) -> None:
    """A portal's user can't change what the portal sends (RFC 7591 section 3.2.1 lets a server leave them out)."""
    optional = {
        "frontchannel_logout_uri": "http://portal.example.com/logout",
        "post_logout_redirect_uris": ["https://elsewhere.example.com/bye"],
        "contacts": ["somebody@example.com"],
        "jwks_uri": "https://portal.example.com/keys",
    }
    body = {**SHAPES["mulesoft-oidc", "create"]["request"]["json"], **optional}
    answer = requests.post(f"{place.url}/register", json=body, headers={"Authorization": place.authorization}, timeout=30)
    assert answer.status_code == 201, answer.text
    assert optional.keys().isdisjoint(answer.json())


def test_an_update_with_empty_lists_is_taken(place: Sandbox, client: dict[str, Any]) -> None:
    answer = update(place, client, "update-empty-arrays")
    assert answer.status_code == 200
    assert answer.json()["client_id"] == client["client_id"]


def test_an_update_with_another_secret_gives_a_new_one_while_the_old_one_still_works(
    place: Sandbox, client: dict[str, Any]
) -> None:
    answer = update(place, client, "rotate")
    assert answer.status_code == 200
    renewed = answer.json()
    assert renewed["client_secret"] not in (client["client_secret"], "not-the-current-secret")
    assert client_token(place, renewed)
    assert client_token(place, client)


def test_the_life_of_a_client_of_anypoint(place: Sandbox) -> None:
    """Create, read, update, reset of the secret, a gateway's question after each, delete."""
    client = replay(place, "mulesoft-oidc", "create").json()
    renamed = update(place, client).json()
    assert renamed["client_secret"] == client["client_secret"]
    renewed = update(place, client, "rotate").json()
    for secret in (client, renewed):
        found = replay(place, "mulesoft-flex-introspection", "introspect", **{"<jwt>": client_token(place, secret)}).json()
        assert (found["active"], found["client_id"]) == (True, client["client_id"])
    path = f"{place.url}/register/{client['client_id']}"
    read = requests.get(path, headers={"Authorization": place.authorization}, timeout=30)
    assert read.json()["client_name"] == renamed["client_name"]
    assert replay(place, "mulesoft-oidc", "delete", **{"{client_id}": client["client_id"]}).status_code == 204
    assert place.application(client["client_id"]) is None


@pytest.mark.duty(88, 89)
def test_a_deleted_client_gets_no_more_tokens(place: Sandbox, client: dict[str, Any]) -> None:
    answer = replay(place, "mulesoft-oidc", "delete", **{"{client_id}": client["client_id"]})
    assert (answer.status_code, answer.content) == (204, b"")
    refused = eventually(lambda: token_of(place, client), lambda answer: answer.status_code == 400)
    assert refused.json()["error_codes"] == [700016]


def test_a_foreign_application_can_be_neither_read_nor_changed_nor_deleted(place: Sandbox) -> None:
    foreign = place.entra.add_caller("someone else's application")
    before = place.application(foreign.client_id)
    body = {**SHAPES["mulesoft-oidc", "update"]["request"]["json"], "client_id": foreign.client_id}
    for method in ("GET", "PUT", "DELETE"):
        url = f"{place.url}/register/{foreign.client_id}"
        answer = requests.request(
            method, url, headers={"Authorization": place.authorization}, json=body if method == "PUT" else None, timeout=30
        )
        assert answer.status_code in (401, 403, 404)
    assert place.application(foreign.client_id) == before
