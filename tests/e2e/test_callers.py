"""The recorded requests of other callers than MuleSoft, over HTTP, each with the credential that it would bring."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from shared.registration import tokens
from shared.registration.tokens import InitialAccess, Key, KeyRing
from tests.wire import registration as callers

SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))
ROLE = "Clients.Register"


AUDIENCE = "https://bridge.example.com"


@pytest.fixture(scope="module")
def open_place() -> Iterator[Sandbox]:
    """A bridge that takes every kind of credential, and none at all; it is itself an API of the tenant."""
    keys = json.dumps([{"id": key.id, "secret": key.secret} for key in SIGNING])
    settings = {
        "REGISTRATION_INITIAL_TOKEN_KEYS": keys,
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_POLICIES": json.dumps({"default": {"unsupported_grants": "drop"}}),
        "REGISTRATION_ENTRA_AUDIENCE": AUDIENCE,
        "REGISTRATION_ENTRA_ROLES": json.dumps({ROLE: "default"}),
    }
    with sandbox(settings=settings) as place:
        yield place


@pytest.mark.duty(43, 60, 76, 94)
def test_gravitee_with_an_initial_access_token(open_place: Sandbox) -> None:
    now = datetime.now(UTC)
    access = InitialAccess("j1", "gravitee", "default", now + timedelta(days=1))
    with requests.Session() as session:
        callers.gravitee(open_place.url, session, tokens.mint_initial_token(access, open_place.url, SIGNING, now))


@pytest.mark.duty(32, 36)
def test_mcp_clients_without_any_credential(open_place: Sandbox) -> None:
    with requests.Session() as session:
        callers.mcp(open_place.url, session, None)


def test_openid_connect_libraries(open_place: Sandbox) -> None:
    with requests.Session() as session:
        callers.libraries(open_place.url, session, open_place.authorization)


@pytest.mark.duty(14, 52)
def test_callers_that_ask_for_more_than_is_allowed(open_place: Sandbox) -> None:
    with requests.Session() as session:
        callers.narrowed(open_place.url, session, open_place.authorization)


@pytest.mark.duty(43)
def test_wso2_with_an_access_token_of_entra_for_the_bridge(open_place: Sandbox) -> None:
    entra = open_place.entra
    bridge_api = entra.add_resource_api("Bridge", AUDIENCE, token_version=1, app_roles=(ROLE,))
    wso2, stranger = entra.add_caller("WSO2"), entra.add_caller("a stranger")
    entra.grant_role(wso2.client_id, bridge_api, ROLE)

    def bearer(client_id: str, secret: str | None) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret or "",
            "scope": f"{AUDIENCE}/.default",
        }
        answer = requests.post(open_place.token_endpoint, data=form, verify=entra.ca_file, timeout=30)
        return f"Bearer {answer.json()['access_token']}"

    with requests.Session() as session:
        callers.wso2(open_place.url, session, bearer(wso2.client_id, wso2.client_secret))
        headers = {"Authorization": bearer(stranger.client_id, stranger.client_secret)}
        refused = session.post(
            f"{open_place.url}/register", json={"redirect_uris": ["https://e.example/cb"]}, headers=headers, timeout=30
        )
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
