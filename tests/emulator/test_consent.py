"""Consent: who may agree to what, when a dialog is shown, and who is let in at all."""

from typing import Any

import pytest
from requests import Response

from emulator.server import CallerAccount, EntraEmulator, ResourceApi
from tests.emulator.browser import AuthorizationRequest, returned

ADA, ADMIN, PASSWORD = "ada@example.com", "root@example.com", "correct horse"
READ = "https://mcp.example/tools.read"


@pytest.fixture
def api(entra: EntraEmulator) -> ResourceApi:
    """An API with a scope for users and one for administrators."""
    return entra.add_resource_api("MCP", "https://mcp.example", scopes=("tools.read",), admin_scopes=("tools.admin",))


@pytest.fixture
def client(entra: EntraEmulator) -> CallerAccount:
    """A confidential client."""
    entra.add_user(ADA, PASSWORD)
    entra.add_user(ADMIN, PASSWORD, admin=True)
    account = entra.add_caller("client")
    record = entra.directory.applications.live[account.object_id]
    entra.directory.write_application(record, {"web": {"redirectUris": ["https://client.example/cb"]}})
    return account


@pytest.fixture
def walk(entra: EntraEmulator, api: ResourceApi, client: CallerAccount) -> AuthorizationRequest:
    """A sign-in of that client."""
    scope = f"{READ} offline_access"
    return AuthorizationRequest(entra, client.client_id, "https://client.example/cb", scope, entra.session())


def sign_in(walk: AuthorizationRequest, name: str = ADA, **more: str) -> Response:
    """The answer to the filled-in page."""
    return walk.submit(walk.open(**more), name, PASSWORD)


@pytest.mark.parametrize(
    ("mode", "low", "scope", "user", "code"),
    [
        ("on", False, READ, ADA, ""),
        ("on", False, "https://mcp.example/tools.admin", ADA, "90094"),
        ("on", False, "https://mcp.example/tools.admin", ADMIN, ""),
        ("low", False, READ, ADA, "90094"),
        ("low", True, READ, ADA, ""),
        ("off", True, READ, ADA, "90094"),
        ("off", False, READ, ADMIN, ""),
    ],
)
def test_who_may_agree_to_what(
    walk: AuthorizationRequest, api: ResourceApi, entra: EntraEmulator, mode: str, low: bool, scope: str, user: str, code: str
) -> None:
    entra.tenant.consents.mode = mode
    entra.tenant.consents.low = {(api.app_id, "tools.read")} if low else set()
    answer = sign_in(walk, user, scope=scope)
    if code:
        assert f"AADSTS{code}" in answer.text
        assert "Location" not in answer.headers
        entra.tenant.consents.admin_requests = True
        assert "AADSTS90095" in sign_in(walk, user, scope=scope).text
    else:
        assert "code" in returned(answer)


def _admin_consent(entra: EntraEmulator, client: CallerAccount, api: ResourceApi) -> None:
    entra.admin_consent(client.client_id, api, ["tools.read"])


def _preauthorise(entra: EntraEmulator, client: CallerAccount, api: ResourceApi) -> None:
    record = entra.directory.applications.live[api.object_id]
    (scope,) = [s for s in record.state["api"]["oauth2PermissionScopes"] if s["value"] == "tools.read"]
    entry = {"appId": client.client_id, "delegatedPermissionIds": [scope["id"]]}
    entra.directory.write_application(record, {"api": {**record.state["api"], "preAuthorizedApplications": [entry]}})


@pytest.mark.parametrize("agreed", [_admin_consent, _preauthorise])
def test_with_consent_off_an_administrator_or_the_api_agrees_but_not_for_prompt_consent(
    walk: AuthorizationRequest, client: CallerAccount, api: ResourceApi, entra: EntraEmulator, agreed: Any
) -> None:
    entra.tenant.consents.mode = "off"
    assert "AADSTS90094" in sign_in(walk).text
    agreed(entra, client, api)
    assert "code" in returned(sign_in(walk))
    assert "AADSTS90094" in sign_in(walk, prompt="consent").text
    entra.assumptions.preauthorization_survives_prompt_consent = True
    survived = "AADSTS90094" not in sign_in(walk, prompt="consent").text
    assert survived == (agreed is _preauthorise)


