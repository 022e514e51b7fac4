"""Kong Konnect's contract on the emulated Entra: what Konnect reads, and what the directory holds afterwards."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.http.message import Response
from shared.portals.kong import KongPortal
from shared.registration.configuration import ResourceApi
from shared.registration.policy import Policy
from tests.functional.portals.door import call
from tests.functional.registration.bridge import API_KEY, Bridge, Json, assert_error, content
from tests.wire.shapes import all_shapes, replaced

pytestmark = pytest.mark.usefixtures("calm")

VERSION, OTHER_VERSION = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
IDENTIFIERS = dict.fromkeys(("portal_id", "organization_id", "developer_id", "auth_strategy_id", "dcr_provider_id"), VERSION)
EVENT = {**IDENTIFIERS, "application_id": VERSION, "application_name": "", "application_description": "", "client_id": "x"}


def shape(operation: str) -> Json:
    body: Json = all_shapes()["kong", operation].json
    return body


class Konnect:
    """Calls the dialect as the door does."""

    def __init__(self, bridge: Bridge, products: dict[str, tuple[str, ...]] | None = None) -> None:
        self.bridge = bridge
        self.portal = KongPortal(bridge.service, products or {}, bridge.clock)

    def call(self, method: str, path: str, body: object = None, key: str = API_KEY) -> Response:
        return call(self.bridge, self.portal, method, path, {"x-api-key": key} if key else {}, body)

    def create(self, operation: str = "create-code", **changes: Any) -> Json:
        response = self.call("POST", "", {**shape(operation), **changes})
        assert response.status == 201, response.body
        return content(response)

    def event(self, client_id: str, event_type: str, **members: Any) -> Response:
        return self.call("POST", f"{client_id}/event-hook", {**EVENT, "event_type": event_type, **members})


@pytest.fixture
def konnect(make: Callable[..., Bridge]) -> Konnect:
    return Konnect(make(policies={"default": Policy(unknown_scopes="drop")}))


def test_answers_a_creation_with_exactly_the_members_of_the_contract(konnect: Konnect) -> None:
    created = konnect.create()
    assert created.keys() == {"client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at"}
    for name in ("client_id_issued_at", "client_secret_expires_at"):
        assert created[name].endswith("Z") and "T" in created[name]
    read = content(konnect.bridge.call("GET", created["client_id"], authorization=None, headers={"x-api-key": API_KEY}))
    assert read["grant_types"] == ["authorization_code", "refresh_token"]
    assert (read["scope"], read["token_endpoint_auth_method"]) == ("openid profile", "client_secret_post")


@pytest.mark.parametrize("operation", ["create-bearer-only", "create-session"])
def test_konnects_words_for_a_service_are_client_credentials(konnect: Konnect, operation: str) -> None:
    created = konnect.create(operation)
    read = content(konnect.bridge.call("GET", created["client_id"], authorization=None, headers={"x-api-key": API_KEY}))
    assert read["grant_types"] == ["client_credentials"]
    assert konnect.bridge.token_status(created["client_id"], created["client_secret"]) == 200


def test_implicit_alone_is_for_the_policy_to_judge(konnect: Konnect) -> None:
    response = konnect.call("POST", "", {**shape("create-code"), "grant_types": ["implicit"]})
    assert_error(response, 400, "invalid_client_metadata", "grant_types")


def test_a_client_without_a_secret_cannot_be_answered_and_is_refused(konnect: Konnect) -> None:
    response = konnect.call("POST", "", {**shape("create-code"), "token_endpoint_auth_method": "none"})
    assert_error(response, 400, "invalid_client_metadata", "token_endpoint_auth_method")


@pytest.mark.parametrize(
    ("body", "member"),
    [({}, "client_name"), ({"client_name": 7}, "client_name"), ({"client_name": "x", "scopes": "openid"}, "scopes")],
)
def test_names_the_member_at_fault(konnect: Konnect, body: Json, member: str) -> None:
    assert_error(konnect.call("POST", "", body), 400, "invalid_client_metadata", member)


@pytest.mark.parametrize("key", ["", "another-key-0123456789"])
def test_a_wrong_key_is_401_whatever_the_body_says(konnect: Konnect, key: str) -> None:
    """Both members of the error, which is all that an administrator of Konnect gets to see."""
    for path in ("", f"{VERSION}/new-secret", f"{VERSION}/event-hook"):
        response = konnect.call("POST", path, {}, key=key)
        assert response.status == 401
        assert content(response).keys() == {"error", "error_description"}


def test_a_new_secret_ends_the_old_one_at_once(konnect: Konnect) -> None:
    created = konnect.create("create-bearer-only")
    response = konnect.call("POST", f"{created['client_id']}/new-secret")
    renewed = content(response)
    assert response.status == 200
    assert renewed.keys() == {"client_id", "client_secret"}
    konnect.bridge.clock.sleep(600)
    konnect.bridge.work_behind()
    assert konnect.bridge.token_status(created["client_id"], created["client_secret"]) != 200
    assert konnect.bridge.token_status(created["client_id"], renewed["client_secret"]) == 200


def test_a_deleted_application_is_gone(konnect: Konnect) -> None:
    created = konnect.create()
    response = konnect.call("DELETE", created["client_id"])
    assert (response.status, response.body) == (204, b"")


def test_an_updated_application_has_its_new_redirect_uris_and_name_and_keeps_its_secret(konnect: Konnect) -> None:
    created = konnect.create()
    event = replaced(shape("event-update"), {"{client_id}": "of the path counts"})
    response = konnect.call("POST", f"{created['client_id']}/event-hook", {**event, "redirect_uris": ["https://new.example/cb"]})
    assert (response.status, response.body) == (200, b"")
    application = konnect.bridge.application(created["client_id"])
    assert application["web"]["redirectUris"] == ["https://new.example/cb"]
    assert application["displayName"] == event["application_name"] == "app"
    assert len(application["passwordCredentials"]) == 1


def test_an_unknown_event_is_refused_by_name(konnect: Konnect) -> None:
    created = konnect.create()
    assert_error(konnect.event(created["client_id"], "rename_developer"), 400, "invalid_client_metadata", "event")


def test_an_event_about_another_callers_client_is_refused(konnect: Konnect) -> None:
    foreign = konnect.bridge.register()
    response = konnect.event(foreign["client_id"], "update_application", redirect_uris=["https://evil.example/cb"])
    assert_error(response, 403, "insufficient_scope")


def test_product_registrations_come_and_go_as_scopes(make: Callable[..., Bridge]) -> None:
    bridge = make()
    api = bridge.emulator.add_resource_api("Orders", "api://orders", scopes=("read", "write"))
    bridge.reconfigure(resource_apis=(ResourceApi(api.app_id, "api://orders/"),))
    konnect = Konnect(bridge, {VERSION: ("api://orders/read",), OTHER_VERSION: ("api://orders/write",)})
    client_id = konnect.create()["client_id"]

    def declared() -> list[str]:
        access = bridge.application(client_id)["requiredResourceAccess"]
        return sorted(entry["id"] for resource in access for entry in resource["resourceAccess"])

    for version in (VERSION, OTHER_VERSION):
        assert konnect.event(client_id, "add_registration", api_product_version_id=version).status == 200
    assert len(declared()) == 2
    gone = replaced(shape("event-remove-audience"), {})
    assert konnect.call("POST", f"{client_id}/event-hook", gone).status == 200
    read = content(bridge.call("GET", client_id, authorization=None, headers={"x-api-key": API_KEY}))
    assert (len(declared()), read["scope"]) == (1, "openid profile api://orders/write")


def test_a_product_that_the_operator_gave_no_scopes_is_acknowledged(konnect: Konnect) -> None:
    created = konnect.create()
    before = konnect.bridge.application(created["client_id"])
    assert konnect.event(created["client_id"], "add_registration", api_product_version_id=VERSION).status == 200
    assert konnect.bridge.application(created["client_id"]) == before


def test_other_paths_are_404_and_other_methods_405(konnect: Konnect) -> None:
    assert_error(konnect.call("POST", "a/b"), 404, "not_found")
    response = konnect.call("GET", VERSION)
    assert (response.status, response.headers["Allow"]) == (405, "DELETE")
