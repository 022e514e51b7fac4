"""Reading and updating a client: RFC 7592 sections 2.1 and 2.2."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.registration.bridge import PORTAL, WEB, Bridge, Json, assert_error, bearer, content, update_of

type Make = Callable[..., Bridge]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


# Reading


def test_the_case_of_a_client_id_does_not_count_in_the_path(bridge: Bridge) -> None:
    client = bridge.register()
    capitals = client["client_id"].upper()
    assert content(bridge.call("GET", capitals, authorization=bearer(client)))["client_id"] == client["client_id"]
    assert content(bridge.call("PUT", capitals, update_of(client)))["client_id"] == client["client_id"]
    assert bridge.call("DELETE", capitals).status == 204
    assert bridge.call("GET", client["client_id"]).status == 404


def test_a_secret_that_never_ends_expires_at_0(bridge: Bridge) -> None:
    client = bridge.register()
    (record,) = (
        record for record in bridge.emulator.directory.applications.live.values() if record.state["appId"] == client["client_id"]
    )
    for password in record.state["passwordCredentials"]:
        password |= {"startDateTime": None, "endDateTime": None}
    bridge.emulator.directory.applications.write(record, {"passwordCredentials": record.state["passwordCredentials"]})
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert (read["client_secret"], read["client_secret_expires_at"]) == (client["client_secret"], 0)
    rotated = content(bridge.call("POST", client["client_id"], authorization=bearer(read), rotate=True))
    assert rotated["client_secret_expires_at"] > bridge.clock.now().timestamp()


@pytest.mark.duty(75, 76, 77)
def test_a_read_has_the_shape_of_the_registration_with_current_credentials(bridge: Bridge) -> None:
    client = bridge.register()
    response = bridge.call("GET", client["client_id"], authorization=bearer(client))
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    read = content(response)
    assert read.keys() == client.keys()
    changing = {"registration_access_token"}
    assert {name: read[name] for name in read.keys() - changing} == {name: client[name] for name in client.keys() - changing}
    assert bridge.call("GET", client["client_id"], authorization=bearer(read)).status == 200


@pytest.mark.duty(77)
def test_a_setting_keeps_secrets_out_of_tokens(make: Make) -> None:
    bridge = make(secrets_in_tokens=False)
    client = bridge.register()
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert not {"client_secret", "client_secret_expires_at"} & read.keys()
    updated = content(
        bridge.call(
            "PUT", client["client_id"], update_of(client, client_secret=client["client_secret"]), authorization=bearer(client)
        )
    )
    assert updated["client_secret"] == client["client_secret"]
    assert "client_secret" not in content(bridge.call("GET", client["client_id"], authorization=bearer(updated)))


@pytest.mark.duty(77)
@pytest.mark.usefixtures("calm")
def test_a_secret_that_was_removed_is_not_shown(bridge: Bridge) -> None:
    client = bridge.register()
    bridge.call("POST", client["client_id"], {"remove_old": True}, rotate=True)
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert "client_secret" not in read


@pytest.mark.duty(93)
def test_a_secret_is_not_shown_without_the_clients_own_token(bridge: Bridge) -> None:
    client = bridge.register()
    read = content(bridge.call("GET", client["client_id"], authorization=PORTAL))
    assert "client_secret" not in read
    assert read["registration_client_uri"] == client["registration_client_uri"]
    again = content(bridge.call("GET", client["client_id"], authorization=bearer(read)))
    assert "client_secret" not in again


@pytest.mark.duty(80)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_token_of_an_unknown_client_is_401_and_never_404(bridge: Bridge, method: str) -> None:
    client = bridge.register()
    bridge.call("DELETE", client["client_id"])
    response = bridge.call(method, client["client_id"], update_of(client), authorization=bearer(client))
    assert_error(response, 401, "invalid_token")


@pytest.mark.parametrize(
    "client_id", ["x", "../../users", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-00000000000G"]
)
def test_a_portal_is_told_that_a_client_is_not_there(bridge: Bridge, client_id: str) -> None:
    for method in ("GET", "PUT"):
        assert_error(bridge.call(method, client_id, WEB), 404, "not_found")


@pytest.mark.usefixtures("calm")
def test_a_portal_is_told_that_a_client_is_gone_once_replicas_had_the_time_to_hear_of_it(bridge: Bridge) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = bridge.call(method, UNKNOWN, WEB, patient=False)
        assert_error(answer, 503, "temporarily_unavailable")
        assert "Retry-After" in answer.headers
    bridge.emulator.clock.advance(120)
    for method in ("GET", "PUT"):
        assert_error(bridge.call(method, UNKNOWN, WEB), 404, "not_found")
    assert bridge.call("DELETE", UNKNOWN).status == 204


def test_no_graph_call_is_made_for_what_cannot_be_a_client_id(bridge: Bridge) -> None:
    bridge.call("GET", "x' or '1'='1")
    assert not bridge.emulator.requests


@pytest.mark.duty(81, 92)
def test_applications_that_the_bridge_did_not_make_are_out_of_reach(bridge: Bridge) -> None:
    client = bridge.register()
    foreign = bridge.emulator.add_caller("payroll").client_id
    tags = [tag for tag in bridge.application(client["client_id"])["tags"] if tag != "entra-dcr-bridge"]
    before = len(bridge.emulator.requests)
    for method in ("GET", "PUT", "DELETE"):
        assert_error(bridge.call(method, foreign, {**WEB, "client_id": foreign}), 403, "insufficient_scope")
    assert bridge.call("POST", foreign, rotate=True).status == 403
    assert {call.method for call in bridge.emulator.requests[before:]} == {"GET"}
    bridge.directory.update_application(client["client_id"], {"tags": tags}, bridge.deadline())
    for method in ("GET", "PUT", "DELETE"):
        response = bridge.call(method, client["client_id"], update_of(client), authorization=bearer(client))
        assert_error(response, 403, "insufficient_scope")


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
