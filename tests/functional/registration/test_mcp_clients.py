"""MCP clients with the policies that are there from the start: registered as they ask, signed in as each redeems its codes."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.server import EntraEmulator, ResourceApi
from shared.introspection.configuration import Caller, IntrospectionConfiguration, TrustedTenant
from shared.introspection.endpoint import Introspection
from shared.registration.configuration import ResourceApi as Api
from shared.registration.policy import DEVICE_CODE, Policy
from tests.emulator.browser import AuthorizationRequest
from tests.functional.registration.bridge import PORTAL, UNSHARED, Bridge, assert_error, bearer, content
from tests.unit.introspection.deployment import introspect_request, secret_caller

pytestmark = pytest.mark.usefixtures("calm")

CLIENTS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "wire" / "mcp_clients.json").read_text("utf-8"))
NAME, PASSWORD = "ada@example.com", "correct horse"
SCOPE = "api://tools/Tools.Read"

type Json = dict[str, Any]
type Make = Callable[..., Bridge]
each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client["name"])


@pytest.fixture
def api(emulator: EntraEmulator) -> ResourceApi:
    emulator.add_user(NAME, PASSWORD)
    emulator.clock.advance(5)
    return emulator.add_resource_api("Tools", "api://tools", scopes=("Tools.Read",))


def redirect_of(client: Json) -> str:
    """The redirect URI to which the client leads its user."""
    schemes = {"loopback": ("http",), "server": ("https",)}.get(client["redeems"], ("cursor",))
    uris: list[str] = client["body"]["redirect_uris"]
    return next(uri for uri in uris if urlsplit(uri).scheme in schemes)


def sign_in(bridge: Bridge, registered: Json, redirect: str, headers: dict[str, str] | None = None, resource: str = "") -> Json:
    """The token service's answer to the code that a user's sign-in gave."""
    emulator = bridge.emulator
    scope = f"openid offline_access {SCOPE}"
    walk = AuthorizationRequest(emulator, registered["client_id"], redirect, scope, emulator.session())
    secret = {"client_secret": registered["client_secret"]} if "client_secret" in registered else {}
    answer: Json = walk.redeem(walk.code(NAME, PASSWORD, resource=resource), headers, resource=resource, **secret).json()
    return answer


def refresh(bridge: Bridge, registered: Json, token: str) -> Json:
    """The answer to a refresh as MCP clients send it: with the resource and without a scope."""
    url = f"{bridge.emulator.url}/{bridge.emulator.tenant_id}/oauth2/v2.0/token"
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": registered["client_id"],
        "resource": "api://tools",
    }
    answer: Json = bridge.emulator.session().post(url, data=form).json()
    return answer


def introspected(bridge: Bridge, api: ResourceApi, token: str) -> Json:
    """The answer of introspection about a token for the API."""
    session = bridge.emulator.session()
    configuration = IntrospectionConfiguration(
        tenants=(TrustedTenant(bridge.emulator.tenant_id, bridge.emulator.url),),
        callers=(secret_caller(Caller("gateway", frozenset({api.app_id, "api://tools"}))),),
    )
    introspection = Introspection(configuration, lambda url, host: session.get(url).json())
    answer = asyncio.run(introspection.handle_async(introspect_request(token), bridge.clock.now().timestamp()))
    return content(answer)


@each_client
def test_open_registration_takes_each_client_gives_no_secret_and_its_sign_in_works(
    make: Make, api: ResourceApi, client: Json
) -> None:
    bridge = make(open_policy="open", resource_apis=(Api(api.app_id, "api://tools/"),))
    registered = bridge.register(client["body"], authorization=None)
    assert registered["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in registered
    assert set(registered["redirect_uris"]) == set(client["body"]["redirect_uris"])
    assert registered["grant_types"] in (["authorization_code", "refresh_token"], ["authorization_code"])
    tokens = sign_in(bridge, registered, redirect_of(client), resource="api://tools")
    assert "access_token" in tokens, tokens
    refreshed = refresh(bridge, registered, tokens["refresh_token"])
    assert "access_token" in refreshed, refreshed
    for token in (tokens, refreshed):
        answer = introspected(bridge, api, token["access_token"])
        assert (answer["active"], answer["client_id"], answer["scope"]) == (True, registered["client_id"], "Tools.Read")


@each_client
def test_a_client_that_names_its_scope_has_it_declared(make: Make, api: ResourceApi, client: Json) -> None:
    """The SDKs register the scope that a server's challenge names. Whatever else they ask for is dropped."""
    bridge = make(open_policy="open", resource_apis=(Api(api.app_id, "api://tools/"),))
    asked = f"{SCOPE} offline_access https://other.example/tools.read"
    registered = bridge.register({**client["body"], "scope": asked}, authorization=None)
    assert registered["scope"] == f"{SCOPE} offline_access"
    (declared,) = bridge.application(registered["client_id"])["requiredResourceAccess"]
    assert (declared["resourceAppId"], len(declared["resourceAccess"])) == (api.app_id, 1)


