"""The whole lives of clients of portals with a dialect of their own, over HTTP, by their recorded requests."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from shared.registration.tokens import InitialAccess, Key, KeyRing, mint_initial_token
from tests.wire import registration as callers
from tests.wire.patience import eventually, patiently
from tests.wire.shapes import all_shapes, check, replaced, send

KONNECT_KEY = "konnect_key_0123456789"
OKTA_KEY = "SSWS okta-connector-key-0123456789"
CONNECTOR = ("apim", "connector-secret-0123456789")
SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))
# An API of the sandbox whose audience is known before it starts.
AUDIENCE = "api://legacy"


@pytest.fixture(scope="module")
def portals() -> Iterator[Sandbox]:
    """A bridge with the credentials of all of them."""
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps(
            [{"name": "konnect", "api_key": KONNECT_KEY, "policy": "konnect"}, {"name": "wso2-okta", "authorization": OKTA_KEY}]
        ),
        "INTROSPECTION_CALLERS": json.dumps(
            [
                {
                    "client_id": CONNECTOR[0],
                    "secret_sha256": [hashlib.sha256(CONNECTOR[1].encode()).hexdigest()],
                    "audiences": [AUDIENCE],
                    "claims": ["azp"],
                }
            ]
        ),
        "REGISTRATION_TOKEN_CALLERS": json.dumps([{"name": "wso2", "client_id": CONNECTOR[0], "secret": CONNECTOR[1]}]),
        "REGISTRATION_POLICIES": json.dumps(
            {
                "konnect": {"unknown_scopes": "drop"},
                "gravitee": {},
                "tyk": {"scope_names": {"product_payments": "openid", "free_plan": "", "gold_plan": ""}},
            }
        ),
        "REGISTRATION_INITIAL_TOKEN_KEYS": json.dumps([{"id": key.id, "secret": key.secret} for key in SIGNING]),
    }
    with sandbox(settings=settings) as place:
        yield place


def token_of(place: Sandbox, client: dict[str, Any]) -> requests.Response:
    """The token service's answer to a client with its secret, once it has heard of it."""
    form = {name: client[name] for name in ("client_id", "client_secret")}
    form |= {"grant_type": "client_credentials", "scope": f"{AUDIENCE}/.default"}
    return patiently(lambda: requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30), 200)


def inspect(place: Sandbox, token: requests.Response) -> dict[str, Any]:
    """What introspection says of a token, to a gateway that sends what WSO2's connectors send."""
    form = {"token": token.json()["access_token"], "token_type_hint": "access_token"}
    answer = requests.post(f"{place.url}/introspect", data=form, auth=CONNECTOR, timeout=30)
    inspected: dict[str, Any] = answer.json()
    return inspected


def test_the_life_of_an_application_of_kong_konnect(portals: Sandbox) -> None:
    base, headers = f"{portals.url}/kong", {"X-API-KEY": KONNECT_KEY}

    def call(operation: str, path: str) -> requests.Response:
        shape = all_shapes()["kong", operation]
        body = replaced(shape.json, {})
        return eventually(
            lambda: requests.request(shape.method, base + path, json=body, headers=headers, timeout=30),
            lambda answer: answer.status_code != 503,
        )

    assert requests.post(f"{base}/", json={}, timeout=30).status_code == 401
    created = check(call("create-bearer-only", "/"), "kong", "create-bearer-only")
    client_id = created["client_id"]
    token = token_of(portals, created)
    assert token.status_code == 200
    inspected = inspect(portals, token)
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


def wso2_token(place: Sandbox, product: str) -> str:
    """The connector's own token, as it asks for it."""
    form = all_shapes()[product, "own-token"].form
    answer = requests.post(f"{place.url}/wso2/token", data=form, auth=CONNECTOR, timeout=30)
    assert answer.status_code == 200, answer.text
    return f"Bearer {answer.json()['access_token']}"


