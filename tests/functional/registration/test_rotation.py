"""New secrets: the rotation endpoint, and MuleSoft's PUT with another secret."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditRules
from shared.audit.credential_states import CredentialState, credential_statuses
from shared.http.exchange import Exchange
from shared.http.message import Request
from shared.registration.policy import Policy
from shared.registration.secrets import MOST_SECRETS
from tests.functional.registration.bridge import API_KEY, PORTAL, WEB, Bridge, assert_error, bearer, content, update_of

type Make = Callable[..., Bridge]


@pytest.mark.duty(94, 95)
@pytest.mark.usefixtures("calm")
def test_a_new_secret_overlaps_with_the_old_one(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    bridge.emulator.clock.advance(3600)
    rotated = content(bridge.call("POST", client_id, authorization=bearer(client), rotate=True))
    assert rotated.keys() == client.keys()
    assert rotated["client_secret_expires_at"] == client["client_secret_expires_at"] + 3600
    for secret in (client["client_secret"], rotated["client_secret"]):
        assert bridge.token_status(client_id, secret) == 200
    read = content(bridge.call("GET", client_id, authorization=bearer(rotated)))
    assert read["client_secret"] == rotated["client_secret"]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_secrets_made_within_one_second_are_told_apart_while_lists_lag(bridge: Bridge, method: str) -> None:
    """Tokens say when they were made in whole seconds: what a list shows of the same second isn't newer."""
    client = bridge.register()
    client_id = client["client_id"]
    bridge.emulator.consistency.settle()
    bridge.emulator.consistency.set_all(0.3)
    bridge.emulator.clock.advance(1.05 - bridge.clock.now().timestamp() % 1)
    second = content(bridge.call("POST", client_id, authorization=bearer(client), rotate=True, behind=False))
    bridge.emulator.clock.advance(0.45)
    third = content(bridge.call("POST", client_id, authorization=bearer(second), rotate=True, behind=False))
    body = update_of(client) if method == "PUT" else None
    answer = bridge.call(method, client_id, body, authorization=bearer(third), behind=False)
    assert content(answer)["client_secret"] == third["client_secret"]


@pytest.mark.duty(95)
def test_the_audit_sees_the_old_secret_as_superseded_when_the_overlap_is_over(bridge: Bridge) -> None:
    client_id = bridge.register()["client_id"]
    bridge.emulator.clock.advance(30 * 86_400)
    bridge.call("POST", client_id, rotate=True)
    bridge.work_behind()
    client = ClientLists(bridge.directory, bridge.configuration.bridge_tag, "").find_client(client_id, bridge.deadline())
    assert client is not None
    rules = AuditRules(overlap=timedelta(seconds=bridge.configuration.secret_overlap))
    now, healthy = bridge.clock.now(), CredentialState.HEALTHY
    for moment, older in ((now, CredentialState.OVERLAPPING), (now + rules.overlap, CredentialState.SUPERSEDED)):
        assert sorted(status.state for status in credential_statuses(client, rules, moment)) == [healthy, older]


