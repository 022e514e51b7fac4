"""The timer that finishes registrations which a worker's end left open."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from shared.graph.errors import Unavailable
from shared.registration.finishing import MADE_BY_TIMER, FinishedRegistrations, RegistrationFinisher
from shared.registration.policy import Policy
from tests.functional.registration.bridge import WEB, Bridge, Json, content

type Make = Callable[..., Bridge]

PRINCIPAL: dict[str, Any] = {"method": "POST", "path": "servicePrincipals$"}
NOTHING = FinishedRegistrations((), (), ())


def abandoned(bridge: Bridge, body: Json = WEB) -> Json:
    """A client that was answered, and whose worker ended before it had a service principal."""
    failing = bridge.emulator.faults.add("error", **PRINCIPAL, status=500, times=None)
    client = content(bridge.call("POST", body=body, behind=False))
    bridge.emulator.faults.remove(failing)
    bridge.restart()
    return client


def finish(bridge: Bridge, finisher: RegistrationFinisher | None = None, *, after: float = 180) -> FinishedRegistrations:
    bridge.clock.sleep(after)
    finished = (finisher or RegistrationFinisher(bridge.context)).finish(bridge.deadline(240))
    bridge.work_behind()
    return finished


def principal(bridge: Bridge, client: Json) -> Json | None:
    return bridge.directory.read_service_principal(client["client_id"], bridge.deadline())


def test_a_client_whose_worker_ended_gets_its_tokens(bridge: Bridge) -> None:
    client = abandoned(bridge)
    assert bridge.token_status(client["client_id"], client["client_secret"]) != 200
    assert finish(bridge) == FinishedRegistrations((client["client_id"],), (), ())
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200
    made = principal(bridge, client)
    assert made is not None
    assert MADE_BY_TIMER in made["tags"]


def test_nothing_registered_is_one_request(bridge: Bridge) -> None:
    RegistrationFinisher(bridge.context).finish(bridge.deadline())  # the token's request is not counted
    before = len(bridge.emulator.requests)
    assert finish(bridge) == NOTHING
    assert [call.path for call in bridge.emulator.requests[before:]] == ["/v1.0/applications"]


def test_clients_that_are_whole_are_asked_for_once(bridge: Bridge) -> None:
    for number in range(20):
        bridge.register({**WEB, "client_name": f"client {number}"})
    finisher = RegistrationFinisher(bridge.context)
    assert finish(bridge, finisher) == NOTHING
    assert len(bridge.emulator.requests.of("GET", "/v1.0/servicePrincipals")) == 2
    assert finish(bridge, finisher) == NOTHING
    assert len(bridge.emulator.requests.of("GET", "/v1.0/servicePrincipals")) == 2


def test_a_registration_that_may_be_under_way_is_left_alone(bridge: Bridge) -> None:
    client = abandoned(bridge)
    assert finish(bridge, after=60) == NOTHING
    assert principal(bridge, client) is None


def test_what_is_older_than_a_day_is_left_to_the_audit(bridge: Bridge) -> None:
    client = abandoned(bridge)
    assert finish(bridge, after=90_000) == NOTHING
    assert principal(bridge, client) is None


def test_applications_of_others_are_left_alone(bridge: Bridge) -> None:
    bridge.directory.create_application({"displayName": "someone's", "tags": ["elsewhere"]}, bridge.deadline())
    assert finish(bridge) == NOTHING
    assert bridge.emulator.requests.of("POST", "/v1.0/servicePrincipals") == []


def test_a_list_that_lags_costs_one_request_and_changes_nothing(bridge: Bridge) -> None:
    client = abandoned(bridge)
    bridge.clock.sleep(4000)
    bridge.emulator.consistency.lag(3600, 3600, "lists")
    with bridge.emulator.consistency.request():
        bridge.directory.create_service_principal(client["client_id"], bridge.deadline())
    made = principal(bridge, client)
    assert finish(bridge) == FinishedRegistrations((client["client_id"],), (), ())
    assert [call.status for call in bridge.emulator.requests.of("POST", "/v1.0/servicePrincipals")][-2:] == [201, 409]
    assert principal(bridge, client) == made


def test_a_client_awaiting_approval_stays_so(make: Make) -> None:
    bridge = make(policies={"default": Policy(requires_approval=True)})
    client = abandoned(bridge)
    assert finish(bridge).completed == (client["client_id"],)
    made = principal(bridge, client)
    assert made is not None
    assert made["accountEnabled"] is False


def test_it_gets_its_federated_credentials_too(make: Make) -> None:
    bridge = make(policies={"default": Policy(federated_issuers=frozenset({"https://i.example"}))})
    identity = {"issuer": "https://i.example", "subject": "s"}
    client = abandoned(bridge, {**WEB, "token_endpoint_auth_method": "private_key_jwt", "federated_identities": [identity]})
    assert finish(bridge).completed == (client["client_id"],)
    assert [entry["subject"] for entry in bridge.directory.federated_credentials(client["client_id"], bridge.deadline())] == ["s"]


def test_one_that_fails_does_not_keep_the_others(bridge: Bridge) -> None:
    clients = {abandoned(bridge, {**WEB, "client_name": f"client {number}"})["client_id"] for number in range(3)}
    bridge.emulator.faults.add("error", **PRINCIPAL, status=400, code="Request_BadRequest", times=1)
    first = finish(bridge)
    assert (len(first.completed), len(first.refused)) == (2, 1)
    assert {*first.completed, *first.refused} == clients
    assert finish(bridge).completed == first.refused


def test_one_that_lasts_is_left_to_the_next_run(bridge: Bridge) -> None:
    client = abandoned(bridge)
    failing = bridge.emulator.faults.add("error", **PRINCIPAL, status=503, times=None)
    begun = bridge.clock.monotonic()
    assert finish(bridge, after=180).left == (client["client_id"],)
    # The others of the run get most of its 240 seconds.
    assert bridge.clock.monotonic() - begun - 180 < 30
    bridge.emulator.faults.remove(failing)
    assert finish(bridge).completed == (client["client_id"],)


def test_a_refusal_keeps_a_client_that_was_answered(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    client = abandoned(bridge)
    bridge.emulator.faults.add("error", **PRINCIPAL, status=403, code="Directory_QuotaExceeded", times=None)
    with caplog.at_level(logging.ERROR, "bridge.registration"):
        assert finish(bridge).refused == (client["client_id"],)
    assert "gets no tokens" in caplog.text
    assert bridge.application(client["client_id"])["appId"] == client["client_id"]


def test_a_refusal_deletes_what_was_not_answered(make: Make) -> None:
    bridge = make(when_lagging="refuse")
    bridge.emulator.faults.add("error", **PRINCIPAL, status=403, code="Directory_QuotaExceeded", times=None)
    assert bridge.call("POST", body=WEB, behind=False).status == 503
    bridge.restart()
    assert len(finish(bridge).refused) == 1
    assert list(bridge.directory.tagged_pages("applications", "entra-dcr-bridge", ["appId"], bridge.deadline())) == [[]]
    assert len(bridge.emulator.directory.applications.deleted) == 0


def test_a_list_that_cannot_be_read_is_an_error_of_the_run(bridge: Bridge) -> None:
    bridge.emulator.faults.add("error", method="GET", path="applications$", status=503, times=None)
    with pytest.raises(Unavailable):
        finish(bridge)
