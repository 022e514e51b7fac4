"""Users sign in: authorization code with PKCE for each kind of client, refresh tokens, device code."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from emulator.directory.directory import GRAPH_APP_ID
from emulator.server import CallerAccount, EntraEmulator, ResourceApi
from tests.emulator.browser import AuthorizationRequest, returned
from tests.emulator.client import graph_client

NAME, PASSWORD = "ada@example.com", "correct horse"
REDIRECT = "https://client.example/cb"
ORIGIN = {"Origin": "https://client.example"}
Flow = Callable[..., AuthorizationRequest]


@pytest.fixture
def api(entra: EntraEmulator) -> ResourceApi:
    """The API that users sign in for."""
    return entra.add_resource_api("Orders API", "api://orders", scopes=("Orders.Read", "Orders.Write"))


@pytest.fixture
def client(entra: EntraEmulator) -> CallerAccount:
    """A client without redirect URIs yet."""
    return entra.add_caller("client")


@pytest.fixture
def flow(entra: EntraEmulator, api: ResourceApi, client: CallerAccount) -> Flow:
    """Starts a walk for `client` with a redirect URI registered on a platform."""
    entra.add_user(NAME, PASSWORD)

    def begin(
        platform: str = "web", uri: str = REDIRECT, scope: str = "openid offline_access api://orders/Orders.Read"
    ) -> AuthorizationRequest:
        record = entra.directory.applications.live[client.object_id]
        entra.directory.write_application(record, {platform: {"redirectUris": [uri]}})
        return AuthorizationRequest(entra, client.client_id, uri, scope, entra.session())

    return begin


def code_of(body: dict[str, list[int]]) -> int:
    """The AADSTS number."""
    return body["error_codes"][0]


def test_a_confidential_client_gets_tokens_for_its_code(flow: Flow, client: CallerAccount, api: ResourceApi) -> None:
    walk = flow()
    page = walk.open()
    assert "client" in page.text
    back = returned(walk.submit(page, NAME, PASSWORD))
    assert back["state"] == "the state"
    answer = walk.redeem(back["code"], client_secret=str(client.client_secret))
    body = answer.json()
    assert body["scope"] == "api://orders/Orders.Read openid"
    access, identity = (jwt.decode(body[n], options={"verify_signature": False}) for n in ("access_token", "id_token"))
    assert (access["aud"], access["azpacr"], access["scp"]) == (api.app_id, "1", "Orders.Read")
    assert (identity["aud"], identity["nonce"]) == (client.client_id, "the nonce")
    assert "azp" not in identity
    assert walk.redeem(back["code"], client_secret=str(client.client_secret)).json()["error_codes"] == [54005]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_secret": ""}, 7000218),
        ({"client_secret": "wrong"}, 7000215),
        ({"code_verifier": "x" * 43}, 50148),
        ({"code_verifier": ""}, 50148),
        ({"code": "made up"}, 70000),
        ({"redirect_uri": "https://client.example/other"}, 500112),
        ({"redirect_uri": ""}, 900144),
    ],
)
def test_a_code_is_only_good_for_who_asked_for_it(flow: Flow, client: CallerAccount, change: dict[str, str], code: int) -> None:
    walk = flow()
    form: dict[str, Any] = {"client_secret": str(client.client_secret), "code": walk.code(NAME, PASSWORD), **change}
    assert code_of(walk.redeem(form.pop("code"), **form).json()) == code


def test_a_code_lives_ten_minutes(flow: Flow, client: CallerAccount, entra: EntraEmulator) -> None:
    walk = flow()
    code = walk.code(NAME, PASSWORD)
    entra.clock.advance(601)
    assert code_of(walk.redeem(code, client_secret=str(client.client_secret)).json()) == 70008


def test_a_single_page_application_redeems_across_origins_and_without_a_secret(flow: Flow, client: CallerAccount) -> None:
    walk = flow("spa")
    code = walk.code(NAME, PASSWORD, response_mode="fragment")
    assert code_of(walk.redeem(code).json()) == 9002327
    assert code_of(walk.redeem(code, {"Origin": "https://evil.example"}).json()) == 9002326
    assert code_of(walk.redeem(code, ORIGIN, client_secret=str(client.client_secret)).json()) == 700025
    answer = walk.redeem(code, ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
    assert answer.json()["refresh_token_expires_in"] == 24 * 3600
    access = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert access["azpacr"] == "0"


def test_a_single_page_application_needs_pkce(flow: Flow) -> None:
    answer = flow("spa").open(code_challenge="", code_challenge_method="")
    assert returned(answer)["error_description"].startswith("AADSTS9002325")


def test_a_preflight_is_answered(entra: EntraEmulator) -> None:
    headers = {**ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-client-sku"}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    answer = entra.session().options(url, headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Headers"]) == (200, "x-client-sku")


def test_a_web_client_must_not_redeem_across_origins(flow: Flow, client: CallerAccount) -> None:
    walk = flow()
    answer = walk.redeem(walk.code(NAME, PASSWORD), ORIGIN, client_secret=str(client.client_secret))
    assert code_of(answer.json()) == 9002326


def test_a_native_client_uses_any_loopback_port(flow: Flow) -> None:
    walk = flow("publicClient", "http://localhost/cb")
    walk.redirect_uri = "http://localhost:51234/cb"
    assert walk.redeem(walk.code(NAME, PASSWORD)).json()["token_type"] == "Bearer"


def test_a_redirect_uri_that_is_not_registered_is_shown_and_not_followed(flow: Flow) -> None:
    walk = flow()
    for uri in ("https://client.example/CB", "https://client.example/cb/", "https://evil.example/cb"):
        walk.redirect_uri = uri
        answer = walk.open()
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
        assert "AADSTS50011" in answer.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response_type": "token"}, 700051),
        ({"scope": "api://orders/Orders.Dance"}, 650053),
        ({"scope": "api://orders/Orders.Read User.Read"}, 700022),
        ({"scope": "api://nobody/Read"}, 500011),
        ({"scope": ""}, 900144),
        ({"prompt": "none"}, 16000),
        ({"code_challenge": "short"}, 70000),
        ({"resource": "api://other"}, 9010010),
    ],
)
def test_other_mistakes_go_back_to_the_client(flow: Flow, change: dict[str, str], code: int) -> None:
    back = returned(flow().open(**change))
    assert back["error_description"].startswith(f"AADSTS{code}: ")
    assert back["state"] == "the state"


def test_wrong_passwords_and_disabled_users_stay_on_the_page(flow: Flow, entra: EntraEmulator) -> None:
    walk = flow()
    again = walk.submit(walk.open(), NAME, "wrong")
    assert "AADSTS50126" in again.text
    user = entra.directory.users.find("userPrincipalName", NAME)
    assert user is not None
    entra.directory.users.write(user, {"accountEnabled": False})
    assert "AADSTS50057" in walk.submit(again, NAME, PASSWORD).text


def test_cancelling_goes_back_with_access_denied(flow: Flow) -> None:
    walk = flow()
    assert returned(walk.submit(walk.open(), "", "", cancel="1"))["error"] == "access_denied"


def test_a_session_spares_the_second_sign_in_until_sign_out(flow: Flow, entra: EntraEmulator) -> None:
    walk = flow()
    signed_in = walk.submit(walk.open(), NAME, PASSWORD)
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    walk.session.headers.update(cookie)
    assert "code" in returned(walk.open(prompt="none"))
    assert walk.open(prompt="login").status_code == 200
    walk.session.get(f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/logout")
    assert returned(walk.open(prompt="none"))["error"] == "interaction_required"


def test_form_post_carries_the_code_in_a_page(flow: Flow) -> None:
    walk = flow()
    page = walk.submit(walk.open(response_mode="form_post"), NAME, PASSWORD)
    assert page.status_code == 200
    assert f'action="{REDIRECT}"' in page.text
    assert 'name="code"' in page.text


def test_a_refresh_token_gives_tokens_for_other_scopes_too(
    flow: Flow, client: CallerAccount, api: ResourceApi, entra: EntraEmulator
) -> None:
    walk, secret = flow(), str(client.client_secret)
    entra.admin_consent(client.client_id, api)
    entra.tenant.consents.grant(client.client_id, GRAPH_APP_ID, ["User.Read"])
    first = walk.redeem(walk.code(NAME, PASSWORD), client_secret=secret).json()
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    form = {"grant_type": "refresh_token", "client_id": client.client_id, "client_secret": secret}
    again = walk.session.post(
        url, data={**form, "refresh_token": first["refresh_token"], "scope": "api://orders/.default"}
    ).json()
    assert jwt.decode(again["access_token"], options={"verify_signature": False})["scp"] == "Orders.Read Orders.Write"
    assert again["refresh_token"] != first["refresh_token"]
    graph = walk.session.post(url, data={**form, "refresh_token": again["refresh_token"], "scope": "User.Read"}).json()
    headers = {"Authorization": f"Bearer {graph['access_token']}"}
    assert walk.session.get(f"{entra.url}/v1.0/me", headers=headers).json()["userPrincipalName"] == NAME
    other = entra.add_caller("other")
    stolen = {**form, "client_id": other.client_id, "client_secret": other.client_secret}
    answer = walk.session.post(url, data={**stolen, "refresh_token": first["refresh_token"]})
    assert code_of(answer.json()) == 70000


@pytest.mark.parametrize(("event", "code"), [("revoke", 50173), ("disable", 50057), ("delete", 50057), ("age", 70008)])
def test_a_refresh_token_ends_with_its_user_or_its_time(
    flow: Flow, client: CallerAccount, entra: EntraEmulator, event: str, code: int
) -> None:
    walk, secret = flow(), str(client.client_secret)
    token = walk.redeem(walk.code(NAME, PASSWORD), client_secret=secret).json()["refresh_token"]
    entra.clock.advance(60)
    admin = graph_client(entra, "User.ReadWrite.All")
    if event == "revoke":
        admin("POST", f"/users/{NAME}/revokeSignInSessions")
    elif event == "disable":
        admin("PATCH", f"/users/{NAME}", {"accountEnabled": False})
    elif event == "delete":
        admin("DELETE", f"/users/{NAME}")
    else:
        entra.clock.advance(91 * 24 * 3600)
    form = {"grant_type": "refresh_token", "client_id": client.client_id, "client_secret": secret, "refresh_token": token}
    answer = walk.session.post(f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token", data=form)
    assert (code_of(answer.json()), answer.json()["error"]) == (code, "invalid_grant")


def test_a_device_polls_until_its_user_approves(flow: Flow, client: CallerAccount, entra: EntraEmulator) -> None:
    flow("publicClient", "http://localhost/cb")
    session, base = entra.session(), f"{entra.url}/{entra.tenant_id}/oauth2/v2.0"
    start = session.post(f"{base}/devicecode", data={"client_id": client.client_id, "scope": "api://orders/.default"}).json()
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": client.client_id}
    poll = {**form, "device_code": start["device_code"]}
    pending = session.post(f"{base}/token", data=poll).json()
    assert (pending["error"], code_of(pending)) == ("authorization_pending", 70016)
    entry = {"user_code": "WRONG", "username": NAME, "password": PASSWORD}
    assert "AADSTS70018" in session.post(start["verification_uri"], data=entry).text
    assert "Done" in session.post(start["verification_uri"], data={**entry, "user_code": start["user_code"]}).text
    assert session.post(f"{base}/token", data=poll).json()["token_type"] == "Bearer"
    assert code_of(session.post(f"{base}/token", data=poll).json()) == 70018


def test_a_device_code_can_be_declined_and_can_expire(flow: Flow, client: CallerAccount, entra: EntraEmulator) -> None:
    flow("publicClient", "http://localhost/cb")
    user = entra.directory.users.find("userPrincipalName", NAME)
    assert user is not None
    session, base = entra.session(), f"{entra.url}/{entra.tenant_id}/oauth2/v2.0"

    def begin() -> dict[str, str]:
        body = session.post(f"{base}/devicecode", data={"client_id": client.client_id, "scope": "api://orders/.default"}).json()
        return dict(body)

    def poll(start: dict[str, str]) -> str:
        form = {"grant_type": "device_code", "client_id": client.client_id, "device_code": start["device_code"]}
        return str(session.post(f"{base}/token", data=form).json()["error"])

    declined = begin()
    entra.sts.devices.decide(declined["user_code"], user, approve=False)
    assert poll(declined) == "access_denied"
    late = begin()
    entra.clock.advance(901)
    assert poll(late) == "expired_token"


def test_a_device_must_be_a_public_client(client: CallerAccount, entra: EntraEmulator) -> None:
    form = {"grant_type": "device_code", "client_id": client.client_id, "device_code": "x"}
    answer = entra.session().post(f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token", data=form)
    assert code_of(answer.json()) == 7000218
