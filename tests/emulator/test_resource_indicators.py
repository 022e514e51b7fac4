"""The RFC 8707 `resource` parameter, scopes by full and short names, and how codes may be redeemed."""

from typing import Any

import pytest

from emulator.server import CallerAccount, EntraEmulator, ResourceApi
from tests.emulator.browser import AuthorizationRequest, returned
from tests.emulator.client import GraphClient

NAME, PASSWORD = "ada@example.com", "correct horse"
URI = "https://mcp.contoso.com/mcp"
READ = f"{URI}/tools.read"


@pytest.fixture
def api(entra: EntraEmulator) -> ResourceApi:
    """An MCP server's API, with a second URI."""
    api = entra.add_resource_api("MCP", URI, scopes=("tools.read", "tools.write"))
    record = entra.directory.applications.live[api.object_id]
    entra.directory.write_application(record, {"identifierUris": [URI, "https://mcp.contoso.com"]})
    return api


@pytest.fixture
def client(entra: EntraEmulator) -> CallerAccount:
    """A native client."""
    account = entra.add_caller("Claude", secret=False)
    record = entra.directory.applications.live[account.object_id]
    uris = ["http://localhost/cb", "http://127.0.0.1:4711/cb"]
    entra.directory.write_application(record, {"publicClient": {"redirectUris": uris}})
    entra.add_user(NAME, PASSWORD)
    return account


@pytest.fixture
def walk(entra: EntraEmulator, api: ResourceApi, client: CallerAccount) -> AuthorizationRequest:
    """A sign-in of that client."""
    return AuthorizationRequest(entra, client.client_id, "http://localhost:8080/cb", f"{READ} offline_access", entra.session())


@pytest.mark.parametrize("resource", [URI, "https://mcp.contoso.com"])
def test_a_client_with_the_right_resource_gets_through(
    walk: AuthorizationRequest, api: ResourceApi, entra: EntraEmulator, resource: str
) -> None:
    code = walk.code(NAME, PASSWORD, resource=resource)
    answer = walk.redeem(code, resource=resource).json()
    assert (answer["scope"], "refresh_token" in answer) == (READ, True)
    for scope in ("", READ):
        form = {"grant_type": "refresh_token", "client_id": walk.client_id, "refresh_token": answer["refresh_token"]}
        url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
        again = walk.session.post(url, data={**form, "resource": resource, **({"scope": scope} if scope else {})})
        assert again.json()["scope"] == READ


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"resource": f"{URI}/"}, 9010010, "invalid_target"),
        ({"resource": URI.upper()}, 9010010, "invalid_target"),
        ({"resource": "api://other"}, 9010010, "invalid_target"),
        ({"resource": URI, "scope": "tools.read"}, 9010010, "invalid_target"),
        ({"resource": URI, "scope": "openid profile email offline_access"}, 9010010, "invalid_target"),
        ({"resource": "https://graph.microsoft.com", "scope": "User.Read"}, 9010010, "invalid_target"),
        ({"resource": URI, "scope": f"{URI}/tools.dance"}, 650053, "invalid_client"),
        ({"scope": "tools.read"}, 650053, "invalid_client"),
        ({"scope": f"{URI}/tools.dance"}, 650053, "invalid_client"),
        ({"scope": ""}, 900144, "invalid_request"),
        ({"scope": f"{URI}/"}, 70011, "invalid_scope"),
    ],
)
def test_anything_else_is_refused_at_the_authorization_endpoint(
    walk: AuthorizationRequest, change: dict[str, str], code: int, error: str
) -> None:
    back = returned(walk.open(**change))
    assert (back["error"], back["error_description"].partition(":")[0]) == (error, f"AADSTS{code}")


def test_an_api_with_v1_tokens_takes_no_resource(walk: AuthorizationRequest, entra: EntraEmulator) -> None:
    entra.add_resource_api("Old", "api://old", token_version=1, scopes=("Read",))
    back = returned(walk.open(scope="api://old/Read", resource="api://old"))
    assert back["error_description"].startswith("AADSTS9010010")


