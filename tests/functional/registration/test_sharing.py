"""Equal public clients share one application: registering one again costs nothing, and none of them manages it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.registration.policy import OPEN_POLICY, USUAL_POLICIES, Policy
from tests.emulator.browser import AuthorizationRequest
from tests.functional.registration.bridge import PORTAL, Bridge, assert_error

type Json = dict[str, Any]
type Make = Callable[..., Bridge]

BODY: Json = {
    "client_name": "Orders agent",
    "redirect_uris": ["http://localhost:54212/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}
OPERATOR = replace(Policy("operator"), manages_all=True)


def sharing(mode: str, **members: Any) -> dict[str, Policy]:
    members["share_public_clients"] = mode
    return {**USUAL_POLICIES, "open": replace(OPEN_POLICY, **members), "default": OPERATOR}


@pytest.fixture
def bridge(make: Make) -> Bridge:
    return make(open_policy="open", policies=sharing("localhost"))


def register(bridge: Bridge, **members: Any) -> Json:
    return bridge.register({**BODY, **members}, authorization=None)


def calls(bridge: Bridge) -> list[str]:
    """The calls to Graph, as methods and the resource's name."""
    return [f"{call.method} {call.path}" for call in bridge.emulator.requests if "/v1.0/" in call.path]


def applications(bridge: Bridge) -> int:
    """How many applications of the bridge's there are."""
    live = bridge.emulator.tenant.directory.applications.live.values()
    return sum(bridge.configuration.bridge_tag in record.state.get("tags", ()) for record in live)


# What is equal


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"redirect_uris": ["http://localhost:1/callback"]},
        {"redirect_uris": ["http://localhost/callback"]},
        {"redirect_uris": ["http://LOCALHOST:9/callback"]},
        {"grant_types": ["refresh_token", "authorization_code"]},
        {"software_version": None, "scope": ""},
        {"token_endpoint_auth_method": "client_secret_post", "application_type": "native"},
    ],
    ids=lambda again: ",".join(again) or "same",
)
def test_equal_clients_are_one_application(bridge: Bridge, again: Json) -> None:
    first = register(bridge, application_type="native")
    bridge.restart()
    second = register(bridge, **{"application_type": "native", **again})
    assert second["client_id"] == first["client_id"]
    assert second["redirect_uris"] == again.get("redirect_uris", BODY["redirect_uris"])
    assert {**second, "redirect_uris": 0, "grant_types": 0} == {**first, "redirect_uris": 0, "grant_types": 0}
    assert applications(bridge) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"redirect_uris": ["http://127.0.0.1:54212/callback"]},
        {"redirect_uris": ["http://localhost:54212/callback2"]},
        {"redirect_uris": ["https://localhost:54212/callback"]},
        {"redirect_uris": ["http://localhost:54212/callback", "https://evil.example/callback"]},
        {"client_name": "Orders agent 2"},
        {"client_name#de": "Auftragsagent"},
        {"software_id": "1"},
        {"grant_types": ["authorization_code"]},
    ],
    ids=lambda other: ",".join(map(str, next(iter(other.items())))),
)
def test_clients_that_differ_are_different_ones(bridge: Bridge, other: Json) -> None:
    assert register(bridge)["client_id"] != register(bridge, **other)["client_id"]


def test_names_in_several_languages_are_equal_in_any_order(bridge: Bridge) -> None:
    names = {"client_name#de": "Bestellungen", "client_name#fr": "Commandes", "client_name#ja": "\u6ce8\u6587"}
    first = register(bridge, **names)
    assert register(bridge, **dict(reversed(names.items())))["client_id"] == first["client_id"]
    assert applications(bridge) == 1


def test_a_software_id_alone_makes_nobody_equal(bridge: Bridge) -> None:
    """Nobody proves to be a piece of software: another one's redirect URIs must not come to a client that people trust."""
    first = register(bridge, software_id="mcp-cli", software_version="1")
    other = register(bridge, software_id="mcp-cli", software_version="1", redirect_uris=["https://evil.example/callback"])
    assert other["client_id"] != first["client_id"]
    assert bridge.application(first["client_id"])["publicClient"]["redirectUris"] == ["http://localhost/callback"]


