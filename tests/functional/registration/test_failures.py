"""When Graph fails: what callers are told, and that nothing is left behind."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from shared.registration.policy import Policy
from tests.functional.registration.bridge import WEB, Bridge, Json, assert_error, bearer, content

type Make = Callable[..., Bridge]

CREATE: dict[str, Any] = {"method": "POST", "path": "applications$"}
PRINCIPAL: dict[str, Any] = {"method": "POST", "path": "servicePrincipals$"}
READ: dict[str, Any] = {"method": "GET", "path": r"applications\("}
PATCH: dict[str, Any] = {"method": "PATCH", "path": r"applications\("}
DELETE: dict[str, Any] = {"method": "DELETE", "path": r"applications\("}
ADD: dict[str, Any] = {"method": "POST", "path": "addPassword$"}
REMOVE: dict[str, Any] = {"method": "POST", "path": "removePassword$"}


def live_clients(bridge: Bridge) -> list[Json]:
    """The bridge's applications in the emulated directory, deleted ones not counted."""
    pages = bridge.directory.tagged_pages("applications", "entra-dcr-bridge", ["appId"], bridge.deadline())
    return [entry for page in pages for entry in page]


def deleted_objects(bridge: Bridge) -> int:
    return len(bridge.emulator.directory.applications.deleted)


PASSING: list[dict[str, Any]] = [
    {"kind": "error", "status": 500},
    {"kind": "error", "status": 503, "body": "html"},
    {"kind": "error", "status": 502, "body": "empty"},
    {"kind": "error", "status": 404, "code": "Directory_ObjectNotFound"},
    {"kind": "error", "status": 503, "code": "Directory_ConcurrencyViolation"},
    {"kind": "throttle", "retry_after": 2},
    {"kind": "reset_before"},
    {"kind": "truncated"},
    {"kind": "slow", "seconds": 30},
    {"kind": "concurrency"},
]
REFUSING: list[dict[str, Any]] = [
    {"kind": "error", "status": 403, "code": "Authorization_RequestDenied"},
    {"kind": "error", "status": 403, "code": "Directory_QuotaExceeded"},
    {"kind": "error", "status": 400, "code": "Request_BadRequest"},
]


def fault_id(fault: Any) -> str:
    return "-".join(str(part) for part in fault.values()) if isinstance(fault, dict) else ""


@pytest.mark.duty(57)
@pytest.mark.parametrize("fault", PASSING, ids=fault_id)
def test_a_registration_whose_second_step_fails_is_answered_and_completed_behind(bridge: Bridge, fault: dict[str, Any]) -> None:
    failing = bridge.emulator.faults.add(**PRINCIPAL, **fault, times=None)
    response = bridge.call("POST", body=WEB, behind=False)
    assert response.status == 201
    client = content(response)
    bridge.emulator.faults.remove(failing)
    bridge.work_behind()
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.duty(57)
@pytest.mark.parametrize("fault", [*PASSING, *REFUSING], ids=fault_id)
def test_where_the_operator_says_refuse_it_leaves_nothing_behind(make: Make, fault: dict[str, Any]) -> None:
    bridge = make(when_lagging="refuse")
    bridge.emulator.faults.add(**PRINCIPAL, **fault, times=None)
    response = bridge.call("POST", body=WEB)
    # The bridge's missing right is its operator's to mend; everything else may pass, and none of it is the caller's fault.
    assert response.status == (500 if fault.get("code") == "Authorization_RequestDenied" else 503)
    assert "client_id" not in content(response)
    assert live_clients(bridge) == []
    assert deleted_objects(bridge) == 0


@pytest.mark.duty(57)
@pytest.mark.parametrize("fault", REFUSING, ids=fault_id)
def test_a_registration_whose_second_step_is_refused_leaves_nothing_behind(bridge: Bridge, fault: dict[str, Any]) -> None:
    bridge.emulator.faults.add(**PRINCIPAL, **fault, times=None)
    response = bridge.call("POST", body=WEB)
    assert response.status == (500 if fault.get("code") == "Authorization_RequestDenied" else 503)
    assert "client_id" not in content(response)
    assert live_clients(bridge) == []
    assert deleted_objects(bridge) == 0