def test_a_signed_in_user_sees_a_dialog_for_what_is_new_and_for_prompt_consent(
    walk: AuthorizationRequest, entra: EntraEmulator
) -> None:
    entra.add_resource_api("Other", "api://other", scopes=("Read",))
    signed_in = sign_in(walk)
    walk.session.headers["Cookie"] = signed_in.headers["Set-Cookie"].partition(";")[0]
    assert "code" in returned(walk.open())
    assert returned(walk.open(scope="api://other/Read", prompt="none"))["error_description"].startswith("AADSTS65001")
    for parameters in ({"scope": "api://other/Read"}, {"prompt": "consent"}):
        dialog = walk.open(**parameters)
        assert "Permissions requested" in dialog.text
        assert "code" in returned(walk.submit(dialog, "", "", accept="1"))
    assert "code" in returned(walk.open(scope="api://other/Read"))
    declined = walk.submit(walk.open(prompt="consent"), "", "", cancel="1")
    assert returned(declined)["error_description"].startswith("AADSTS65004")


def test_a_signed_in_user_who_may_not_agree_is_stuck_at_once(walk: AuthorizationRequest, entra: EntraEmulator) -> None:
    walk.session.headers["Cookie"] = sign_in(walk).headers["Set-Cookie"].partition(";")[0]
    entra.tenant.consents.mode = "off"
    assert "code" in returned(walk.open())
    answer = walk.open(prompt="consent")
    assert ("AADSTS90094" in answer.text, "Location" in answer.headers) == (True, False)


def test_an_administrator_agrees_for_everyone_at_the_endpoint_for_that(walk: AuthorizationRequest, entra: EntraEmulator) -> None:
    entra.tenant.consents.mode = "off"
    url = f"{entra.url}/{entra.tenant_id}/v2.0/adminconsent"
    query = {"client_id": walk.client_id, "redirect_uri": walk.redirect_uri, "scope": READ, "state": "s"}
    assert "AADSTS90094" in walk.submit(walk.session.get(url, params=query), ADA, PASSWORD).text
    page = walk.session.get(url, params=query)
    assert READ in page.text
    back = returned(walk.submit(page, ADMIN, PASSWORD))
    assert (back["admin_consent"], back["tenant"], back["state"]) == ("True", entra.tenant_id, "s")
    assert "code" in returned(sign_in(walk))
    assert "AADSTS50011" in walk.session.get(url, params={**query, "redirect_uri": "https://evil.example"}).text


def test_the_token_endpoint_gives_nothing_that_nobody_agreed_to(
    walk: AuthorizationRequest, client: CallerAccount, entra: EntraEmulator
) -> None:
    secret = str(client.client_secret)
    token = walk.redeem(walk.code(ADA, PASSWORD), client_secret=secret).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": client.client_id, "client_secret": secret, "refresh_token": token}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    refused = walk.session.post(url, data={**form, "scope": "https://mcp.example/tools.admin"})
    assert refused.json()["error_codes"] == [65001]
    assert walk.session.post(url, data={**form, "scope": READ}).status_code == 200


def test_a_client_may_want_its_users_assigned(
    walk: AuthorizationRequest, client: CallerAccount, api: ResourceApi, entra: EntraEmulator
) -> None:
    principal = entra.directory.service_principals.live[client.service_principal_id]
    entra.directory.service_principals.write(principal, {"appRoleAssignmentRequired": True})
    assert "AADSTS50105" in sign_in(walk).text
    user = entra.directory.users.find("userPrincipalName", ADA)
    assert user is not None
    entra.directory.assign_role(user, principal, "00000000-0000-0000-0000-000000000000")
    assert "AADSTS90094" in sign_in(walk).text, "assignment leaves consent to administrators"
    entra.admin_consent(client.client_id, api)
    code = returned(sign_in(walk))["code"]
    token = walk.redeem(code, client_secret=str(client.client_secret)).json()["refresh_token"]
    entra.directory.role_assignments.clear()
    form = {"grant_type": "refresh_token", "client_id": client.client_id, "client_secret": client.client_secret}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    assert walk.session.post(url, data={**form, "refresh_token": token}).json()["error_codes"] == [50105]


def test_consent_is_turned_over_http(
    walk: AuthorizationRequest, client: CallerAccount, api: ResourceApi, entra: EntraEmulator
) -> None:
    url = f"{entra.url}/_emulator"
    low = [[api.app_id, "tools.read"]]
    state = entra.session().patch(f"{url}/consent", json={"mode": "off", "admin_requests": True, "low": low}).json()
    assert state == {"mode": "off", "admin_requests": True, "low": low}
    assert "AADSTS90095" in sign_in(walk).text
    grant = {"client_id": client.client_id, "resource_id": api.app_id, "scopes": ["tools.read"], "user": ADA}
    assert entra.session().post(f"{url}/consents", json=grant).status_code == 204
    assert "code" in returned(sign_in(walk))
    assert entra.session().post(f"{url}/consents", json={**grant, "user": "nobody"}).status_code == 400
    assert entra.session().patch(f"{url}/consent", json={"mode": "sometimes"}).status_code == 400
