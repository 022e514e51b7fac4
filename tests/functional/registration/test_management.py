"""Reading and updating a client: RFC 7592 sections 2.1 and 2.2."""

from collections.abc import Callable

import pytest

from tests.functional.registration.bridge import PORTAL, WEB, Bridge, assert_error, bearer, content, update_of

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
@pytest.mark.parametrize("apart", [0.2, 1.2])
def test_a_secret_that_was_removed_is_not_shown(bridge: Bridge, apart: float) -> None:
    """Graph's own times say which of two secrets is the newer one, also within one second."""
    bridge.emulator.clock.advance(1.05 - bridge.clock.now().timestamp() % 1)
    client = bridge.register()
    bridge.emulator.clock.advance(apart)
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
