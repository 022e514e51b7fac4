"""Updates of clients (RFC 7592 section 2.2)."""

from typing import Any

import pytest

from tests.functional.registration.bridge import PORTAL, WEB, Bridge, Json, assert_error, bearer, content, update_of
from tests.functional.registration.test_management import UNKNOWN, Make

# Updating


@pytest.mark.duty(82, 86, 87)
def test_an_update_replaces_the_metadata_and_answers_with_them(bridge: Bridge) -> None:
    client = bridge.register({**WEB, "client_uri": "https://orders.example.com", "scope": "openid"})
    new = update_of(client, client_name="New", redirect_uris=["https://new.example.com/cb"], grant_types=["authorization_code"])
    response = bridge.call("PUT", client["client_id"], new, authorization=bearer(client))
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    updated = content(response)
    assert {name: updated[name] for name in new} == new
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(updated)))
    for answer in (updated, read):
        answer.pop("registration_access_token")
    assert updated == read


@pytest.mark.duty(84)
@pytest.mark.parametrize("absent", [None, "", "omitted"])
def test_members_that_are_omitted_or_null_are_removed(bridge: Bridge, absent: object) -> None:
    optional = {
        "client_uri": "https://orders.example.com",
        "logo_uri": "https://orders.example.com/logo",
        "tos_uri": "https://orders.example.com/tos",
        "policy_uri": "https://orders.example.com/privacy",
        "scope": "openid",
        "software_id": "s",
        "software_version": "1",
        "frontchannel_logout_uri": "https://orders.example.com/out",
        "logo_uri#de": "https://orders.example.com/de",
    }
    client = bridge.register({**WEB, **optional})
    assert optional.items() <= client.items()
    changes = {} if absent == "omitted" else dict.fromkeys(optional, absent)
    updated = content(bridge.call("PUT", client["client_id"], update_of(client, **changes), authorization=bearer(client)))
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(updated)))
    assert not optional.keys() & updated.keys()
    assert not optional.keys() & read.keys()


@pytest.mark.duty(84)
def test_required_members_cannot_be_removed(bridge: Bridge) -> None:
    client = bridge.register()
    body = update_of(client, redirect_uris=None)
    assert_error(
        bridge.call("PUT", client["client_id"], body, authorization=bearer(client)), 400, "invalid_redirect_uri", "redirect_uris"
    )


@pytest.mark.duty(78)
def test_the_client_id_never_changes(bridge: Bridge) -> None:
    client = bridge.register()
    updated = content(bridge.call("PUT", client["client_id"], update_of(client, client_name="B"), authorization=bearer(client)))
    rotated = content(bridge.call("POST", client["client_id"], rotate=True))
    assert updated["client_id"] == rotated["client_id"] == client["client_id"]
    assert updated["client_id_issued_at"] == client["client_id_issued_at"]


