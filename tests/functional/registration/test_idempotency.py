"""Repeated registrations: the same client, never a second application, never another caller's."""

from collections.abc import Callable

import pytest

from shared.registration.policy import Policy
from shared.registration.secrets import MOST_SECRETS
from tests.functional.registration.bridge import OTHER_PORTAL, WEB, Bridge, assert_error, content
from tests.functional.registration.test_failures import live_clients
from tests.unit.registration.certificates import jwk

type Make = Callable[..., Bridge]
KEY = {"idempotency-key": "5f1c2b7e-7d3c-4b8f"}
SOFTWARE = {**WEB, "software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2"}
ONCE = {"default": Policy(one_client_per_software=True), "open": Policy("open", one_client_per_software=True)}


@pytest.mark.duty(152)
@pytest.mark.usefixtures("calm")
def test_a_repeated_registration_gives_the_same_client_with_a_secret_that_works(bridge: Bridge) -> None:
    first = bridge.register(headers=KEY)
    again = bridge.register(headers=KEY)
    assert again["client_id"] == first["client_id"]
    assert bridge.token_status(again["client_id"], again["client_secret"]) == 200
    same = first.keys() - {"client_secret", "registration_access_token"}
    assert {name: again[name] for name in same} == {name: first[name] for name in same}
    assert len(live_clients(bridge)) == 1


@pytest.mark.duty(152)
@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
def test_a_retry_after_a_lost_answer_finds_the_client(bridge: Bridge, kind: str) -> None:
    bridge.emulator.faults.add(kind, method="POST", path="applications$")
    first = content(bridge.call("POST", body=WEB, headers=KEY))
    client = bridge.register(headers=KEY)
    assert first["client_id"] == client["client_id"]
    assert len(live_clients(bridge)) == 1
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.parametrize("status", [500, 403])
def test_a_retry_after_a_failed_registration_gives_the_same_client(bridge: Bridge, status: int) -> None:
    """What another request under the key may have been answered with is never undone."""
    fault = bridge.emulator.faults.add("error", method="POST", path="servicePrincipals$", status=status, times=None)
    assert bridge.call("POST", body=WEB, headers=KEY, behind=False).status in (201, 500)
    (left,) = live_clients(bridge)
    bridge.emulator.faults.remove(fault)
    client = bridge.register(headers=KEY)
    assert client["client_id"] == left["appId"]
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


def test_a_registration_under_a_key_that_runs_twice_at_once_is_not_undone(make: Make) -> None:
    bridge = make(when_lagging="refuse")
    fault = bridge.emulator.faults.add("error", method="POST", path="servicePrincipals$", status=500, times=None)
    assert bridge.call("POST", body=WEB, headers=KEY, behind=False).status == 503
    bridge.emulator.faults.remove(fault)
    told = bridge.register(headers=KEY)
    bridge.work_behind()
    assert bridge.token_status(told["client_id"], told["client_secret"]) == 200


@pytest.mark.usefixtures("calm")
def test_secrets_of_repetitions_pile_up_to_a_limit_and_no_further(bridge: Bridge) -> None:
    client_id = bridge.register(headers=KEY)["client_id"]
    for _ in range(MOST_SECRETS - 1):
        bridge.emulator.clock.advance(60)
        bridge.register(headers=KEY)
    assert_error(bridge.call("POST", body=WEB, headers=KEY), 409, "conflict", "secrets")
    assert len(bridge.application(client_id)["passwordCredentials"]) == MOST_SECRETS


def test_a_repeated_registration_of_a_public_client_has_no_secret(bridge: Bridge) -> None:
    native = {"application_type": "native", "redirect_uris": ["com.example.app:/cb"]}
    first, again = bridge.register(native, headers=KEY), bridge.register(native, headers=KEY)
    assert first["client_id"] == again["client_id"]
    assert "client_secret" not in again


def test_a_repeated_registration_of_a_client_with_keys_answers_with_them(bridge: Bridge) -> None:
    sent = {**WEB, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(0, kid="k0")]}}
    first, again = bridge.register(sent, headers=KEY), bridge.register(sent, headers=KEY)
    assert (again["client_id"], again["jwks"]) == (first["client_id"], first["jwks"])
    assert [key["kid"] for key in again["jwks"]["keys"]] == ["k0"]


def test_the_order_of_members_does_not_make_another_request(bridge: Bridge) -> None:
    first = bridge.register(headers=KEY)
    assert bridge.register(dict(reversed(WEB.items())), headers=KEY)["client_id"] == first["client_id"]


