"""What the parts of the bridge depend on, and what an operator is told when they can't be built."""

import asyncio
import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator.server import EntraEmulator
from local.sandbox import ROOT
from shared import application as composition
from shared.application import Application
from shared.environment import InvalidSettings
from shared.http.message import Request

SECRET = "gateway-secret"
HEAVY = ("msal", "requests", "pydantic", "jwt", "boto3")


@pytest.fixture(scope="module")
def entra() -> Iterator[EntraEmulator]:
    with EntraEmulator() as emulator:
        yield emulator


@pytest.fixture
def variables(entra: EntraEmulator) -> dict[str, str]:
    caller = {
        "client_id": "gateway",
        "secret_sha256": [hashlib.sha256(SECRET.encode()).hexdigest()],
        "audiences": ["api://orders"],
    }
    identity = entra.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
    return {
        "BRIDGE_BASE_URL": "https://bridge.example.com",
        "ENTRA_TENANT_ID": entra.tenant_id,
        "ENTRA_AUTHORITY_URL": entra.url,
        "ENTRA_GRAPH_URL": entra.url,
        "ENTRA_CA_BUNDLE": entra.ca_file,
        "ENTRA_CLIENT_ID": identity.client_id,
        "ENTRA_CLIENT_SECRET": identity.client_secret or "",
        "REGISTRATION_SEALING_KEYS": "a sealing secret that is long enough",
        "INTROSPECTION_CALLERS": json.dumps([caller]),
    }


def introspect(application: Application) -> tuple[int, object]:
    form = f"token=not-a-token&client_id=gateway&client_secret={SECRET}".encode()
    request = Request("POST", "/introspect", {"content-type": "application/x-www-form-urlencoded"}, body=form)
    answer = asyncio.run(application.introspect(request))
    return answer.status, json.loads(answer.body)


def test_a_wrong_registration_setting_does_not_stop_the_gateways(variables: Mapping[str, str]) -> None:
    application = Application({**variables, "REGISTRATION_CREDENTIALS": "not JSON"})
    assert introspect(application) == (200, {"active": False})
    with pytest.raises(InvalidSettings) as raised:
        _ = application.registration
    assert [problem.name for problem in raised.value.problems] == ["REGISTRATION_CREDENTIALS"]


def test_a_wrong_introspection_setting_is_told_by_its_name_without_its_value(variables: Mapping[str, str]) -> None:
    application = Application({**variables, "INTROSPECTION_CALLERS": '[{"client_id": "g", "secret_sha256": ["s3cret"]}]'})
    with pytest.raises(InvalidSettings) as raised:
        introspect(application)
    assert [problem.name for problem in raised.value.problems] == ["INTROSPECTION_CALLERS"]
    assert "s3cret" not in str(raised.value)


def test_one_part_serves_all_threads(variables: Mapping[str, str]) -> None:
    application = Application(variables)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: application.registration, range(8)))
    assert all(part is parts[0] for part in parts)


def test_offers_what_at_least_one_caller_may_have_registered(variables: Mapping[str, str]) -> None:
    credentials = [{"name": "portal", "authorization": "Bearer a long enough literal", "policy": "services"}]
    policies = {"services": {"grant_types": ["client_credentials"], "auth_methods": ["client_secret_basic"]}}
    settings = {"REGISTRATION_CREDENTIALS": json.dumps(credentials), "REGISTRATION_POLICIES": json.dumps(policies)}
    found = Application({**variables, **settings}).discovery.document()
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]


@pytest.mark.duty(128)
def test_advertises_no_registration_where_nobody_may_register(variables: Mapping[str, str]) -> None:
    assert "registration_endpoint" not in Application(variables).discovery.document()


@pytest.mark.duty(128)
def test_advertises_nothing_that_only_an_auditor_would_be_allowed(variables: Mapping[str, str]) -> None:
    credentials = [{"name": "auditor", "authorization": "Bearer a long enough literal", "policy": "auditors"}]
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps(credentials),
        "REGISTRATION_POLICIES": json.dumps({"auditors": {"may_audit": True, "may_register": False}}),
    }
    assert "registration_endpoint" not in Application({**variables, **settings}).discovery.document()


@pytest.fixture
def announced(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[pytest.LogCaptureFixture]:
    """The environment of a worker that starts; `announce` reads it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    composition.application.cache_clear()
    with caplog.at_level(logging.INFO):
        yield caplog
    composition.application.cache_clear()


def test_says_nothing_at_the_start_when_all_is_well(announced: pytest.LogCaptureFixture) -> None:
    composition.announce()
    assert announced.records == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "ENTRA_CLIENT_SECRET",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)",
            "Key Vault reference was not resolved",
        ),
        ("BRIDGE_BASE_URL", "http://bridge.example.com", "expected a URL like https://host"),
        ("REGISTRATION_SEALING_KEYS", "short", "32"),
        ("AUDIT_THRESHOLDS", "soon", "whole numbers"),
    ],
)
def test_names_a_wrong_setting_at_the_start(
    announced: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    composition.announce()
    [record] = announced.records
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)
    assert record.getMessage().startswith(f"setting {name}: ")
    assert expected in record.getMessage()


def test_warns_loudly_of_skipped_certificate_validation_and_open_registration(
    announced: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENTRA_CA_BUNDLE")
    monkeypatch.setenv("ENTRA_SKIP_CERTIFICATE_VALIDATION", "true")
    monkeypatch.setenv("REGISTRATION_OPEN_POLICY", "open")
    composition.announce()
    assert [record.levelno for record in announced.records] == [logging.WARNING] * 2
    assert "ENTRA_SKIP_CERTIFICATE_VALIDATION" in announced.text
    assert "registration is open" in announced.text


def test_the_introspection_door_loads_none_of_registrations_libraries() -> None:
    code = f"import sys, introspect; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