@pytest.mark.duty(82)
def test_an_update_is_a_json_object_with_the_right_client_id(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    for raw in (b"", b"null", b"[]", b"{"):
        assert_error(bridge.call("PUT", client_id, raw=raw, authorization=bearer(client)), 400, "invalid_request")
    for wrong in (UNKNOWN, "", 7, None, client_id.upper()):
        response = bridge.call("PUT", client_id, update_of(client, client_id=wrong), authorization=bearer(client))
        assert_error(response, 400, "invalid_client_metadata", "client_id")
    assert_error(bridge.call("PUT", client_id, WEB, authorization=bearer(client)), 400, "invalid_client_metadata", "client_id")
    media = {"content-type": "text/plain"}
    assert bridge.call("PUT", client_id, update_of(client), authorization=bearer(client), headers=media).status == 415


@pytest.mark.duty(82)
def test_a_portal_may_leave_the_client_id_out_and_may_not_send_another(bridge: Bridge) -> None:
    client_id = bridge.register()["client_id"]
    assert bridge.call("PUT", client_id, WEB).status == 200
    assert bridge.call("PUT", client_id, {**WEB, "client_id": None}, headers={"content-type": ""}).status == 200
    assert_error(bridge.call("PUT", client_id, {**WEB, "client_id": UNKNOWN}), 400, "invalid_client_metadata", "client_id")


@pytest.mark.duty(83)
@pytest.mark.parametrize(
    "member", ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
)
def test_an_update_must_not_carry_what_only_the_server_says(bridge: Bridge, member: str) -> None:
    client = bridge.register()
    response = bridge.call(
        "PUT", client["client_id"], update_of(client, **{member: client[member]}), authorization=bearer(client)
    )
    assert_error(response, 400, "invalid_client_metadata", member)
    assert (
        bridge.call("PUT", client["client_id"], update_of(client, **{member: None}), authorization=bearer(client)).status == 200
    )


def test_a_portal_may_send_back_all_that_it_was_told(bridge: Bridge) -> None:
    client = bridge.register()
    updated = content(bridge.call("PUT", client["client_id"], client, authorization=PORTAL))
    assert updated["client_secret"] == client["client_secret"]


@pytest.mark.duty(85)
def test_a_clients_update_carries_its_current_secret_or_none(bridge: Bridge) -> None:
    client = bridge.register()
    for secret in (client["client_secret"], None, ""):
        response = bridge.call("PUT", client["client_id"], update_of(client, client_secret=secret), authorization=bearer(client))
        assert content(response)["client_secret"] == client["client_secret"]
        client = content(response)
    near_miss = client["client_secret"][:-1] + ("x" if client["client_secret"][-1] != "x" else "y")
    for wrong in ("my-own-choice", near_miss, 7):
        response = bridge.call("PUT", client["client_id"], update_of(client, client_secret=wrong), authorization=bearer(client))
        assert_error(response, 400, "invalid_client_metadata", "client_secret")
    assert len(bridge.application(client["client_id"])["passwordCredentials"]) == 1


@pytest.mark.duty(85)
@pytest.mark.usefixtures("calm")
def test_a_clients_update_may_carry_a_newer_secret_than_its_token_knows(bridge: Bridge) -> None:
    client = bridge.register()
    rotated = content(bridge.call("POST", client["client_id"], rotate=True, authorization=PORTAL))
    body = update_of(client, client_secret=rotated["client_secret"])
    assert bridge.call("PUT", client["client_id"], body, authorization=bearer(client)).status == 200


def test_a_plain_update_never_adds_a_secret(bridge: Bridge) -> None:
    client = bridge.register()
    for _ in range(3):
        bridge.call("PUT", client["client_id"], update_of(client))
    assert len(bridge.application(client["client_id"])["passwordCredentials"]) == 1


@pytest.mark.usefixtures("calm")
def test_the_way_to_authenticate_can_change_and_secrets_follow(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    public = {
        "client_id": client_id,
        "application_type": "native",
        "redirect_uris": ["com.example.app:/cb"],
        "token_endpoint_auth_method": "none",
    }
    updated = content(bridge.call("PUT", client_id, public, authorization=bearer(client)))
    assert "client_secret" not in updated
    application = bridge.application(client_id)
    assert application["passwordCredentials"] == application["web"]["redirectUris"] == []
    assert application["publicClient"]["redirectUris"] == ["com.example.app:/cb"]
    again = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(updated)))
    assert bridge.token_status(client_id, again["client_secret"]) == 200
    assert again["client_secret"] != client["client_secret"]


def test_a_client_that_had_no_secret_gets_one_whatever_it_sends(bridge: Bridge) -> None:
    native = {"application_type": "native", "redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none"}
    client = bridge.register(native)
    body = update_of(client, client_secret="my-own-choice")
    updated = content(bridge.call("PUT", client["client_id"], body, authorization=bearer(client)))
    assert updated["client_secret"] != "my-own-choice"
    assert bridge.token_status(client["client_id"], updated["client_secret"]) == 200


# Two updates at once


@pytest.mark.usefixtures("calm")
def test_of_two_updates_at_once_the_last_one_wins_as_a_whole(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    one = update_of(client, client_name="One", client_uri="https://one.example", redirect_uris=["https://one.example/cb"])
    two = update_of(client, client_name="Two", tos_uri="https://two.example/tos", redirect_uris=["https://two.example/cb"])
    update = bridge.directory.update_application

    def overtaken(app_id: str, body: Json, deadline: Any, **options: Any) -> None:
        """Between the first update's read and its write, the second one is carried out."""
        bridge.directory.update_application = update  # type: ignore[method-assign]
        assert bridge.call("PUT", client_id, two).status == 200
        update(app_id, body, deadline, **options)

    bridge.directory.update_application = overtaken  # type: ignore[method-assign]
    assert bridge.call("PUT", client_id, one).status == 200
    read = content(bridge.call("GET", client_id))
    assert (read["client_name"], read["client_uri"], read["redirect_uris"]) == (
        "One",
        "https://one.example",
        ["https://one.example/cb"],
    )
    assert "tos_uri" not in read


# Switches


@pytest.mark.duty(73)
def test_a_switched_off_method_is_405_with_allow(make: Make) -> None:
    bridge = make(allow_update=False, allow_delete=False)
    client = bridge.register()
    client_id = client["client_id"]
    for method in ("PUT", "DELETE"):
        response = bridge.call(method, client_id, update_of(client), authorization=bearer(client))
        assert response.status == 405
        assert response.headers["Allow"] == "GET"
    assert bridge.call("GET", client_id, authorization=bearer(client)).status == 200
    bridge.reconfigure(allow_update=True)
    assert bridge.call("DELETE", client_id).headers["Allow"] == "GET, PUT"
    bridge.reconfigure(allow_update=False, allow_delete=True)
    assert bridge.call("PUT", client_id, update_of(client)).headers["Allow"] == "GET, DELETE"