def test_a_key_that_comes_with_another_request_is_a_conflict(bridge: Bridge) -> None:
    bridge.register(headers=KEY)
    response = bridge.call("POST", body={**WEB, "client_name": "Other"}, headers=KEY)
    assert_error(response, 409, "conflict", "Idempotency-Key")


@pytest.mark.parametrize("key", ["a b", "x" * 256, "ü", "a\tb"])
def test_a_key_that_is_not_one_is_refused(bridge: Bridge, key: str) -> None:
    assert_error(bridge.call("POST", body=WEB, headers={"idempotency-key": key}), 400, "invalid_request", "Idempotency-Key")


@pytest.mark.duty(152)
def test_no_caller_reaches_another_callers_client_by_its_key(bridge: Bridge) -> None:
    mine = bridge.register(headers=KEY)
    theirs = bridge.register(headers=KEY, authorization=OTHER_PORTAL)
    assert mine["client_id"] != theirs["client_id"]


@pytest.mark.duty(28)
def test_a_policy_gives_one_client_for_each_version_of_a_software(make: Make) -> None:
    bridge = make(policies=ONCE)
    first = bridge.register(SOFTWARE)
    again = bridge.register({**SOFTWARE, "client_name": "Another name"})
    assert again["client_id"] == first["client_id"]
    assert again["client_name"] == first["client_name"]
    assert bridge.register({**SOFTWARE, "software_version": "3"})["client_id"] != first["client_id"]
    assert bridge.register(SOFTWARE, authorization=OTHER_PORTAL)["client_id"] != first["client_id"]
    assert len(live_clients(bridge)) == 3


@pytest.mark.duty(28)
def test_without_such_a_policy_a_software_may_have_many_clients(bridge: Bridge) -> None:
    assert bridge.register(SOFTWARE)["client_id"] != bridge.register(SOFTWARE)["client_id"]


@pytest.mark.duty(28, 152)
def test_callers_without_a_credential_share_no_client(make: Make) -> None:
    bridge = make(policies=ONCE, open_policy="open")
    for options in ({"headers": KEY}, {}):
        first = bridge.register(SOFTWARE, authorization=None, **options)
        second = bridge.register(SOFTWARE, authorization=None, **options)
        assert first["client_id"] != second["client_id"]


@pytest.mark.duty(152)
def test_a_deleted_client_makes_room_for_the_same_registration(make: Make) -> None:
    bridge = make(policies=ONCE)
    for options in ({"headers": KEY}, {}):
        client = bridge.register(SOFTWARE, **options)
        assert bridge.call("DELETE", client["client_id"]).status == 204
        assert bridge.register(SOFTWARE, **options)["client_id"] != client["client_id"]


@pytest.mark.duty(152)
def test_a_name_that_a_deleted_application_still_holds_is_retryable_and_makes_no_second_one(bridge: Bridge) -> None:
    client = bridge.register(headers=KEY)
    bridge.call("DELETE", client["client_id"], behind=False)
    response = bridge.call("POST", body=WEB, headers=KEY, behind=False)
    assert_error(response, 503, "temporarily_unavailable")
    assert "Retry-After" in response.headers
    assert live_clients(bridge) == []
    bridge.work_behind()
    assert bridge.register(headers=KEY)["client_id"] != client["client_id"]


@pytest.mark.duty(152)
def test_a_name_whose_worker_ended_before_it_could_purge_gives_way_to_the_next(bridge: Bridge) -> None:
    client = bridge.register(headers=KEY)
    bridge.call("DELETE", client["client_id"], behind=False)
    bridge.restart()
    assert bridge.call("POST", body=WEB, headers=KEY).status == 503
    bridge.emulator.clock.advance(600)
    again = bridge.register(headers=KEY)
    assert again["client_id"] != client["client_id"]
    assert bridge.register(headers=KEY)["client_id"] == again["client_id"]


def test_a_repetition_waits_for_replicas(bridge: Bridge) -> None:
    bridge.emulator.consistency.set(by_unique_name=1.0)
    first = bridge.register(headers=KEY)
    assert bridge.register(headers=KEY)["client_id"] == first["client_id"]


def test_an_application_of_that_name_which_is_not_the_callers_is_a_conflict(bridge: Bridge) -> None:
    client = bridge.register(headers=KEY)
    tags = [tag for tag in bridge.application(client["client_id"])["tags"] if tag != "entra-dcr-bridge"]
    bridge.directory.update_application(client["client_id"], {"tags": tags}, bridge.deadline())
    assert_error(bridge.call("POST", body=WEB, headers=KEY), 409, "conflict")
    assert content(bridge.call("POST", body=WEB, headers={"idempotency-key": "other"}))["client_id"]
