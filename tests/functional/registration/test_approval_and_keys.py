"""Clients that an operator must approve, clients with certificates, and clients with federated credentials."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.registration.policy import Policy
from tests.functional.registration.bridge import WEB, Bridge, Json, bearer, content
from tests.unit.registration.certificates import jwk

type Make = Callable[..., Bridge]
APPROVAL = {"default": Policy(requires_approval=True)}


def enabled(bridge: Bridge, client: Json) -> bool:
    principal = bridge.directory.read_service_principal(client["client_id"], bridge.deadline())
    assert principal is not None
    return bool(principal["accountEnabled"])


def approve(bridge: Bridge, client: Json) -> None:
    bridge.directory.update_service_principal(client["client_id"], {"accountEnabled": True}, bridge.deadline())


@pytest.mark.usefixtures("calm")
def test_a_client_that_needs_approval_gets_no_token_before_it(make: Make) -> None:
    bridge = make(policies=APPROVAL)
    client = bridge.register()
    assert client["client_secret"]
    assert client["approval"] == "pending"
    assert bridge.token_status(client["client_id"], client["client_secret"]) != 200
    approve(bridge, client)
    assert content(bridge.call("GET", client["client_id"]))["approval"] == "granted"
    assert content(bridge.call("POST", client["client_id"], rotate=True))["approval"] == "granted"
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uris": ["https://elsewhere.example.com/cb"]},
        {"scope": "openid"},
        {"client_name": "Payroll"},
        {"logo_uri": "https://orders.example.com/other.png"},
        {"grant_types": ["authorization_code", "client_credentials"]},
        {"token_endpoint_auth_method": "none", "application_type": "native"},
    ],
)
@pytest.mark.usefixtures("calm")
def test_what_was_approved_is_approved_again_when_something_else_is_made_of_it(make: Make, change: Json) -> None:
    bridge = make(policies=APPROVAL)
    client = bridge.register()
    approve(bridge, client)
    body = {**WEB, "client_id": client["client_id"], "tos_uri": "https://orders.example.com/terms"}
    updated = content(bridge.call("PUT", client["client_id"], body, authorization=bearer(client)))
    assert enabled(bridge, client)
    assert updated["approval"] == "granted"
    changed = content(bridge.call("PUT", client["client_id"], {**body, **change}, authorization=bearer(updated)))
    assert not enabled(bridge, client)
    assert changed["approval"] == "pending"


@pytest.mark.usefixtures("calm")
def test_an_update_that_the_directory_refuses_leaves_an_approved_client_approved(make: Make) -> None:
    bridge = make(policies=APPROVAL)
    client = bridge.register()
    approve(bridge, client)
    bridge.emulator.faults.add("error", method="PATCH", path=r"applications\(", status=400, code="Request_BadRequest")
    body = {**WEB, "client_id": client["client_id"], "client_name": "Payroll"}
    assert bridge.call("PUT", client["client_id"], body, authorization=bearer(client)).status == 400
    assert enabled(bridge, client)


def test_clients_of_other_policies_are_enabled_from_the_start(bridge: Bridge) -> None:
    client = bridge.register()
    bridge.call("PUT", client["client_id"], {**WEB, "redirect_uris": ["https://elsewhere.example.com/cb"]})
    assert enabled(bridge, client)
    assert "approval" not in client


# private_key_jwt


def with_keys(*numbers: int) -> Json:
    return {
        **WEB,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(number, kid=f"k{number}") for number in numbers]},
    }


@pytest.mark.duty(18, 52)
def test_a_client_with_certificates_has_no_secret_and_its_keys_come_back(bridge: Bridge) -> None:
    client = bridge.register(with_keys(0, 1))
    assert "client_secret" not in client
    application = bridge.application(client["client_id"])
    assert application["passwordCredentials"] == []
    assert [key["displayName"] for key in application["keyCredentials"]] == ["k0", "k1"]
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert read["jwks"] == client["jwks"]
    assert [key["kid"] for key in read["jwks"]["keys"]] == ["k0", "k1"]


@pytest.mark.usefixtures("calm")
def test_keys_are_read_of_clients_that_authenticate_with_them_alone(bridge: Bridge) -> None:
    plain, keyed = bridge.register(), bridge.register(with_keys(0))

    def key_reads() -> int:
        return sum("keyCredentials" in call.query.get("$select", "") for call in bridge.emulator.requests)

    assert key_reads() == 0
    content(bridge.call("GET", plain["client_id"]))
    content(bridge.call("PUT", plain["client_id"], WEB))
    content(bridge.call("POST", plain["client_id"], rotate=True))
    assert bridge.call("DELETE", plain["client_id"]).status == 204
    assert key_reads() == 0
    assert content(bridge.call("GET", keyed["client_id"]))["jwks"] == keyed["jwks"]
    assert key_reads() == 1
    assert bridge.call("POST", keyed["client_id"], rotate=True).status == 400
    assert bridge.call("DELETE", keyed["client_id"]).status == 204
    assert key_reads() == 1


def test_a_client_whose_keys_can_not_be_read_yet_is_not_gone(bridge: Bridge) -> None:
    client = bridge.register(with_keys(0))
    code = "Request_ResourceNotFound"
    bridge.emulator.faults.add("error", method="GET", path="applications", skip=1, times=None, status=404, code=code)
    assert bridge.call("GET", client["client_id"]).status == 503


@pytest.mark.duty(84)
def test_an_update_replaces_certificates_and_can_take_them_away(bridge: Bridge) -> None:
    client = bridge.register(with_keys(0))
    client_id = client["client_id"]
    updated = content(bridge.call("PUT", client_id, {**with_keys(1), "client_id": client_id}, authorization=bearer(client)))
    assert [key["kid"] for key in updated["jwks"]["keys"]] == ["k1"]
    secret = content(bridge.call("PUT", client_id, {**WEB, "client_id": client_id}, authorization=bearer(updated)))
    assert bridge.token_status(client_id, secret["client_secret"]) == 200
    assert bridge.application(client_id)["keyCredentials"] == []
    assert "jwks" not in secret


# Federated credentials

ISSUER = "https://token.actions.example"


def identity(subject: str, **changes: Any) -> Json:
    return {"issuer": ISSUER, "subject": subject, **changes}


def federated(*identities: Json) -> Json:
    return {**WEB, "token_endpoint_auth_method": "private_key_jwt", "federated_identities": list(identities)}


@pytest.fixture
def trusting(make: Make) -> Bridge:
    return make(policies={"default": Policy(federated_issuers=frozenset({ISSUER}))})


def credentials(bridge: Bridge, client: Json) -> list[tuple[str, str, list[str]]]:
    found = bridge.directory.federated_credentials(client["client_id"], bridge.deadline())
    return sorted((entry["issuer"], entry["subject"], entry["audiences"]) for entry in found)


def test_federated_identities_become_federated_credentials(trusting: Bridge) -> None:
    client = trusting.register(federated(identity("one"), identity("two", audience="api://other")))
    assert credentials(trusting, client) == [(ISSUER, "one", ["api://AzureADTokenExchange"]), (ISSUER, "two", ["api://other"])]
    read = content(trusting.call("GET", client["client_id"], authorization=bearer(client)))
    assert read["federated_identities"] == client["federated_identities"]
    assert "client_secret" not in client


@pytest.mark.duty(84)
@pytest.mark.usefixtures("calm")
def test_an_update_replaces_federated_credentials_and_keeps_an_administrators(trusting: Bridge) -> None:
    client = trusting.register(federated(identity("one"), identity("two")))
    client_id = client["client_id"]
    manual = {"name": "manual", "issuer": ISSUER, "subject": "manual", "audiences": ["api://AzureADTokenExchange"]}
    trusting.directory.add_federated_credential(client_id, manual, trusting.deadline())
    body = {**federated(identity("two"), identity("three")), "client_id": client_id}
    updated = content(trusting.call("PUT", client_id, body, authorization=bearer(client)))
    assert [subject for _, subject, _ in credentials(trusting, client)] == ["manual", "three", "two"]
    content(trusting.call("PUT", client_id, {**WEB, "client_id": client_id}, authorization=bearer(updated)))
    assert [subject for _, subject, _ in credentials(trusting, client)] == ["manual"]


def test_the_audience_of_an_identity_can_change(trusting: Bridge) -> None:
    client = trusting.register(federated(identity("one")))
    body = {**federated(identity("one", audience="api://other")), "client_id": client["client_id"]}
    assert trusting.call("PUT", client["client_id"], body).status == 200
    assert credentials(trusting, client) == [(ISSUER, "one", ["api://other"])]


def test_a_repeated_registration_mends_the_federated_credentials(trusting: Bridge) -> None:
    """RFC 7591 leaves repetitions open; what an earlier attempt didn't come to is made good, and nothing is doubled."""
    key, body = {"idempotency-key": "5f1c2b7e-7d3c-4b8f"}, federated(identity("one"), identity("two"))
    client = trusting.register(body, headers=key)
    found = trusting.directory.federated_credentials(client["client_id"], trusting.deadline())
    trusting.directory.remove_federated_credential(client["client_id"], found[0]["id"], trusting.deadline())
    assert trusting.register(body, headers=key)["client_id"] == client["client_id"]
    assert [subject for _, subject, _ in credentials(trusting, client)] == ["one", "two"]
