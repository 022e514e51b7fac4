"""MCP clients at Entra itself: the bridge describes and registers, and sees no token but those that it is asked about.

The requests are those of the MCP SDKs (2.x): full scope names, `resource` in each of them, no scope at the redemption. The SDK
itself walks in tests/clients/python.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from tests.emulator.browser import AuthorizationRequest, returned
from tests.wire.patience import eventually, patiently

SERVER = "https://mcp.contoso.com/mcp"
API = "3c9e7b51-8d2a-4f6e-9b10-7a5d4c3e2f18"
READ = f"{SERVER}/tools.read"
GATEWAY, SECRET = "mcp-server", "secret-of-the-mcp-server"
USER = ("grace@example.com", "correct horse")
BODY = {
    "client_name": "mcp client",
    "redirect_uris": ["http://localhost:33418/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


@pytest.fixture(scope="module")
def mcp_place() -> Iterator[Sandbox]:
    """A bridge as docs/mcp.md sets it up, for one MCP server."""
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    settings = {
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_RESOURCE_APIS": json.dumps([{"app_id": API, "prefix": f"{SERVER}/"}]),
        "INTROSPECTION_CALLERS": json.dumps([{"client_id": GATEWAY, "secret_sha256": [digest], "audiences": [API]}]),
        "INTROSPECTION_OPTIONS": json.dumps({"grants": "enforce"}),
        "BRIDGE_OFFERS_OFFLINE_ACCESS": "false",
    }
    with sandbox(settings=settings) as place:
        place.entra.add_resource_api("MCP server", SERVER, scopes=("tools.read", "tools.write"), app_id=API)
        place.entra.add_user(*USER)
        yield place


@pytest.fixture
def walk(mcp_place: Sandbox) -> Iterator[AuthorizationRequest]:
    """A client that has registered, before its sign-in: people take longer to begin it than replicas to hear of a client."""
    answer = requests.post(f"{mcp_place.url}/register", json={**BODY, "scope": READ}, timeout=30)
    assert answer.status_code == 201, answer.text
    client = answer.json()
    assert (client["scope"], "client_secret" in client) == (READ, False)
    with requests.Session() as session:
        session.verify, session.trust_env = mcp_place.entra.ca_file, False  # REQUESTS_CA_BUNDLE would win
        request = AuthorizationRequest(mcp_place.entra, client["client_id"], BODY["redirect_uris"][0], READ, session)
        wait_for(mcp_place, request)
        yield request


def wait_for(place: Sandbox, request: AuthorizationRequest) -> None:
    """Until Entra knows the client: first one of its replicas, and by the time a person has found the page all of them."""
    eventually(lambda: request.open(resource=SERVER).status_code, lambda status: status == 200)
    place.entra.consistency.settle()


def introspect(place: Sandbox, token: str) -> dict[str, Any]:
    def ask() -> requests.Response:
        return requests.post(f"{place.url}/introspect", data={"token": token}, auth=(GATEWAY, SECRET), timeout=30)

    found: dict[str, Any] = patiently(ask, 200).json()
    return found


def test_the_metadata_are_what_an_mcp_client_takes(mcp_place: Sandbox) -> None:
    document = requests.get(f"{mcp_place.url}/.well-known/oauth-authorization-server", timeout=30).json()
    assert document["issuer"] == mcp_place.url
    assert document["registration_endpoint"] == f"{mcp_place.url}/register"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "none" in document["token_endpoint_auth_methods_supported"]
    assert document["authorization_endpoint"].startswith(mcp_place.entra.url)
    assert "offline_access" not in document["scopes_supported"]
    assert {READ, f"{SERVER}/tools.write"} <= set(document["scopes_supported"])
    assert "authorization_response_iss_parameter_supported" not in document


@pytest.mark.parametrize("scope", ["", READ], ids=["SDKs", "mcp-remote"])
def test_a_registered_client_signs_in_at_entra_for_the_server(mcp_place: Sandbox, walk: AuthorizationRequest, scope: str) -> None:
    """From the sign-in to a refreshed token, each active for the server alone."""
    walk.scope = f"{READ} offline_access"
    answer = walk.redeem(walk.code(*USER, resource=SERVER), resource=SERVER).json()
    found = introspect(mcp_place, answer["access_token"])
    assert (found["active"], found["client_id"], found["aud"], found["scope"]) == (True, walk.client_id, API, "tools.read")
    form = {
        "grant_type": "refresh_token",
        "client_id": walk.client_id,
        "refresh_token": answer["refresh_token"],
        "resource": SERVER,
    }
    again = walk.session.post(mcp_place.token_endpoint, data={**form, **({"scope": scope} if scope else {})}).json()
    assert introspect(mcp_place, again["access_token"])["active"] is True


def test_entra_says_what_is_wrong_with_the_names_by_its_codes(walk: AuthorizationRequest) -> None:
    """Those of docs/mcp.md."""
    for code, wrong in (
        ("AADSTS9010010", {"scope": "tools.read", "resource": SERVER}),
        ("AADSTS9010010", {"resource": f"{SERVER}/"}),
        ("AADSTS650053", {"scope": "tools.read"}),
        ("AADSTS900144", {"scope": "", "resource": SERVER}),
    ):
        assert returned(walk.open(**wrong))["error_description"].startswith(f"{code}:"), wrong


@pytest.mark.parametrize(("scope", "prompt", "gets_in"), [(READ, "", True), (f"{READ} offline_access", "consent", False)])
def test_with_user_consent_off_an_administrators_consent_counts_unless_the_client_forces_the_page(
    mcp_place: Sandbox, walk: AuthorizationRequest, scope: str, prompt: str, gets_in: bool
) -> None:
    """Clients that see offline_access in the metadata ask for it, and force the page."""
    mcp_place.entra.tenant.consents.grant(walk.client_id, API, ["tools.read"])
    mcp_place.entra.tenant.consents.mode = "off"
    try:
        walk.scope = scope
        back = walk.submit(walk.open(resource=SERVER, prompt=prompt), *USER)
    finally:
        mcp_place.entra.tenant.consents.mode = "on"
    assert (back.status_code == 302) is gets_in
    assert gets_in or "AADSTS90094" in back.text


def test_should_entra_send_its_issuer_it_is_not_the_metadatas(mcp_place: Sandbox, walk: AuthorizationRequest) -> None:
    """RFC 9207 section 2.4 then has clients refuse; docs/mcp.md says that nothing but other metadata would help."""
    mcp_place.entra.assumptions.authorization_responses_carry_iss = True
    try:
        issuer = returned(walk.submit(walk.open(resource=SERVER), *USER))["iss"]
    finally:
        mcp_place.entra.assumptions.authorization_responses_carry_iss = False
    assert issuer == f"{mcp_place.entra.url}/{mcp_place.entra.tenant_id}/v2.0" != mcp_place.url


def registered(place: Sandbox, port: int, **members: Any) -> dict[str, Any]:
    body = {**BODY, "scope": READ, "redirect_uris": [f"http://localhost:{port}/callback"], **members}
    answer = requests.post(f"{place.url}/register", json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_equal_clients_are_one_application_which_none_of_them_manages(mcp_place: Sandbox, walk: AuthorizationRequest) -> None:
    for port in (50001, 50002):
        client = registered(mcp_place, port)
        assert client["client_id"] == walk.client_id
        assert client["redirect_uris"] == [f"http://localhost:{port}/callback"]
        assert not {"registration_access_token", "registration_client_uri", "client_secret"} & client.keys()
    headers, url = {"Authorization": mcp_place.authorization}, f"{mcp_place.url}/register/{walk.client_id}"
    body = {**BODY, "redirect_uris": ["https://evil.example/callback"]}
    for method in ("GET", "PUT", "DELETE"):
        assert requests.request(method, url, json=body, timeout=30).status_code == 401
        assert requests.request(method, url, json=body, headers=headers, timeout=30).status_code == 403
    assert registered(mcp_place, 50003, client_name="another one")["client_id"] != walk.client_id


@pytest.mark.parametrize("how", ["consent", "pre-authorisation"])
def test_what_an_administrator_allows_one_instance_of_a_client_serves_all(
    mcp_place: Sandbox, walk: AuthorizationRequest, how: str
) -> None:
    """Users may not consent themselves, and each instance listens at a port of its own."""
    name = f"agent by {how}"
    client = registered(mcp_place, 50001, client_name=name)
    if how == "consent":
        mcp_place.entra.tenant.consents.grant(client["client_id"], API, ["tools.read"])
    else:
        preauthorize(mcp_place, client["client_id"])
    mcp_place.entra.tenant.consents.mode = "off"
    try:
        for port in (50002, 50003):
            other = registered(mcp_place, port, client_name=name)
            walk.client_id, walk.redirect_uri = other["client_id"], other["redirect_uris"][0]
            walk.session.cookies.clear()  # at another desk
            wait_for(mcp_place, walk)
            answer = walk.redeem(walk.code(*USER, resource=SERVER), resource=SERVER).json()
            assert introspect(mcp_place, answer["access_token"])["client_id"] == client["client_id"]
    finally:
        mcp_place.entra.tenant.consents.mode = "on"


def preauthorize(place: Sandbox, client_id: str) -> None:
    """As an administrator does it at the API's own application."""
    record = place.entra.directory.applications.find("appId", API)
    assert record is not None
    (permission,) = (scope for scope in record.state["api"]["oauth2PermissionScopes"] if scope["value"] == "tools.read")
    entry = {"appId": client_id, "delegatedPermissionIds": [permission["id"]]}
    api = {**record.state["api"], "preAuthorizedApplications": [entry]}
    place.entra.directory.write_application(record, {"api": api})
