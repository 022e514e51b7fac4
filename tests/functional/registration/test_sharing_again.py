"""Shared clients that were retired, and come back under their id."""

import pytest

from emulator.server import EntraEmulator
from tests.functional.registration.bridge import PORTAL, Bridge, assert_error, content
from tests.functional.registration.test_sharing import BODY, Make, register, sharing


@pytest.fixture
def bridge(make: Make) -> Bridge:
    return make(open_policy="open", policies=sharing("localhost"))


def retire(bridge: Bridge, client_id: str) -> None:
    """As the audit does it: deleted, and kept by Entra for 30 days."""
    bridge.emulator.consistency.settle()
    bridge.directory.delete_application(client_id, bridge.deadline())
    bridge.emulator.clock.advance(3600)
    bridge.restart()


def test_an_equal_registration_brings_a_retired_client_back_under_its_id(emulator: EntraEmulator, make: Make) -> None:
    bridge = make(open_policy="open", policies=sharing("localhost"))
    emulator.assumptions.owned_by_lists_deleted_items = True
    client_id = register(bridge)["client_id"]
    retire(bridge, client_id)
    assert register(bridge, redirect_uris=["http://localhost:5/callback"])["client_id"] == client_id
    principal = bridge.directory.read_service_principal(client_id, bridge.deadline())
    assert principal is not None
    assert any(tag.startswith("dcr:restored=") for tag in principal["tags"])


def test_what_was_deleted_a_moment_ago_is_not_brought_back(emulator: EntraEmulator, make: Make) -> None:
    """An operator's deletion is to happen although another worker gets an equal registration before it is purged."""
    bridge = make(open_policy="open", policies=sharing("localhost"))
    emulator.assumptions.owned_by_lists_deleted_items = True
    client_id = register(bridge)["client_id"]
    bridge.emulator.consistency.settle()
    assert bridge.call("DELETE", client_id, authorization=PORTAL, behind=False).status == 204
    bridge.emulator.consistency.settle()
    bridge.restart()
    assert_error(bridge.call("POST", body=BODY, authorization=None, patient=False), 503, "temporarily_unavailable")
    assert bridge.directory.read_application(client_id, bridge.deadline()) is None


def test_without_the_right_to_look_it_is_another_client_as_soon_as_the_name_counts_as_held(bridge: Bridge) -> None:
    client_id = register(bridge)["client_id"]
    retire(bridge, client_id)
    refused = bridge.call("POST", body=BODY, authorization=None, patient=False)
    assert_error(refused, 503, "temporarily_unavailable")
    assert "Retry-After" in refused.headers
    bridge.emulator.clock.advance(601)
    other = register(bridge)["client_id"]
    assert other != client_id
    bridge.restart()
    bridge.emulator.consistency.settle()
    assert content(bridge.call("POST", body=BODY, authorization=None, patient=False)).get("client_id") in (None, other)


def test_a_client_that_came_back_in_a_lost_answer_is_made_whole(emulator: EntraEmulator, make: Make) -> None:
    bridge = make(open_policy="open", policies=sharing("localhost"))
    emulator.assumptions.owned_by_lists_deleted_items = True
    client_id = register(bridge)["client_id"]
    retire(bridge, client_id)
    emulator.faults.add("reset_after", method="POST", path="/restore$", times=1)
    bridge.call("POST", body=BODY, authorization=None, patient=False)
    bridge.restart()
    bridge.emulator.clock.advance(3600)
    assert register(bridge)["client_id"] == client_id
    assert bridge.directory.read_service_principal(client_id, bridge.deadline()) is not None
