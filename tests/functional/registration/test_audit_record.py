"""The audit record of registration: who, which client, what came of it, and nothing that must stay secret."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from shared.registration.policy import Policy
from tests.functional.registration.bridge import OTHER_PORTAL, PORTAL, WEB, Bridge, bearer, content

type Make = Callable[..., Bridge]


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines = [record.getMessage() for record in caplog.records if record.name == "bridge.registration"]
    return [json.loads(line) for line in lines if line.startswith('{"event": "registration"')]


@pytest.mark.duty(151)
@pytest.mark.usefixtures("calm")
def test_each_change_leaves_a_record(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    updated = content(bridge.call("PUT", client_id, {**WEB, "client_id": client_id}, authorization=bearer(client)))
    bridge.call("POST", client_id, authorization=bearer(updated), rotate=True)
    bridge.call("GET", client_id)
    bridge.call("DELETE", client_id)
    own = f"client:{client_id}"
    seen = [(event["action"], event["outcome"], event["caller"], event["kind"], event["client_id"]) for event in events(caplog)]
    assert seen == [
        ("register", "done", "portal", "static", client_id),
        ("update", "done", own, "registration", client_id),
        ("rotate", "done", own, "registration", client_id),
        ("read", "done", "portal", "static", client_id),
        ("delete", "done", "portal", "static", client_id),
    ]


@pytest.mark.duty(151)
@pytest.mark.usefixtures("calm")
def test_each_refusal_and_failure_leaves_a_record(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    client_id = bridge.register()["client_id"]
    bridge.call("POST", body=WEB, authorization="Bearer wrong")
    bridge.call("POST", body={**WEB, "grant_types": ["password"]})
    bridge.call("DELETE", client_id, authorization=OTHER_PORTAL)
    bridge.emulator.faults.add("error", method="GET", path="applications", status=503, times=None)
    bridge.call("GET", client_id, patient=False)
    bad, refused, forbidden, failed = events(caplog)[1:]
    assert (bad["outcome"], bad["status"], bad["error"], "caller" in bad) == ("refused", 401, "invalid_token", False)
    assert (refused["caller"], refused["error"]) == ("portal", "invalid_client_metadata")
    assert "grant_types" in refused["description"]
    assert (forbidden["caller"], forbidden["status"], forbidden["client_id"]) == ("other-portal", 403, client_id)
    assert (failed["outcome"], failed["status"]) == ("failed", 503)
    assert "request-id" in failed["detail"]
    levels = {record.levelname for record in caplog.records if '"event": "registration"' in record.getMessage()}
    assert levels == {"INFO", "WARNING", "ERROR"}


@pytest.mark.duty(45, 65, 151, 153)
def test_no_log_line_holds_a_secret_a_token_or_a_contact(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    bridge = make(policies={"default": Policy(store_contacts=True)})
    client = bridge.register({**WEB, "contacts": ["jane.doe@orders.example.com"]})
    client_id = client["client_id"]
    rotated = content(bridge.call("POST", client_id, authorization=bearer(client), rotate=True))
    bridge.call("PUT", client_id, {**WEB, "client_secret": "~the-portals-guess"}, authorization=PORTAL)
    bridge.call(
        "PUT", client_id, {**WEB, "client_id": client_id, "client_secret": "~the-portals-guess"}, authorization=bearer(rotated)
    )
    bridge.call("GET", client_id, authorization="Bearer a-wrong-token-0123456789")
    bridge.call("GET", client_id, authorization=None, query={"access_token": "a-wrong-token-0123456789"})
    for status in (400, 503):
        bridge.emulator.faults.add("error", method="POST", path="applications$", status=status)
        bridge.call("POST", body={**WEB, "contacts": ["jane.doe@orders.example.com"]})
    bridge.emulator.faults.add("error", method="POST", path="servicePrincipals$", status=500, times=None)
    bridge.call("POST", body=WEB)
    secrets = [
        client["client_secret"],
        rotated["client_secret"],
        client["registration_access_token"],
        rotated["registration_access_token"],
        "~the-portals-guess",
        "a-wrong-token",
        PORTAL,
        "jane.doe",
    ]
    text = "\n".join(record.getMessage() + json.dumps(record.__dict__, default=repr) for record in caplog.records)
    assert "register" in text
    for secret in secrets:
        assert secret not in text


def test_a_caller_cannot_begin_a_line_of_its_own(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    bridge.call("GET", 'x\n{"event": "registration", "outcome": "done"}')
    (event,) = events(caplog)
    assert event["outcome"] == "refused"
    assert all("\n" not in record.getMessage() for record in caplog.records if hasattr(record, "registration"))


@pytest.mark.duty(45)
def test_no_repr_of_the_configuration_shows_a_credential(bridge: Bridge) -> None:
    shown = repr(bridge.configuration)
    for credential in bridge.configuration.static_credentials:
        assert credential.digest.hex() not in shown
        assert repr(credential.digest) not in shown
    assert "sealing-key-of-the-tests" not in shown
