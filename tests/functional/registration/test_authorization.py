"""Who may register and manage clients (RFC 7591 section 3, RFC 7592 section 2, RFC 6750)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.registration import tokens
from shared.registration.policy import Policy
from shared.registration.tokens import InitialAccess, Key, KeyRing
from tests.functional.registration.bridge import (
    API_KEY,
    BASE_URL,
    PORTAL,
    WEB,
    Bridge,
    assert_error,
    bearer,
    content,
    credential,
)

type Make = Callable[..., Bridge]
SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))
POLICIES = {"default": Policy(), "partners": Policy("partners", name_prefix="partner-"), "open": Policy("open")}
ENTRA_AUDIENCE = "api://bridge"


@pytest.mark.duty(38)
def test_no_credential_gets_a_challenge_without_an_error_code(bridge: Bridge) -> None:
    for method, client_id in (("POST", ""), ("GET", "x"), ("PUT", "x"), ("DELETE", "x")):
        response = bridge.call(method, client_id, WEB, authorization=None)
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="entra-dcr-bridge"'
    assert len(bridge.emulator.requests) == 0


@pytest.mark.duty(37, 79)
@pytest.mark.parametrize(
    "value",
    [
        "Bearer wrong",
        "bearer wrong",
        "Bearer",
        "SSWS wrong",
        "Basic d3Jvbmc6d3Jvbmc=",
        "wrong",
        "Bearer dcr1.k1.AAAA",
        "Bearer eyJ0eXAiOiJKV1QifQ.e30.x",
    ],
)
def test_a_bad_credential_gets_invalid_token_with_a_challenge(bridge: Bridge, value: str) -> None:
    for method, client_id in (("POST", ""), ("GET", "x"), ("PUT", "x"), ("DELETE", "x")):
        response = bridge.call(method, client_id, WEB, authorization=value)
        assert_error(response, 401, "invalid_token")
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.duty(42)
@pytest.mark.parametrize(
    "literal", ["SSWS x-0123456789", "Bearer not.a.token-of-ours", "Basic dXNlcjpwYXNz", "Custom a=b, c=d", "bare-value-1"]
)
def test_a_static_credential_is_any_literal_and_serves_every_method(make: Make, literal: str) -> None:
    bridge = make(static_credentials=(credential("portal", literal),))
    client = bridge.register(authorization=literal)
    client_id = client["client_id"]
    assert bridge.call("GET", client_id, authorization=literal).status == 200
    assert bridge.call("PUT", client_id, {**WEB, "client_id": client_id}, authorization=literal).status == 200
    assert bridge.call("POST", client_id, authorization=literal, rotate=True).status == 200
    assert bridge.call("DELETE", client_id, authorization=literal).status == 204


@pytest.mark.parametrize(
    "literal", ["Bearer portal-literal-1", "bearer portal-literal-1", "SSWS portal-literal-1", "Basic cDpsaXRlcmFsLTE="]
)
def test_the_scheme_of_a_static_credential_has_no_case_and_any_blanks_behind_it(make: Make, literal: str) -> None:
    """RFC 9110 section 11.1; what is configured may be a digest alone."""
    bridge = make(static_credentials=(credential("portal", literal),))
    scheme, value = literal.split()
    for written in (
        f"{scheme.lower()} {value}",
        f"{scheme.upper()} {value}",
        f"{scheme.capitalize()}  {value}",
        f"{scheme}\t{value} ",
    ):
        assert bridge.call("POST", body=WEB, authorization=written).status == 201
    for wrong in (f"{scheme}{value}", f"{scheme} {value.upper()}", f"{scheme} {value} x", value, f"x {scheme} {value}"):
        assert_error(bridge.call("POST", body=WEB, authorization=wrong), 401, "invalid_token")


@pytest.mark.parametrize("written", ["bearer {}", "BEARER  {}", "Bearer   {}", "bearer\t{}"])
def test_the_bearer_scheme_has_no_case_and_any_blanks_behind_it(bridge: Bridge, written: str) -> None:
    client = bridge.register()
    authorization = written.format(client["registration_access_token"])
    assert bridge.call("GET", client["client_id"], authorization=authorization).status == 200


def test_an_api_key_is_compared_as_it_stands(make: Make) -> None:
    bridge = make(static_credentials=(credential("kong", "key With-case-1", header="x-api-key"),))
    for written, status in (("key With-case-1", 201), ("KEY With-case-1", 401), ("key  With-case-1", 401)):
        assert bridge.call("POST", body=WEB, authorization=None, headers={"x-api-key": written}).status == status


@pytest.mark.duty(44)
def test_several_keys_of_one_caller_are_good_at_once(make: Make) -> None:
    bridge = make(
        static_credentials=(
            credential("kong", "old-key-12345", header="x-api-key"),
            credential("kong", "new-key-12345", header="x-api-key"),
        )
    )
    client = bridge.register(authorization=None, headers={"x-api-key": "old-key-12345"})
    read = bridge.call("GET", client["client_id"], authorization=None, headers={"x-api-key": "new-key-12345"})
    assert read.status == 200


@pytest.mark.duty(44)
def test_an_api_key_is_not_good_in_another_header(bridge: Bridge) -> None:
    assert bridge.call("POST", body=WEB, authorization=None, headers={"x-api-key": API_KEY}).status == 201
    assert_error(bridge.call("POST", body=WEB, authorization=API_KEY), 401, "invalid_token")
    assert_error(bridge.call("POST", body=WEB, authorization=None, headers={"x-api-key": PORTAL}), 401, "invalid_token")


@pytest.mark.duty(40)
def test_a_token_in_the_query_string_is_refused(bridge: Bridge) -> None:
    client = bridge.register()
    token = client["registration_access_token"]
    response = bridge.call("GET", client["client_id"], authorization=None, query={"access_token": token})
    assert_error(response, 400, "invalid_request", "query string")
    assert token not in response.body.decode()
    assert_error(bridge.call("POST", body=WEB, query={"access_token": "x"}), 400, "invalid_request")


@pytest.mark.duty(40)
def test_more_than_one_credential_is_refused(bridge: Bridge) -> None:
    assert_error(bridge.call("POST", body=WEB, headers={"x-api-key": API_KEY}), 400, "invalid_request", "more than one")
    assert_error(bridge.call("POST", body=WEB, authorization="Bearer a, Bearer b"), 400, "invalid_request", "more than one")


# Initial access tokens


def initial_token(bridge: Bridge, **changes: Any) -> str:
    expires = bridge.clock.now() + timedelta(days=1)
    access = InitialAccess(**{"id": "j1", "name": "partner", "policy": "partners", "expires": expires, **changes})
    return "Bearer " + tokens.mint_initial_token(access, BASE_URL, SIGNING, bridge.clock.now())


@pytest.fixture
def with_initial(make: Make) -> Bridge:
    return make(initial_token_keys=SIGNING, policies=POLICIES)


@pytest.mark.duty(35, 41)
def test_an_initial_access_token_registers_under_its_policy(with_initial: Bridge) -> None:
    client = with_initial.register(authorization=initial_token(with_initial))
    assert client["client_name"] == "partner-Orders portal"
    read = with_initial.call("GET", client["client_id"], authorization=bearer(client))
    assert content(read)["client_secret"] == client["client_secret"]


@pytest.mark.duty(37)
def test_an_initial_access_token_that_is_over_is_invalid(with_initial: Bridge) -> None:
    token = initial_token(with_initial)
    with_initial.emulator.clock.advance(86_400)
    assert_error(with_initial.call("POST", body=WEB, authorization=token), 401, "invalid_token")


@pytest.mark.duty(37)
def test_an_initial_access_token_of_a_policy_that_is_gone_is_invalid(with_initial: Bridge) -> None:
    token = initial_token(with_initial, policy="gone")
    assert_error(with_initial.call("POST", body=WEB, authorization=token), 401, "invalid_token")


@pytest.mark.duty(39)
def test_an_initial_access_token_manages_no_client(with_initial: Bridge) -> None:
    token = initial_token(with_initial)
    client = with_initial.register(authorization=token)
    for method in ("GET", "PUT", "DELETE"):
        response = with_initial.call(method, client["client_id"], WEB, authorization=token)
        assert_error(response, 403, "insufficient_scope")
        assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]


@pytest.mark.usefixtures("calm")
def test_an_initial_access_token_registers_as_many_clients_as_it_says(with_initial: Bridge) -> None:
    token = initial_token(with_initial, most_clients=2)
    with_initial.register(authorization=token)
    with_initial.register(authorization=token)
    assert_error(with_initial.call("POST", body=WEB, authorization=token), 403, "access_denied")
    other = initial_token(with_initial, most_clients=2, id="j2")
    with_initial.register(authorization=other)


@pytest.mark.usefixtures("calm")
def test_a_deleted_client_of_an_initial_access_token_is_purged(with_initial: Bridge) -> None:
    client = with_initial.register(authorization=initial_token(with_initial))
    assert with_initial.call("DELETE", client["client_id"], authorization=bearer(client)).status == 204
    assert len(with_initial.emulator.directory.applications.deleted) == 0


# Entra's access tokens


@pytest.fixture
def with_entra(make: Make) -> Bridge:
    roles = {"Clients.Partners": "partners", "Clients.Register": "default"}
    bridge = make(entra_audience=ENTRA_AUDIENCE, entra_roles=roles, policies=POLICIES)
    bridge.entra_tokens.tokens = {
        "t-one": (ENTRA_AUDIENCE, {"azp": "app-1", "roles": ["Clients.Register", "Other"]}),
        "t-v1": (ENTRA_AUDIENCE, {"appid": "app-1", "roles": ["Clients.Register"]}),
        "t-two": (ENTRA_AUDIENCE, {"azp": "app-2", "roles": ["Clients.Register", "Clients.Partners"]}),
        "t-none": (ENTRA_AUDIENCE, {"azp": "app-3", "roles": []}),
        "t-user": (ENTRA_AUDIENCE, {"azp": "app-3", "scp": "user_impersonation"}),
        "t-text": (ENTRA_AUDIENCE, {"azp": "app-3", "roles": "Clients.Register"}),
        "t-nobody": (ENTRA_AUDIENCE, {"roles": ["Clients.Register"]}),
        "t-graph": ("https://graph.microsoft.com", {"azp": "app-1", "roles": ["Clients.Register"]}),
    }
    return bridge


@pytest.mark.duty(43)
def test_an_entra_token_with_the_app_role_registers_and_manages(with_entra: Bridge) -> None:
    client = with_entra.register(authorization="Bearer t-one")
    client_id = client["client_id"]
    assert with_entra.call("GET", client_id, authorization="Bearer t-v1").status == 200
    assert with_entra.call("DELETE", client_id, authorization="bearer t-one").status == 204


@pytest.mark.duty(41, 43)
def test_the_first_role_of_the_settings_decides_the_policy(with_entra: Bridge) -> None:
    assert with_entra.register(authorization="Bearer t-two")["client_name"] == "partner-Orders portal"


@pytest.mark.duty(39)
@pytest.mark.parametrize("token", ["t-none", "t-user", "t-text", "t-nobody"])
def test_an_entra_token_without_the_app_role_has_insufficient_scope(with_entra: Bridge, token: str) -> None:
    assert_error(with_entra.call("POST", body=WEB, authorization=f"Bearer {token}"), 403, "insufficient_scope")


@pytest.mark.duty(37)
def test_an_entra_token_for_another_audience_is_invalid(with_entra: Bridge) -> None:
    assert_error(with_entra.call("POST", body=WEB, authorization="Bearer t-graph"), 401, "invalid_token")


def test_entra_tokens_are_not_looked_at_where_no_audience_is_set(make: Make) -> None:
    bridge = make()
    bridge.entra_tokens.tokens = {"t": ("", {"azp": "a", "roles": ["r"]})}
    assert_error(bridge.call("POST", body=WEB, authorization="Bearer t"), 401, "invalid_token")
