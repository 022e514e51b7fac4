"""A real browser walks the emulator's sign-in. Not part of the ordinary tests: run.sh runs it."""

from collections.abc import Iterator

import jwt
import pytest

from emulator.server import CallerAccount, EntraEmulator, ResourceApi
from tests.clients.browser.code_flow import CodeFlow
from tests.clients.browser.redirect_listener import RedirectListener
from tests.clients.browser.webdriver import Browser, browser

NAME, PASSWORD = "ada@example.com", "correct horse"


@pytest.fixture
def page() -> Iterator[Browser]:
    """A fresh browser."""
    with browser() as one:
        yield one


@pytest.fixture
def listener() -> Iterator[RedirectListener]:
    """The client's redirect URI."""
    with RedirectListener() as one:
        yield one


@pytest.fixture
def entra() -> Iterator[EntraEmulator]:
    """An emulator with one user."""
    with EntraEmulator(lag=(0, 0)) as emulator:
        emulator.add_user(NAME, PASSWORD, displayName="Ada Example")
        yield emulator


@pytest.fixture
def api(entra: EntraEmulator) -> ResourceApi:
    """What the client asks access to."""
    return entra.add_resource_api("Orders API", "api://orders", scopes=("Orders.Read",))


def registered(entra: EntraEmulator, platform: str, uri: str) -> CallerAccount:
    """A client with one redirect URI."""
    account = entra.add_caller("Orders portal", secret=platform == "web")
    record = entra.directory.applications.live[account.object_id]
    entra.directory.write_application(record, {platform: {"redirectUris": [uri]}})
    return account


def flow_for(entra: EntraEmulator, account: CallerAccount, listener: RedirectListener) -> CodeFlow:
    """The walk of that client."""
    authority = f"{entra.url}/{entra.tenant_id}"
    return CodeFlow(authority, entra.ca_file, account.client_id, "openid api://orders/Orders.Read", listener)


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_user_signs_in_and_a_confidential_client_gets_a_token(
    entra: EntraEmulator, api: ResourceApi, listener: RedirectListener, page: Browser, mode: str
) -> None:
    account = registered(entra, "web", listener.url)
    flow = flow_for(entra, account, listener)
    back = flow.sign_in(page, NAME, PASSWORD, response_mode=mode)
    assert back["state"] == flow.state
    page.wait_for(lambda: page.title == "Back at the client")
    tokens = flow.redeem(back["code"], account.client_secret)
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["azp"], claims["scp"]) == (api.app_id, account.client_id, "Orders.Read")


@pytest.mark.usefixtures("api")
def test_a_single_page_application_redeems_its_code_across_origins(
    entra: EntraEmulator, listener: RedirectListener, page: Browser
) -> None:
    flow = flow_for(entra, registered(entra, "spa", listener.url), listener)
    back = flow.sign_in(page, NAME, PASSWORD)
    page.wait_for(lambda: page.title == "Back at the client")
    tokens = flow.redeem_in_page(page, back["code"])
    assert tokens["token_type"] == "Bearer", tokens


@pytest.mark.usefixtures("api")
def test_a_wrong_password_is_said_on_the_page_and_a_session_spares_the_next_sign_in(
    entra: EntraEmulator, listener: RedirectListener, page: Browser
) -> None:
    flow = flow_for(entra, registered(entra, "web", listener.url), listener)
    page.open(flow.address())
    page.fill("input[name=username]", NAME)
    page.fill("input[name=password]", "wrong")
    page.click("#sign-in")
    page.wait_for(lambda: "login" in page.address)
    assert "AADSTS50126" in page.text("#error")
    flow.sign_in(page, NAME, PASSWORD)
    page.open(flow.address(prompt="none"))
    page.wait_for(lambda: len(listener.received) == 2)
    assert "code" in listener.received[1]


@pytest.mark.usefixtures("api")
def test_a_redirect_uri_that_is_not_registered_is_never_visited(
    entra: EntraEmulator, listener: RedirectListener, page: Browser
) -> None:
    flow = flow_for(entra, registered(entra, "web", "https://elsewhere.example/cb"), listener)
    page.open(flow.address())
    assert "AADSTS50011" in page.text("#message")
    assert listener.received == []