@each_client
def test_a_client_that_sends_back_its_registration_stays_what_it_is(make: Make, api: ResourceApi, client: Json) -> None:
    bridge = make(open_policy="open", policies=UNSHARED)
    registered = bridge.register(client["body"], authorization=None)
    told = {name: value for name, value in registered.items() if name not in ("client_id_issued_at", "client_secret_expires_at")}
    told = {name: value for name, value in told.items() if not name.startswith("registration_")}
    before = bridge.application(registered["client_id"])
    updated = bridge.call("PUT", registered["client_id"], told, authorization=bearer(registered))
    assert updated.status == 200, updated.body
    after = bridge.application(registered["client_id"])
    assert all(before[platform] == after[platform] for platform in ("web", "spa", "publicClient"))
    assert "access_token" in sign_in(bridge, registered, redirect_of(client))


@each_client
def test_a_caller_with_a_credential_may_register_each_client(bridge: Bridge, api: ResourceApi, client: Json) -> None:
    """Under the policy `default`: with a secret where one is asked for, or nothing is said."""
    registered = bridge.register(client["body"], authorization=PORTAL)
    method = client["body"].get("token_endpoint_auth_method", "client_secret_basic")
    assert registered["token_endpoint_auth_method"] == method
    assert ("client_secret" in registered) is (method != "none")
    assert registered.get("client_uri") == client["body"].get("client_uri")
    assert "access_token" in sign_in(bridge, registered, redirect_of(client))


def test_a_grant_that_is_not_offered_is_left_out(make: Make) -> None:
    bridge = make(open_policy="open")
    vscode = next(client for client in CLIENTS if client["name"] == "vscode")["body"]
    asked = {**vscode, "grant_types": [*vscode["grant_types"], DEVICE_CODE, "client_credentials"]}
    registered = bridge.register(asked, authorization=None)
    assert registered["grant_types"] == ["authorization_code", "refresh_token"]


def test_a_client_that_can_only_use_a_credential_is_told_so(make: Make) -> None:
    bridge = make(open_policy="open")
    for body in (
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"},
    ):
        assert_error(bridge.call("POST", body=body, authorization=None), 400, "invalid_client_metadata", "client_credentials")


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post", "private_key_jwt", "none"])
@pytest.mark.parametrize("uri", ["https://app.example.com/cb", "http://localhost:1/cb", "com.example.app:/cb", "cursor://x/cb"])
def test_whoever_is_anonymous_gets_no_credential_whatever_is_asked(make: Make, method: str | None, uri: str) -> None:
    bridge = make(open_policy="open", policies=UNSHARED)
    asked = {"redirect_uris": [uri], **({"token_endpoint_auth_method": method} if method else {})}
    registered = bridge.register(asked, authorization=None)
    assert registered["token_endpoint_auth_method"] == "none"
    application = bridge.application(registered["client_id"])
    assert (application["passwordCredentials"], application["keyCredentials"]) == ([], [])
    in_browser = uri.startswith("https") and method == "none"
    assert application["spa" if in_browser else "publicClient"]["redirectUris"] == [uri]


def test_a_browser_application_and_its_development_server_are_one_single_page_application(make: Make, api: ResourceApi) -> None:
    """Entra refuses a code of a publicClient URI that comes across origins (AADSTS9002326)."""
    bridge = make(open_policy="open")
    uris = ["https://app.example.com/cb", "http://localhost:3000/cb"]
    registered = bridge.register({"redirect_uris": uris, "token_endpoint_auth_method": "none"}, authorization=None)
    application = bridge.application(registered["client_id"])
    assert (application["spa"]["redirectUris"], application["publicClient"]["redirectUris"]) == (uris, [])
    for uri, origin in zip(uris, ("https://app.example.com", "http://localhost:3000"), strict=True):
        assert "access_token" in sign_in(bridge, registered, uri, {"Origin": origin})


@pytest.mark.parametrize(("public_https", "platform"), [("by_host", "publicClient"), ("native", "publicClient"), ("spa", "spa")])
def test_a_policy_says_where_https_callbacks_of_public_clients_live(make: Make, public_https: Any, platform: str) -> None:
    policies = {"default": Policy(), "open": replace(Policy("open"), public_https=public_https)}
    bridge = make(open_policy="open", policies=policies)
    asked = {"redirect_uris": ["https://chatgpt.com/connector/oauth/x"], "token_endpoint_auth_method": "none"}
    registered = bridge.register(asked, authorization=None)
    assert bridge.application(registered["client_id"])[platform]["redirectUris"] == asked["redirect_uris"]


def test_open_registration_takes_many_redirect_uris(make: Make) -> None:
    bridge = make(open_policy="open")
    uris = [f"http://localhost/callback/{number}" for number in range(40)]
    assert bridge.register({"redirect_uris": uris}, authorization=None)["redirect_uris"] == uris


def test_open_registration_leaves_scopes_out_that_it_does_not_know(make: Make) -> None:
    bridge = make(open_policy="open")
    asked = {"redirect_uris": ["http://localhost/cb"], "scope": "https://mcp.example.com/mcp/tools.read offline_access"}
    assert bridge.register(asked, authorization=None)["scope"] == "offline_access"