@pytest.mark.duty(57)
def test_a_registration_whose_federated_credential_fails_gets_it_behind_its_answer(make: Make) -> None:
    bridge = make(policies={"default": Policy(federated_issuers=frozenset({"https://i.example"}))})
    fault = bridge.emulator.faults.add("error", method="POST", path="federatedIdentityCredentials$", status=500, times=None)
    identity = {"issuer": "https://i.example", "subject": "s"}
    body = {**WEB, "token_endpoint_auth_method": "private_key_jwt", "federated_identities": [identity]}
    client = content(bridge.call("POST", body=body, behind=False))
    assert bridge.directory.read_service_principal(client["client_id"], bridge.deadline()) is None
    bridge.emulator.faults.remove(fault)
    bridge.work_behind()
    assert bridge.directory.read_service_principal(client["client_id"], bridge.deadline()) is not None
    (found,) = bridge.directory.federated_credentials(client["client_id"], bridge.deadline())
    assert found["subject"] == "s"


@pytest.mark.duty(57)
@pytest.mark.parametrize("fault", [{"kind": "reset_after"}, {"kind": "truncated"}, {"kind": "reset_before"}], ids=fault_id)
def test_a_creation_whose_answer_is_lost_is_settled(bridge: Bridge, fault: dict[str, Any]) -> None:
    bridge.emulator.faults.add(**CREATE, **fault)
    client = bridge.register()
    (entry,) = live_clients(bridge)
    assert entry["appId"] == client["client_id"]
    (password,) = bridge.application(client["client_id"])["passwordCredentials"]
    assert password["hint"] == client["client_secret"][:3]
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.parametrize(
    "after", [{"kind": "throttle", "retry_after": 1}, {"kind": "reset_before"}, {"kind": "error", "status": 500}]
)
def test_a_creation_that_stays_unsettled_is_undone_behind_the_error(bridge: Bridge, after: dict[str, Any]) -> None:
    """A lost answer stays unknown, whatever later attempts are refused for."""
    bridge.emulator.faults.add("reset_after", **CREATE)
    bridge.emulator.faults.add(**CREATE, **after, times=None)
    assert_error(bridge.call("POST", body=WEB, behind=False), 503, "temporarily_unavailable")
    assert len(live_clients(bridge)) == 1
    bridge.work_behind()
    assert live_clients(bridge) == []
    assert deleted_objects(bridge) == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "status": 400, "message": "New password credentials must be generated using service actions."},
    ],
)
def test_a_tenant_that_takes_no_password_in_a_creation_takes_it_afterwards(bridge: Bridge, fault: dict[str, Any]) -> None:
    bridge.emulator.faults.add(**CREATE, **fault, code="Request_BadRequest")
    client = bridge.register()
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.usefixtures("calm")
def test_what_cannot_be_undone_is_logged_with_its_client_id(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    bridge = make(when_lagging="refuse")
    bridge.emulator.faults.add("error", **PRINCIPAL, status=500, times=None)
    bridge.emulator.faults.add("error", **DELETE, status=500, times=None)
    assert bridge.call("POST", body=WEB, patient=False).status == 503
    (left,) = live_clients(bridge)
    assert any(left["appId"] in record.message and record.levelno == logging.ERROR for record in caplog.records)


@pytest.mark.duty(66)
@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ({"kind": "error", "status": 400, "code": "Request_BadRequest"}, 400, "invalid_client_metadata"),
        ({"kind": "error", "status": 401, "code": "InvalidAuthenticationToken"}, 500, "server_error"),
        ({"kind": "error", "status": 403, "code": "Authorization_RequestDenied"}, 500, "server_error"),
        ({"kind": "error", "status": 403, "code": "Directory_QuotaExceeded"}, 503, "temporarily_unavailable"),
        ({"kind": "error", "status": 403, "code": "Directory_ResourceSizeExceeded"}, 400, "invalid_client_metadata"),
        ({"kind": "error", "status": 400, "code": "CredentialTypeNotAllowedAsPerAppPolicy"}, 400, "invalid_client_metadata"),
        ({"kind": "error", "status": 400, "code": "CredentialInvalidLifetimeAsPerAppPolicy"}, 500, "server_error"),
        ({"kind": "throttle", "retry_after": 7}, 503, "temporarily_unavailable"),
        ({"kind": "throttle", "retry_after": 2.128}, 503, "temporarily_unavailable"),
        ({"kind": "error", "status": 500}, 503, "temporarily_unavailable"),
        ({"kind": "error", "status": 504, "body": "html"}, 503, "temporarily_unavailable"),
        ({"kind": "slow", "seconds": 60}, 503, "temporarily_unavailable"),
    ],
    ids=lambda value: "-".join(str(part) for part in value.values()) if isinstance(value, dict) else "",
)
def test_graphs_failures_are_told_in_oauths_words(bridge: Bridge, fault: dict[str, Any], status: int, error: str) -> None:
    bridge.emulator.faults.add(**CREATE, **fault, times=None, message="Graph says 'secret things'")
    response = bridge.call("POST", body=WEB)
    assert_error(response, status, error)
    assert "secret things" not in response.body.decode()
    assert ("Retry-After" in response.headers) is (status == 503)
    assert live_clients(bridge) == []