@pytest.mark.parametrize(("mode", "equal"), [("localhost", False), ("loopback", True)])
def test_the_port_of_127_0_0_1_is_left_out_where_the_policy_says_so(make: Make, mode: str, equal: bool) -> None:
    bridge = make(open_policy="open", policies=sharing(mode))
    one, two = (register(bridge, redirect_uris=[f"http://127.0.0.1:{port}/cb"])["client_id"] for port in (1, 2))
    assert (one == two) is equal


def test_the_ports_of_https_and_of_browser_applications_count(bridge: Bridge) -> None:
    for form in ("https://app.example.com:{}/cb", "http://localhost:{}/cb"):
        uris = [["https://app.example.com/x", form.format(port)] for port in (3000, 3001)]
        one, two = (register(bridge, redirect_uris=two, application_type="browser")["client_id"] for two in uris)
        assert one != two


def test_a_policy_that_shares_nothing_makes_a_client_for_each(make: Make) -> None:
    bridge = make(open_policy="open", policies=sharing("never"))
    first, second = register(bridge), register(bridge)
    assert first["client_id"] != second["client_id"]
    assert "registration_access_token" in first


def test_callers_and_policies_share_nothing_with_each_other(make: Make) -> None:
    shares = replace(Policy(), share_public_clients="localhost")
    bridge = make(open_policy="open", policies={**sharing("localhost"), "default": shares})
    mine = bridge.register(BODY, authorization=PORTAL)
    assert bridge.register(BODY, authorization=PORTAL)["client_id"] == mine["client_id"]
    assert register(bridge)["client_id"] != mine["client_id"]
    assert "client_secret" in bridge.register({"client_name": "x", "grant_types": ["client_credentials"]}, authorization=PORTAL)


def test_loopback_redirects_alone_without_a_method_make_a_public_client_where_clients_are_shared(make: Make) -> None:
    """Such a client keeps no secret from one start to the next, and would register for ever."""
    shares = replace(Policy(), share_public_clients="localhost")
    bridge = make(policies={**USUAL_POLICIES, "default": shares})
    told = bridge.register({"redirect_uris": ["http://localhost:1234/cb"]}, authorization=PORTAL)
    assert told["token_endpoint_auth_method"] == "none"
    assert "client_secret" in bridge.register({"redirect_uris": ["https://a.example/cb"]}, authorization=PORTAL)


# What it costs


@pytest.mark.usefixtures("calm")
def test_a_repetition_costs_no_call_and_in_another_worker_one_read(bridge: Bridge) -> None:
    register(bridge)
    bridge.emulator.clock.advance(3600)
    bridge.restart()
    before = len(calls(bridge))
    register(bridge)
    (read,) = calls(bridge)[before:]
    assert read.startswith("GET ")
    for port in range(20):
        register(bridge, redirect_uris=[f"http://localhost:{port + 1}/callback"])
    assert len(calls(bridge)) == before + 1


def test_two_hundred_registrations_of_five_shapes_are_five_applications_beside_replicas_that_lag(bridge: Bridge) -> None:
    for number in range(200):
        if number % 40 == 39:
            bridge.restart()
        register(bridge, client_name=f"Shape {number % 5}", redirect_uris=[f"http://localhost:{number + 1}/callback"])
    assert applications(bridge) == 5


# What it can do


def test_both_instances_sign_in_each_at_its_own_port(bridge: Bridge) -> None:
    bridge.emulator.add_user("ada@example.com", "correct horse")
    api = bridge.emulator.add_resource_api("Tools", "api://tools", scopes=("Tools.Read",))
    for port in (1111, 2222):
        uri = f"http://localhost:{port}/callback"
        client = register(bridge, redirect_uris=[uri])
        bridge.emulator.consistency.settle()
        session = bridge.emulator.session()
        walk = AuthorizationRequest(bridge.emulator, client["client_id"], uri, "api://tools/Tools.Read", session)
        assert "access_token" in walk.redeem(walk.code("ada@example.com", "correct horse")).json(), api


