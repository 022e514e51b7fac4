"""Registration access tokens and their generations: an update by the client replaces its token."""

from collections.abc import Callable

import pytest

from tests.functional.registration.bridge import PORTAL, Bridge, assert_error, bearer, content, update_of

type Make = Callable[..., Bridge]
DAY = 86_400


@pytest.mark.duty(72)
def test_the_old_token_ends_a_while_after_the_new_one_was_presented(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    updated = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(client)))
    bridge.emulator.clock.advance(2 * DAY)
    # Nobody has seen the new one come back: its answer may have been lost.
    assert bridge.call("GET", client_id, authorization=bearer(client)).status == 200
    assert bridge.call("GET", client_id, authorization=bearer(updated)).status == 200
    assert bridge.call("GET", client_id, authorization=bearer(client)).status == 200
    bridge.emulator.clock.advance(DAY)
    assert_error(bridge.call("GET", client_id, authorization=bearer(client)), 401, "invalid_token")
    assert bridge.call("GET", client_id, authorization=bearer(updated)).status == 200


@pytest.mark.duty(72)
def test_all_older_tokens_end_with_the_one_before(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    second = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(client)))
    third = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(second)))
    assert bridge.call("GET", client_id, authorization=bearer(third)).status == 200
    bridge.emulator.clock.advance(DAY)
    assert [bridge.call("GET", client_id, authorization=bearer(each)).status for each in (client, second, third)] == [
        401,
        401,
        200,
    ]


@pytest.mark.duty(72)
def test_a_client_that_lost_the_answer_to_its_update_recovers_by_a_read(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    bridge.call("PUT", client_id, update_of(client), authorization=bearer(client))
    recovered = content(bridge.call("GET", client_id, authorization=bearer(client)))
    bridge.emulator.clock.advance(2 * DAY)
    assert bridge.call("GET", client_id, authorization=bearer(recovered)).status == 200


@pytest.mark.duty(72)
def test_a_client_that_loses_one_answer_after_another_is_not_locked_out(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    for _ in range(3):
        answer = bridge.call("PUT", client_id, update_of(client), authorization=bearer(client))
        assert answer.status == 200
    bridge.emulator.clock.advance(2 * DAY)
    assert bridge.call("GET", client_id, authorization=bearer(client)).status == 200
    assert bridge.call("GET", client_id, authorization=bearer(content(answer))).status == 200
    bridge.emulator.clock.advance(DAY)
    assert bridge.call("GET", client_id, authorization=bearer(client)).status == 401


def test_a_setting_keeps_one_token_for_good(make: Make) -> None:
    bridge = make(rotate_access_tokens=False)
    client = bridge.register()
    bridge.call("PUT", client["client_id"], update_of(client), authorization=bearer(client))
    bridge.emulator.clock.advance(2 * DAY)
    assert bridge.call("GET", client["client_id"], authorization=bearer(client)).status == 200


def test_an_update_by_a_portal_leaves_the_clients_token_alone(bridge: Bridge) -> None:
    client = bridge.register()
    bridge.call("PUT", client["client_id"], update_of(client), authorization=PORTAL)
    bridge.emulator.clock.advance(2 * DAY)
    assert bridge.call("GET", client["client_id"], authorization=bearer(client)).status == 200


@pytest.mark.usefixtures("calm")
def test_a_replica_that_is_behind_hands_out_nothing_older(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    bridge.emulator.consistency.set(by_app_id=30)
    updated = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(client)))
    behind = bridge.call("GET", client_id, authorization=bearer(updated), behind=False, patient=False)
    assert_error(behind, 503, "temporarily_unavailable")
    assert "Retry-After" in behind.headers
    bridge.emulator.clock.advance(60)
    assert bridge.call("GET", client_id, authorization=bearer(updated)).status == 200


def test_a_portals_update_by_an_old_state_does_not_take_a_generation_back(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    bridge.emulator.consistency.set(by_app_id=30)
    updated = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(client)))
    assert bridge.call("PUT", client_id, update_of(client), authorization=PORTAL, behind=False).status == 200
    bridge.emulator.clock.advance(60)
    assert bridge.call("GET", client_id, authorization=bearer(updated)).status == 200
    third = content(bridge.call("PUT", client_id, update_of(client), authorization=bearer(updated)))
    bridge.emulator.clock.advance(60)
    assert bridge.call("GET", client_id, authorization=bearer(third)).status == 200
