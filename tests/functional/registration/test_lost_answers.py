"""What nobody was told of is removed: found by sequences of faults (`tests/faults`), one example of each."""

import json
from typing import Any

import pytest

from shared.graph.errors import DeadlineExceeded
from shared.http.exchange import Exchange
from shared.http.message import Request
from tests.functional.registration.bridge import PORTAL, WEB, Bridge, assert_error, bearer, content, update_of
from tests.functional.registration.test_failures import CREATE, DELETE, deleted_objects, live_clients

pytestmark = pytest.mark.usefixtures("calm")
KEY = {"idempotency-key": "order-4711"}
LOOKUP: dict[str, Any] = {"method": "GET", "path": "uniqueName="}


@pytest.mark.parametrize("headers", [{}, KEY], ids=["once", "repeatable"])
def test_an_application_that_is_made_after_its_request_was_answered_is_given_to_nobody(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    sent = {"authorization": PORTAL, "content-type": "application/json", **headers}
    exchange = Exchange(Request("POST", "/register", sent, {}, {}, json.dumps(WEB).encode()), bridge.deadline())
    create = bridge.context.directory.create_application

    def create_late(*arguments: Any) -> Any:
        created = create(*arguments)
        assert exchange.expire()
        return created

    monkeypatch.setattr(bridge.context.directory, "create_application", create_late)
    with pytest.raises(Exception, match="did not answer in time") as refusal:
        bridge.service.register(exchange)
    assert isinstance(refusal.value.__cause__, DeadlineExceeded)
    assert exchange.fallback is None
    bridge.work_behind()
    left = live_clients(bridge)
    assert len(left) == bool(headers)
    assert all(bridge.application(client["appId"])["passwordCredentials"] == [] for client in left)
    assert deleted_objects(bridge) == 0


def test_a_creation_that_is_known_to_have_happened_and_cannot_be_looked_up_is_undone(bridge: Bridge) -> None:
    bridge.emulator.faults.add("reset_after", **CREATE)
    failing = bridge.emulator.faults.add("error", **LOOKUP, status=503, times=None)
    assert_error(bridge.call("POST", body=WEB, behind=False, patient=False), 503, "temporarily_unavailable")
    bridge.emulator.faults.remove(failing)
    bridge.work_behind()
    assert live_clients(bridge) == []
    assert deleted_objects(bridge) == 0


def test_the_secret_of_a_lost_creation_goes_when_its_key_leads_to_the_client(bridge: Bridge) -> None:
    bridge.emulator.faults.add("reset_after", **CREATE)
    failing = bridge.emulator.faults.add("error", **CREATE, status=503, times=None)
    assert_error(bridge.call("POST", body=WEB, headers=KEY, behind=False, patient=False), 503, "temporarily_unavailable")
    bridge.emulator.faults.remove(failing)
    client = bridge.register(headers=KEY)
    (password,) = bridge.application(client["client_id"])["passwordCredentials"]
    assert password["hint"] == client["client_secret"][:3]


def test_a_key_is_free_again_after_a_deletion_whose_answer_was_lost(bridge: Bridge) -> None:
    client = bridge.register(headers=KEY)
    bridge.emulator.faults.add("reset_after", **DELETE)
    assert_error(bridge.call("DELETE", client["client_id"], patient=False), 503, "temporarily_unavailable")
    assert bridge.register(headers=KEY)["client_id"] != client["client_id"]


def test_a_key_is_free_again_after_a_lost_answer_to_a_deletion_whose_repetition_was_refused(bridge: Bridge) -> None:
    client = bridge.register(headers=KEY)
    bridge.emulator.consistency.settle()
    bridge.emulator.faults.add("reset_after", **DELETE)
    bridge.emulator.faults.add("expired_token", times=2, skip=1, **DELETE)
    assert_error(bridge.call("DELETE", client["client_id"], patient=False), 500, "server_error")
    assert bridge.register(headers=KEY)["client_id"] != client["client_id"]


def test_a_secret_that_this_worker_gave_is_not_called_unknown_while_lists_lack_it(bridge: Bridge) -> None:
    client = bridge.register()
    bridge.emulator.consistency.set(by_app_id=60)
    rotated = content(bridge.call("POST", client["client_id"], rotate=True))
    body = update_of(client, client_secret=rotated["client_secret"])
    # The older token doesn't hold the new secret, so the list alone could prove it.
    response = bridge.call("PUT", client["client_id"], body, authorization=bearer(client), patient=False)
    assert_error(response, 503, "temporarily_unavailable")


def test_a_newer_token_outlives_an_update_that_had_read_an_old_state(bridge: Bridge) -> None:
    """The client lost an answer and went on with its older token, on whose replica the generation was the first again."""
    client = bridge.register()
    updated = content(bridge.call("PUT", client["client_id"], update_of(client), authorization=bearer(client)))
    newest = content(bridge.call("PUT", client["client_id"], update_of(client), authorization=bearer(updated)))
    record = bridge.emulator.directory.applications.find("appId", client["client_id"])
    assert record is not None
    bridge.emulator.directory.write_application(record, {"notes": record.state["notes"].replace("=3", "=2")})
    early = bridge.call("GET", client["client_id"], authorization=bearer(newest), patient=False)
    assert_error(early, 503, "temporarily_unavailable")
    bridge.emulator.clock.advance(120)
    assert bridge.call("GET", client["client_id"], authorization=bearer(newest)).status == 200
    again = content(bridge.call("PUT", client["client_id"], update_of(client), authorization=bearer(newest)))
    assert "dcr:generation=4" in bridge.application(client["client_id"])["notes"]
    assert bridge.call("GET", client["client_id"], authorization=bearer(again)).status == 200
