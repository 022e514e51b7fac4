"""Deleting a client: RFC 7592 section 2.3."""

from collections.abc import Callable

import pytest

from tests.functional.registration.bridge import OTHER_PORTAL, PORTAL, WEB, Bridge, assert_error, bearer

type Make = Callable[..., Bridge]


@pytest.mark.duty(71, 88, 89)
def test_a_deletion_is_204_and_ends_the_client_its_secret_and_its_token(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    assert bridge.token_status(client_id, client["client_secret"]) == 200
    response = bridge.call("DELETE", client_id, authorization=bearer(client))
    assert (response.status, response.body) == (204, b"")
    assert bridge.token_status(client_id, client["client_secret"]) == 400
    for method in ("GET", "PUT", "DELETE"):
        response = bridge.call(method, client_id, {**WEB, "client_id": client_id}, authorization=bearer(client))
        assert_error(response, 401, "invalid_token")


@pytest.mark.duty(91)
def test_a_portal_may_repeat_a_deletion_and_a_client_may_not(bridge: Bridge) -> None:
    client = bridge.register()
    assert bridge.call("DELETE", client["client_id"], authorization=PORTAL).status == 204
    assert bridge.call("DELETE", client["client_id"], authorization=PORTAL).status == 204
    assert bridge.call("DELETE", client["client_id"], authorization=OTHER_PORTAL).status == 204
    assert bridge.call("DELETE", client["client_id"], authorization=bearer(client)).status == 401


@pytest.mark.duty(89)
@pytest.mark.parametrize("purge", [False, True])
def test_a_deleted_client_can_be_restored_unless_it_is_purged(make: Make, purge: bool) -> None:
    bridge = make(purge_on_delete=purge)
    client = bridge.register()
    object_id = bridge.application(client["client_id"])["id"]
    bridge.call("DELETE", client["client_id"])
    assert (object_id in bridge.emulator.directory.applications.deleted) is not purge


def test_a_purge_waits_for_the_deleted_object_and_its_failure_is_no_failure_of_the_deletion(make: Make) -> None:
    bridge = make(purge_on_delete=True)
    client = bridge.register()
    bridge.emulator.consistency.set(deleted_items=0.5)
    assert bridge.call("DELETE", client["client_id"]).status == 204
    assert not bridge.emulator.directory.applications.deleted
    other = bridge.register()
    bridge.emulator.faults.add("error", method="DELETE", path="deletedItems", status=403, code="Authorization_RequestDenied")
    assert bridge.call("DELETE", other["client_id"]).status == 204
