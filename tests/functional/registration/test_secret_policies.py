"""Tenants' policies for secrets."""

from typing import Any

import pytest

from tests.functional.registration.bridge import WEB, Bridge, assert_error, content
from tests.functional.registration.test_failures import ADD, CREATE, REMOVE, Make


@pytest.mark.parametrize("graph", [CREATE, ADD])
@pytest.mark.usefixtures("calm")
def test_a_lifetime_that_the_tenants_policy_refuses_is_tried_again_with_a_shorter_one(
    bridge: Bridge, graph: dict[str, Any]
) -> None:
    client = bridge.register()
    fault: dict[str, Any] = {"status": 400, "code": "CredentialInvalidLifetimeAsPerAppPolicy", "message": "too long"}
    bridge.emulator.faults.add("error", **graph, **fault)
    now = int(bridge.clock.now().timestamp())
    answer = bridge.register() if graph is CREATE else content(bridge.call("POST", client["client_id"], rotate=True))
    assert answer["client_secret_expires_at"] == now + 90 * 86_400


def test_a_secret_of_the_shorter_life_is_not_tried_where_there_is_none(make: Make) -> None:
    bridge = make(shorter_secret_lifetime=None)
    bridge.emulator.faults.add("error", **CREATE, status=400, code="CredentialInvalidLifetimeAsPerAppPolicy", times=None)
    assert_error(bridge.call("POST", body=WEB), 500, "server_error")
    assert len(bridge.emulator.requests.of("POST", "/applications")) == 1


@pytest.mark.duty(95)
@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
def test_a_rotation_whose_answer_is_lost_gives_another_secret_and_removes_the_lost_one(bridge: Bridge, kind: str) -> None:
    client = bridge.register()
    bridge.emulator.faults.add(kind, **ADD)
    rotated = content(bridge.call("POST", client["client_id"], rotate=True))
    hints = sorted(entry["hint"] for entry in bridge.application(client["client_id"])["passwordCredentials"])
    assert hints == sorted(secret[:3] for secret in (client["client_secret"], rotated["client_secret"]))
    assert bridge.token_status(client["client_id"], rotated["client_secret"]) == 200


def test_an_immediate_rotation_tells_the_new_secret_and_ends_the_old_ones_behind_it(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    fault = bridge.emulator.faults.add("error", **REMOVE, status=503, times=None)
    rotated = content(bridge.call("POST", client_id, {"remove_old": True}, rotate=True, behind=False))
    assert rotated["old_secrets"] == "ending"
    assert bridge.token_status(client_id, rotated["client_secret"]) == 200
    bridge.emulator.faults.remove(fault)
    bridge.work_behind()
    assert bridge.token_status(client_id, client["client_secret"]) == 401
    assert len(bridge.application(client_id)["passwordCredentials"]) == 1
