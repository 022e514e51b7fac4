"""A client's life from registration to deletion, against the emulated directory."""

import pytest

from tests.functional.registration.bridge import PORTAL, WEB, Bridge, bearer, content


def test_a_client_is_registered_read_updated_rotated_and_deleted(bridge: Bridge) -> None:
    registered = bridge.register()
    client_id = registered["client_id"]
    assert bridge.token_status(client_id, registered["client_secret"]) == 200

    read = content(bridge.call("GET", client_id, authorization=bearer(registered)))
    assert read["client_secret"] == registered["client_secret"]

    update = {**WEB, "client_id": client_id, "client_name": "Orders portal 2"}
    updated = content(bridge.call("PUT", client_id, update, authorization=bearer(registered)))
    assert updated["client_name"] == "Orders portal 2"
    assert updated["client_secret"] == registered["client_secret"]

    rotated = content(bridge.call("POST", client_id, authorization=bearer(updated), rotate=True))
    assert rotated["client_secret"] != registered["client_secret"]
    assert bridge.token_status(client_id, rotated["client_secret"]) == 200
    assert bridge.token_status(client_id, registered["client_secret"]) == 200

    deleted = bridge.call("DELETE", client_id, authorization=bearer(rotated))
    assert (deleted.status, deleted.body) == (204, b"")
    assert bridge.token_status(client_id, rotated["client_secret"]) != 200
    assert bridge.call("GET", client_id, authorization=bearer(rotated)).status == 401


@pytest.mark.usefixtures("calm")
def test_a_portal_manages_its_client_with_its_static_credential_alone(bridge: Bridge) -> None:
    registered = bridge.register()
    client_id = registered["client_id"]
    update = {**WEB, "client_id": client_id, "client_secret": registered["client_secret"], "client_name": "Renamed"}
    updated = content(bridge.call("PUT", client_id, update, authorization=PORTAL))
    assert (updated["client_name"], updated["client_secret"]) == ("Renamed", registered["client_secret"])
    assert content(bridge.call("GET", client_id))["client_name"] == "Renamed"
    assert bridge.call("DELETE", client_id).status == 204