def test_nobody_manages_it_but_an_operator_who_manages_all(make: Make) -> None:
    shares = replace(Policy(), share_public_clients="localhost")
    bridge = make(policies={**USUAL_POLICIES, "default": shares})
    client = bridge.register(BODY)
    assert not {"registration_access_token", "registration_client_uri", "client_secret"} & client.keys()
    client_id = client["client_id"]
    for method in ("GET", "PUT", "DELETE"):
        assert_error(bridge.call(method, client_id, BODY, authorization=PORTAL), 403, "insufficient_scope", "shared")
    assert_error(bridge.call("POST", client_id, authorization=PORTAL, rotate=True), 403, "insufficient_scope", "shared")
    bridge.reconfigure(policies={**USUAL_POLICIES, "default": replace(shares, manages_all=True)})
    assert bridge.call("GET", client_id, authorization=PORTAL).status == 200
    assert_error(bridge.call("PUT", client_id, BODY, authorization=PORTAL), 403, "insufficient_scope", "shared")
    assert bridge.call("DELETE", client_id, authorization=PORTAL).status == 204


def test_after_an_operators_deletion_an_equal_registration_is_a_new_client(bridge: Bridge) -> None:
    first = register(bridge)
    bridge.emulator.consistency.settle()
    assert bridge.call("DELETE", first["client_id"], authorization=PORTAL).status == 204
    assert register(bridge)["client_id"] != first["client_id"]


def test_approval_of_one_serves_all(make: Make) -> None:
    bridge = make(open_policy="open", policies=sharing("localhost", requires_approval=True))
    client = register(bridge)
    assert client["approval"] == "pending"
    bridge.directory.update_service_principal(client["client_id"], {"accountEnabled": True}, bridge.deadline())
    bridge.emulator.consistency.settle()
    bridge.emulator.clock.advance(61)
    again = register(bridge, redirect_uris=["http://localhost:9/callback"])
    assert (again["client_id"], again["approval"]) == (client["client_id"], "granted")


# Limits


@pytest.mark.usefixtures("calm")
def test_equal_clients_count_once(make: Make) -> None:
    bridge = make(open_policy="open", policies=sharing("localhost", most_clients=2, registrations_per_minute=None))
    for _ in range(5):
        register(bridge)
    register(bridge, client_name="Second")
    assert_error(bridge.call("POST", body={**BODY, "client_name": "Third"}, authorization=None), 403, "access_denied")
    register(bridge, redirect_uris=["http://localhost:7/callback"])


def test_an_application_of_somebody_else_under_the_name_is_never_given_away(bridge: Bridge) -> None:
    first = register(bridge)
    tags = [tag for tag in bridge.application(first["client_id"])["tags"] if not tag.startswith("dcr:caller")]
    bridge.directory.update_application(first["client_id"], {"tags": [*tags, "dcr:caller=anypoint"]}, bridge.deadline())
    bridge.emulator.consistency.settle()
    bridge.restart()
    assert_error(bridge.call("POST", body=BODY, authorization=None), 409, "conflict")


@pytest.mark.parametrize(("age", "mended"), [(60, True), (800, True), (901, False)])
def test_a_young_application_that_is_not_whole_is_made_so_by_the_next_equal_one(bridge: Bridge, age: float, mended: bool) -> None:
    """An older one is the audit's."""
    client_id = register(bridge)["client_id"]
    bridge.emulator.consistency.calm()
    bridge.emulator.consistency.settle()
    principal = bridge.emulator.directory.service_principal_of(client_id)
    assert principal is not None
    bridge.emulator.directory.service_principals.soft_delete(principal)
    bridge.emulator.clock.advance(age)
    bridge.restart()
    assert register(bridge)["client_id"] == client_id
    assert (bridge.emulator.directory.service_principal_of(client_id) is not None) is mended