@pytest.mark.duty(66)
@pytest.mark.parametrize(
    ("method", "graph"), [("GET", READ), ("PUT", READ), ("PUT", PATCH), ("DELETE", READ), ("DELETE", DELETE)]
)
def test_a_failure_while_managing_is_retryable(bridge: Bridge, method: str, graph: dict[str, Any]) -> None:
    client = bridge.register()
    bridge.emulator.faults.add("error", **graph, status=503, times=None)
    body = {**WEB, "client_id": client["client_id"]}
    response = bridge.call(method, client["client_id"], body, authorization=bearer(client))
    assert_error(response, 503, "temporarily_unavailable")
    bridge.emulator.faults.clear()
    assert bridge.call(method, client["client_id"], body, authorization=bearer(client)).status in (200, 204)


@pytest.mark.parametrize("graph", [READ, PATCH, DELETE])
def test_a_fault_that_passes_is_not_noticed(bridge: Bridge, graph: dict[str, Any]) -> None:
    client = bridge.register()
    bridge.emulator.faults.add("error", **graph, status=503)
    method = graph["method"].replace("PATCH", "PUT")
    body = {**WEB, "client_id": client["client_id"]}
    assert bridge.call(method, client["client_id"], body, authorization=bearer(client)).status in (200, 204)


@pytest.mark.duty(58)
@pytest.mark.usefixtures("calm")
def test_an_answer_comes_within_the_callers_time(make: Make) -> None:
    for graph, status in ((CREATE, 503), (PRINCIPAL, 201)):
        bridge = make()
        bridge.emulator.faults.add("throttle", **graph, retry_after=1, times=None)
        start = bridge.clock.monotonic()
        assert bridge.call("POST", body=WEB, behind=False, patient=False).status == status
        assert bridge.clock.monotonic() - start <= 4.5
        bridge.emulator.faults.clear()


@pytest.mark.duty(58)
def test_a_new_application_that_other_replicas_do_not_know_yet_gets_its_service_principal(bridge: Bridge) -> None:
    for refusal in ("bad_request", "forbidden"):
        bridge.emulator.consistency.reference_refusal = refusal
        bridge.emulator.consistency.set(service_principal_reference=1.5)
        client = bridge.register()
        bridge.emulator.consistency.set(service_principal_reference=0)
        assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.duty(57, 58)
@pytest.mark.parametrize("refusal", ["bad_request", "forbidden"])
def test_a_registration_that_replication_holds_up_becomes_usable_by_itself(bridge: Bridge, refusal: str) -> None:
    bridge.emulator.consistency.reference_refusal = refusal
    bridge.emulator.consistency.set(service_principal_reference=60)
    client = content(bridge.call("POST", body=WEB))
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.duty(57, 58)
def test_a_registration_that_replication_holds_up_is_undone_where_the_operator_says_so(make: Make) -> None:
    bridge = make(when_lagging="refuse")
    bridge.emulator.consistency.set(service_principal_reference=60)
    assert_error(bridge.call("POST", body=WEB), 503, "temporarily_unavailable")
    bridge.emulator.consistency.set_all(0)
    assert live_clients(bridge) == []


@pytest.mark.duty(80)
def test_a_client_can_be_managed_while_replicas_do_not_know_it_yet(bridge: Bridge) -> None:
    bridge.emulator.consistency.set(by_app_id=1.5)
    client = bridge.register()
    for authorization in (bearer(client), "SSWS portal-credential-0123456789"):
        response = bridge.call("GET", client["client_id"], authorization=authorization)
        assert response.status == 200


def test_a_client_is_not_taken_for_deleted_while_replicas_do_not_know_it_yet(bridge: Bridge) -> None:
    bridge.emulator.consistency.set(by_app_id=1.5)
    client = bridge.register()
    assert bridge.call("DELETE", client["client_id"]).status == 204
    bridge.emulator.clock.advance(10)
    assert live_clients(bridge) == []


def test_an_old_token_whose_client_is_gone_is_told_at_once(bridge: Bridge) -> None:
    client = bridge.register()
    bridge.call("DELETE", client["client_id"])
    bridge.emulator.clock.advance(3600)
    start = bridge.clock.monotonic()
    assert bridge.call("GET", client["client_id"], authorization=bearer(client)).status == 401
    assert bridge.clock.monotonic() == start