@pytest.mark.duty(95)
@pytest.mark.usefixtures("calm")
def test_no_secret_that_a_caller_has_is_removed_to_make_room(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    seen = [client["client_secret"]]
    for _ in range(MOST_SECRETS - 1):
        bridge.emulator.clock.advance(60)
        seen.append(content(bridge.call("POST", client_id, rotate=True))["client_secret"])
    assert_error(bridge.call("POST", client_id, rotate=True), 409, "conflict", "20 secrets")
    assert all(bridge.token_status(client_id, secret) == 200 for secret in seen)


@pytest.mark.duty(94)
def test_the_old_secret_ends_at_once_where_it_is_asked_for(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    rotated = content(bridge.call("POST", client_id, {"remove_old": True}, rotate=True))
    assert bridge.token_status(client_id, client["client_secret"]) == 401
    assert bridge.token_status(client_id, rotated["client_secret"]) == 200


@pytest.mark.duty(94)
@pytest.mark.usefixtures("calm")
def test_a_portal_whose_contract_says_so_ends_the_old_secret_without_asking(bridge: Bridge) -> None:
    key = {"x-api-key": API_KEY}
    client = bridge.register(authorization=None, headers=key)
    client_id = client["client_id"]
    exchange = Exchange(Request("POST", "/", key, params={"client_id": client_id}), bridge.deadline())
    rotated = content(bridge.service.rotate(exchange, immediate=True))
    bridge.work_behind()
    assert (rotated["client_id"], bridge.token_status(client_id, client["client_secret"])) == (client_id, 401)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.duty(94)
def test_rotation_takes_no_body_and_any_of_three_methods(bridge: Bridge, method: str) -> None:
    client = bridge.register()
    assert bridge.call(method, client["client_id"], authorization=bearer(client), rotate=True).status == 200


@pytest.mark.parametrize("body", [{"remove_old": "yes"}, {"remove_old": 1}, {"remove_old": None}])
def test_a_wish_that_is_not_clear_is_refused(bridge: Bridge, body: dict[str, object]) -> None:
    client_id = bridge.register()["client_id"]
    assert_error(bridge.call("POST", client_id, body, rotate=True), 400, "invalid_request", "remove_old")


def test_a_client_without_a_secret_gets_none(bridge: Bridge) -> None:
    client = bridge.register({"application_type": "native", "redirect_uris": ["com.example.app:/cb"]})
    response = bridge.call("POST", client["client_id"], authorization=bearer(client), rotate=True)
    assert_error(response, 400, "invalid_request", "none")


def test_a_secret_of_an_administrator_is_not_removed(bridge: Bridge) -> None:
    client_id = bridge.register()["client_id"]
    record = bridge.emulator.directory.applications.by_key["appId"][client_id]
    bridge.emulator.add_secret(record)
    for _ in range(3):
        bridge.call("POST", client_id, rotate=True)
    names = [password["displayName"] for password in bridge.application(client_id)["passwordCredentials"]]
    assert names.count("made by the emulator") == 1
    assert len(names) == 5
    own = [name for name in names if name.startswith("dcr")]
    assert all(re.fullmatch(r"dcr [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9a-f]{8}", name) for name in own), own
    assert len(set(own)) == 4


# MuleSoft's dialect


@pytest.mark.duty(85)
def test_a_portals_update_with_the_current_secret_is_an_update_and_repeats_the_secret(bridge: Bridge) -> None:
    client = bridge.register()
    body = {**WEB, "client_id": client["client_id"], "client_secret": client["client_secret"]}
    updated = content(bridge.call("PUT", client["client_id"], body, authorization=PORTAL))
    assert updated["client_secret"] == client["client_secret"]
    assert updated["client_secret_expires_at"] == client["client_secret_expires_at"]
    assert len(bridge.application(client["client_id"])["passwordCredentials"]) == 1


@pytest.mark.duty(85)
def test_a_portals_update_with_another_secret_asks_for_a_new_one_and_never_sets_it(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    body = {**WEB, "client_id": client_id, "client_secret": "~~~ not the current one"}
    updated = content(bridge.call("PUT", client_id, body, authorization=PORTAL))
    assert updated["client_secret"] not in (client["client_secret"], body["client_secret"])
    assert bridge.token_status(client_id, updated["client_secret"]) == 200
    assert bridge.token_status(client_id, client["client_secret"]) == 200
    assert bridge.token_status(client_id, "~~~ not the current one") == 401


@pytest.mark.duty(85)
def test_a_strict_setting_refuses_a_portals_other_secret(make: Make) -> None:
    bridge = make(mismatch="refuse")
    client_id = bridge.register()["client_id"]
    response = bridge.call("PUT", client_id, {**WEB, "client_id": client_id, "client_secret": "~~~"}, authorization=PORTAL)
    assert_error(response, 400, "invalid_client_metadata", "client_secret")


def test_a_policy_without_rotation_refuses_a_portals_other_secret(make: Make) -> None:
    bridge = make(policies={"default": Policy(may_rotate=False)})
    client_id = bridge.register()["client_id"]
    response = bridge.call("PUT", client_id, {**WEB, "client_secret": "~~~"}, authorization=PORTAL)
    assert_error(response, 400, "invalid_client_metadata", "client_secret")
    assert len(bridge.application(client_id)["passwordCredentials"]) == 1


def test_a_secret_that_was_compared_by_its_first_characters_alone_is_not_sealed(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    guess = client["client_secret"][:3] + "-the rest is invented"
    updated = content(bridge.call("PUT", client_id, {**WEB, "client_secret": guess}, authorization=PORTAL))
    assert updated["client_secret"] == guess
    assert "client_secret" not in content(bridge.call("GET", client_id, authorization=bearer(updated)))


def test_a_secret_that_a_portal_sends_for_a_public_client_means_nothing(bridge: Bridge) -> None:
    native = {"application_type": "native", "redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none"}
    client = bridge.register(native)
    updated = content(bridge.call("PUT", client["client_id"], {**native, "client_secret": "x"}, authorization=PORTAL))
    assert "client_secret" not in updated