@pytest.mark.parametrize("more", [{"resource": f"{URI}/"}, {"resource": "api://x", "scope": READ}])
def test_redemption_and_refresh_check_it_again(walk: AuthorizationRequest, entra: EntraEmulator, more: dict[str, Any]) -> None:
    code = walk.code(NAME, PASSWORD, resource=URI)
    token = walk.redeem(code).json()["refresh_token"]
    assert walk.redeem(walk.code(NAME, PASSWORD), **more).json()["error_codes"] == [9010010]
    form = {"grant_type": "refresh_token", "client_id": walk.client_id, "refresh_token": token, **more}
    answer = walk.session.post(f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token", data=form)
    assert answer.json()["error_codes"] == [9010010]


@pytest.mark.parametrize(("refused", "status"), [(True, 400), (False, 200)])
def test_a_refresh_with_resource_and_without_scope(
    walk: AuthorizationRequest, entra: EntraEmulator, refused: bool, status: int
) -> None:
    entra.assumptions.refresh_with_resource_and_no_scope_is_refused = refused
    token = walk.redeem(walk.code(NAME, PASSWORD, resource=URI), resource=URI).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": walk.client_id, "refresh_token": token, "resource": URI}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    answer = walk.session.post(url, data=form)
    assert answer.status_code == status
    assert walk.session.post(url, data={**form, "scope": READ}).status_code == 200


@pytest.mark.parametrize(("resource", "status"), [(URI, 200), (f"{URI}/", 400)])
def test_a_client_that_acts_for_itself_may_name_the_resource(
    entra: EntraEmulator, api: ResourceApi, resource: str, status: int
) -> None:
    account = entra.add_caller("daemon")
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    answer = entra.session().post(url, data={**form, "scope": f"{URI}/.default", "resource": resource})
    assert answer.status_code == status


@pytest.mark.parametrize(("ignored", "ports"), [(True, {4711: 200, 9999: 200}), (False, {4711: 200, 9999: 400})])
def test_the_port_of_127_0_0_1_is_ignored_or_not(
    walk: AuthorizationRequest, entra: EntraEmulator, ignored: bool, ports: dict[int, int]
) -> None:
    entra.assumptions.port_of_127_0_0_1_is_ignored = ignored
    for port, status in ports.items():
        walk.redirect_uri = f"http://127.0.0.1:{port}/cb"
        assert walk.open().status_code == status
    walk.redirect_uri = "http://localhost:1/cb"
    assert walk.open().status_code == 200


def test_a_native_code_is_not_redeemed_from_a_browser(walk: AuthorizationRequest) -> None:
    answer = walk.redeem(walk.code(NAME, PASSWORD), {"Origin": "https://claude.ai"})
    assert answer.json()["error_codes"] == [9002326]


@pytest.mark.parametrize("on", [True, False])
def test_authorization_responses_carry_their_issuer_on_demand(walk: AuthorizationRequest, entra: EntraEmulator, on: bool) -> None:
    entra.assumptions.authorization_responses_carry_iss = on
    expected = f"{entra.url}/{entra.tenant_id}/v2.0" if on else None
    refused = returned(walk.open(scope="tools.read"))
    assert returned(walk.submit(walk.open(), NAME, PASSWORD)).get("iss") == refused.get("iss") == expected


@pytest.mark.parametrize(("needed", "version", "status"), [(True, None, 400), (True, 2, 204), (False, None, 204)])
def test_an_https_identifier_uri_wants_v2_tokens(
    graph: GraphClient, entra: EntraEmulator, needed: bool, version: int | None, status: int
) -> None:
    entra.assumptions.https_identifier_uris_need_token_version_2 = needed
    api: Any = {"requestedAccessTokenVersion": version}
    made = graph("POST", "/applications", {"displayName": "API", "api": api}).json()
    assert graph("PATCH", f"/applications/{made['id']}", {"identifierUris": [URI]}).status_code == status
