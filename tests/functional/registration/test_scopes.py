"""Scopes: permissions of configured APIs, declared on the application."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.server import EntraEmulator, ResourceApi
from shared.registration import configuration
from shared.registration.policy import DEVICE_CODE, JWT_BEARER, Policy
from shared.registration.scopes import ScopeCatalogue, read_permissions
from tests.functional.registration.bridge import WEB, Bridge, Json, assert_error, bearer, content
from tests.unit.registration.objects import registered

type Make = Callable[..., Bridge]
SERVICE = {"client_name": "svc", "grant_types": ["client_credentials"]}


@pytest.fixture
def orders(emulator: EntraEmulator) -> ResourceApi:
    return emulator.add_resource_api("Orders", "api://orders", scopes=["read", "write"], app_roles=["Orders.All", "read"])


@pytest.fixture
def make_with(make: Make, orders: ResourceApi) -> Make:
    """A bridge that knows the API, with further changes."""

    def build(*, app_roles: bool = True, **changes: Any) -> Bridge:
        api = configuration.ResourceApi(orders.app_id, "api://orders/", app_roles)
        return make(resource_apis=(api,), **changes)

    return build


def declared(bridge: Bridge, client: Json) -> list[tuple[str, str]]:
    """The permissions declared on a client, as (resource, type)."""
    entries = bridge.application(client["client_id"])["requiredResourceAccess"]
    return [(entry["resourceAppId"], access["type"]) for entry in entries for access in entry["resourceAccess"]]


@pytest.mark.duty(21)
def test_scopes_of_a_configured_api_are_declared_by_their_ids(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()
    scope = "openid profile email api://orders/read api://orders/write offline_access"
    client = bridge.register({**WEB, "scope": scope})
    assert client["scope"] == scope
    assert declared(bridge, client) == [(orders.app_id, "Scope"), (orders.app_id, "Scope")]
    principal = bridge.directory.read_service_principal(orders.app_id, bridge.deadline())
    assert principal is not None
    ids = {entry["value"]: entry["id"] for entry in principal["oauth2PermissionScopes"]}
    (entry,) = bridge.application(client["client_id"])["requiredResourceAccess"]
    assert [access["id"] for access in entry["resourceAccess"]] == [ids["read"], ids["write"]]
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert read["scope"] == scope


@pytest.mark.duty(21)
def test_app_roles_are_declared_for_services(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()
    client = bridge.register({**SERVICE, "scope": "api://orders/Orders.All api://orders/.default"})
    assert client["scope"] == "api://orders/Orders.All api://orders/.default"
    assert declared(bridge, client) == [(orders.app_id, "Role")]


def test_a_name_that_is_scope_and_role_is_declared_as_the_grants_need_it(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()
    both = {**WEB, "grant_types": ["authorization_code", "client_credentials"], "scope": "api://orders/read"}
    assert declared(bridge, bridge.register({**both, "scope": "api://orders/write"})) == [(orders.app_id, "Scope")]
    assert declared(bridge, bridge.register(both)) == [(orders.app_id, "Scope"), (orders.app_id, "Role")]
    assert declared(bridge, bridge.register({**SERVICE, "scope": "api://orders/read"})) == [(orders.app_id, "Role")]
    assert declared(bridge, bridge.register({**WEB, "scope": "api://orders/read"})) == [(orders.app_id, "Scope")]


def test_a_portals_own_names_stand_for_scopes(make_with: Make, orders: ResourceApi) -> None:
    names = {"product_orders": "api://orders/read api://orders/write", "free_plan": ""}
    bridge = make_with(policies={"default": Policy(scope_names=names)})
    client = bridge.register({**WEB, "scope": "openid product_orders free_plan"})
    assert client["scope"] == "openid api://orders/read api://orders/write"
    assert declared(bridge, client) == [(orders.app_id, "Scope")] * 2
    response = bridge.call("POST", body={**WEB, "scope": "gold_plan"})
    assert_error(response, 400, "invalid_client_metadata", "scope has gold_plan")


def test_a_name_does_not_reach_past_the_allowed_scopes(make_with: Make) -> None:
    policy = Policy(scope_names={"product_orders": "api://orders/write"}, scopes=frozenset({"api://orders/read"}))
    response = make_with(policies={"default": policy}).call("POST", body={**WEB, "scope": "product_orders"})
    assert_error(response, 400, "invalid_client_metadata", "scope has api://orders/write")


@pytest.mark.duty(21)
@pytest.mark.parametrize("scope", ["api://orders/delete", "api://other/read", "read", "User.Read", "api://orders/Orders.All"])
def test_an_unknown_scope_is_refused_by_name(make_with: Make, scope: str) -> None:
    response = make_with().call("POST", body={**WEB, "scope": f"openid {scope}"})
    assert_error(response, 400, "invalid_client_metadata", f"scope has {scope}")


def test_app_roles_are_unknown_where_the_operator_does_not_offer_them(make_with: Make) -> None:
    bridge = make_with(app_roles=False)
    assert_error(
        bridge.call("POST", body={**SERVICE, "scope": "api://orders/Orders.All"}), 400, "invalid_client_metadata", "scope"
    )


@pytest.mark.duty(21, 52)
def test_a_policy_may_drop_unknown_scopes_and_the_answer_shows_it(make_with: Make) -> None:
    bridge = make_with(policies={"default": Policy(unknown_scopes="drop")})
    client = bridge.register({**WEB, "scope": "api://orders/delete api://orders/read api://orders/read"})
    assert client["scope"] == "api://orders/read"
    assert "scope" not in bridge.register({**WEB, "scope": "nonsense"})


@pytest.mark.duty(21)
def test_a_policy_names_the_scopes_and_the_default(make_with: Make) -> None:
    policy = Policy(scopes=frozenset({"openid", "api://orders/read"}), default_scope="openid api://orders/read")
    bridge = make_with(policies={"default": policy})
    assert bridge.register()["scope"] == "openid api://orders/read"
    assert bridge.register({**WEB, "scope": "openid"})["scope"] == "openid"
    assert_error(bridge.call("POST", body={**WEB, "scope": "api://orders/write"}), 400, "invalid_client_metadata", "scope")


@pytest.mark.duty(21)
def test_a_scope_may_come_as_an_array_and_is_answered_as_a_string(make_with: Make) -> None:
    assert make_with().register({**WEB, "scope": ["openid", "api://orders/read"]})["scope"] == "openid api://orders/read"


@pytest.mark.duty(21)
def test_a_scope_of_2000_characters_is_one(make_with: Make) -> None:
    assert_error(make_with().call("POST", body={**WEB, "scope": "x" * 2000}), 400, "invalid_client_metadata", "unknown")


@pytest.mark.duty(21)
@pytest.mark.parametrize("scope", ['a"b', "a\\b", "a\tb", "ü", "x" * 2001])
def test_a_scope_is_a_string_of_scope_tokens(make_with: Make, scope: str) -> None:
    assert_error(make_with().call("POST", body={**WEB, "scope": scope}), 400, "invalid_client_metadata", "scope is not")


def test_permissions_are_read_once_and_again_when_a_new_one_is_asked_for(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()

    def reads() -> int:
        return sum(call.method == "GET" and "servicePrincipals" in call.path for call in bridge.emulator.requests)

    for _ in range(3):
        bridge.register({**WEB, "scope": "api://orders/read"})
    bridge.emulator.clock.advance(600)
    bridge.register({**WEB, "scope": "api://orders/write"})
    bridge.register({**SERVICE, "scope": "api://orders/Orders.All"})
    assert reads() == 1
    bridge.emulator.clock.advance(-599)
    unknown = {**WEB, "scope": "api://orders/delete"}
    for _ in range(3):
        bridge.call("POST", body=unknown)
    assert reads() == 1
    record = bridge.emulator.directory.service_principals.live[orders.service_principal_id]
    added = {"id": "44444444-4444-4444-8444-444444444444", "value": "delete", "isEnabled": True}
    bridge.emulator.directory.service_principals.write(
        record, {"oauth2PermissionScopes": [*record.state["oauth2PermissionScopes"], added]}
    )
    bridge.emulator.clock.advance(60)
    assert bridge.call("POST", body=unknown).status == 201
    assert reads() == 2


@pytest.mark.parametrize("grant", [DEVICE_CODE, JWT_BEARER])
def test_every_grant_with_a_user_declares_delegated_permissions(make_with: Make, orders: ResourceApi, grant: str) -> None:
    bridge = make_with(policies={"default": Policy(grant_types=frozenset({grant}))})
    client = bridge.register({"grant_types": [grant], "scope": "api://orders/read"})
    assert declared(bridge, client) == [(orders.app_id, "Scope")]


def test_app_roles_for_people_alone_and_permissions_without_a_name_are_unknown(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()
    record = bridge.emulator.directory.service_principals.live[orders.service_principal_id]
    role = {"id": "44444444-4444-4444-8444-444444444444", "isEnabled": True, "value": "People", "allowedMemberTypes": ["User"]}
    nameless = {"id": "55555555-5555-4555-8555-555555555555", "isEnabled": True, "value": None}
    bridge.emulator.directory.service_principals.write(record, {"appRoles": [role], "oauth2PermissionScopes": [nameless]})
    for scope in ("api://orders/People", "api://orders/"):
        assert bridge.call("POST", body={**SERVICE, "scope": scope}).status == 400
        assert bridge.call("POST", body={**WEB, "scope": scope}).status == 400


def test_what_an_api_or_an_application_leaves_out_does_no_harm(make_with: Make) -> None:
    assert read_permissions({"oauth2PermissionScopes": [{"id": "x", "isEnabled": True}]}).scopes == {}
    bridge = make_with()
    catalogue = ScopeCatalogue(bridge.context)
    client = registered(redirect_uris=["https://a.example/cb"])
    for application in (None, {}, {"requiredResourceAccess": None}):
        added, access = catalogue.add_scope(client, "openid", Policy(), bridge.deadline(), application)
        assert (added.scope, access) == ("openid", [])


def test_a_disabled_permission_is_unknown(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()
    record = bridge.emulator.directory.service_principals.live[orders.service_principal_id]
    disabled = [{**entry, "isEnabled": False} for entry in record.state["oauth2PermissionScopes"]]
    bridge.emulator.directory.service_principals.write(record, {"oauth2PermissionScopes": disabled})
    assert bridge.call("POST", body={**WEB, "scope": "api://orders/write"}).status == 400


def test_an_api_without_a_service_principal_has_no_permissions(make: Make) -> None:
    api = configuration.ResourceApi("11111111-1111-4111-8111-111111111111", "api://gone/")
    assert make(resource_apis=(api,)).call("POST", body={**WEB, "scope": "api://gone/read"}).status == 400


@pytest.mark.duty(84)
@pytest.mark.usefixtures("calm")
def test_an_update_replaces_the_bridges_declarations_and_keeps_an_administrators(make_with: Make, orders: ResourceApi) -> None:
    bridge = make_with()
    client = bridge.register({**WEB, "scope": "api://orders/read"})
    client_id = client["client_id"]
    graph = {
        "resourceAppId": "00000003-0000-0000-c000-000000000000",
        "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}],
    }
    entries = bridge.application(client_id)["requiredResourceAccess"]
    bridge.directory.update_application(client_id, {"requiredResourceAccess": [*entries, graph]}, bridge.deadline())
    update = {**WEB, "client_id": client_id}
    bridge.call("PUT", client_id, {**update, "scope": "api://orders/write"})
    assert [resource for resource, _ in declared(bridge, client)] == [graph["resourceAppId"], orders.app_id]
    bridge.call("PUT", client_id, update)
    assert bridge.application(client_id)["requiredResourceAccess"] == [graph]


def test_the_longest_prefix_tells_the_api(make: Make, emulator: EntraEmulator) -> None:
    orders = emulator.add_resource_api("Orders", "api://orders", scopes=["admin/read"])
    admin = emulator.add_resource_api("Admin", "api://orders/admin", scopes=["read"])
    apis = (
        configuration.ResourceApi(orders.app_id, "api://orders/"),
        configuration.ResourceApi(admin.app_id, "api://orders/admin/"),
    )
    bridge = make(resource_apis=apis)
    assert declared(bridge, bridge.register({**WEB, "scope": "api://orders/admin/read"})) == [(admin.app_id, "Scope")]