def test_the_life_of_a_client_of_wso2s_keycloak_connector(portals: Sandbox) -> None:
    product, url = "wso2-keycloak", f"{portals.url}/wso2/register"
    with requests.Session() as session:
        authorization = wso2_token(portals, product)
        created = check(send(session, product, "create", url, {}, authorization), product, "create")
        inspected = inspect(portals, token_of(portals, created))
        assert (inspected["active"], inspected["azp"]) == (True, created["client_id"])
        assert isinstance(inspected["aud"], str)
        client = f"{url}/{created['client_id']}"
        values = {"{client_id}": created["client_id"], "<secret or null>": created["client_secret"]}
        check(send(session, product, "read", client, values, authorization), product, "read")
        updated = check(send(session, product, "update-echo", client, values, authorization), product, "update-echo")
        assert updated["client_secret"] == created["client_secret"]
        check(send(session, product, "delete", client, values, authorization), product, "delete")
        revoked = requests.post(f"{portals.url}/wso2/revoke", data={"token": authorization[7:]}, auth=CONNECTOR, timeout=30)
        assert (revoked.status_code, revoked.content) == (200, b"")
        assert send(session, product, "create", url, {}, "Bearer null").status_code == 401


def test_the_life_of_a_client_of_wso2s_forgerock_connector(portals: Sandbox) -> None:
    product, url = "wso2-forgerock", f"{portals.url}/wso2/register"
    with requests.Session() as session:
        token = wso2_token(portals, product)
        created = check(send(session, product, "create-defaults", url, {}, token), product, "create-defaults")
        assert inspect(portals, token_of(portals, created))["client_id"] == created["client_id"]
        client, own = f"{url}?client_id={created['client_id']}", f"Bearer {created['registration_access_token']}"
        read = send(session, product, "read", client, {}, own).json()
        values = {
            "{client_id}": created["client_id"],
            "<if in additionalProperties>": created["client_secret"],
            "{registration_client_uri}": read["registration_client_uri"],
            "<rat>": read["registration_access_token"],
        }
        updated = check(send(session, product, "update", client, values, own), product, "update")
        own = f"Bearer {updated['registration_access_token']}"
        assert send(session, product, "delete", client, {}, own).status_code == 204


def test_the_life_of_a_client_of_wso2s_okta_connector(portals: Sandbox) -> None:
    product, url = "wso2-okta", f"{portals.url}/wso2/register"
    with requests.Session() as session:
        created = check(send(session, product, "create", url, {}, OKTA_KEY), product, "create")
        client = f"{url}/{created['client_id']}"
        values = {"{client_id}": created["client_id"], "<from additionalProperties>": created["client_secret"]}
        check(send(session, product, "read", client, {}, OKTA_KEY), product, "read")
        check(send(session, product, "update", client, values, OKTA_KEY), product, "update")
        renew = f"{client}/lifecycle/newSecret"
        renewed = check(send(session, product, "rotate-empty-body", renew, {}, OKTA_KEY), product, "rotate-empty-body")
        assert renewed["client_secret"] != created["client_secret"]
        check(send(session, product, "delete", client, {}, OKTA_KEY), product, "delete")


def test_the_life_of_a_client_of_gravitee(portals: Sandbox) -> None:
    """It never deletes; an operator's portal does."""
    now = datetime.now(UTC)
    token = mint_initial_token(InitialAccess("g1", "gravitee", "gravitee", now + timedelta(days=1)), portals.url, SIGNING, now)
    with requests.Session() as session:
        client = callers.gravitee(portals.url, session, token)
        inspected = inspect(portals, token_of(portals, client))
        assert (inspected["active"], inspected["client_id"]) == (True, client["client_id"])
        headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
        read = session.get(client["registration_client_uri"], headers=headers, timeout=30).json()
        assert read["client_secret"] == client["client_secret"]
        assert session.delete(client["registration_client_uri"], headers=headers, timeout=30).status_code == 204


def test_the_life_of_a_client_of_tyk(portals: Sandbox) -> None:
    now = datetime.now(UTC)
    token = mint_initial_token(InitialAccess("t1", "tyk", "tyk", now + timedelta(days=1)), portals.url, SIGNING, now)
    with requests.Session() as session:
        client = callers.tyk(portals.url, session, token, "openid")
        assert inspect(portals, token_of(portals, client))["client_id"] == client["client_id"]
        headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
        renewed = session.post(f"{client['registration_client_uri']}/new-secret", headers=headers, timeout=30).json()
        assert renewed["client_secret"] != client["client_secret"]
        assert session.delete(client["registration_client_uri"], headers=headers, timeout=30).status_code == 204
