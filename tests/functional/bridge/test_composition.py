"""What the parts of the bridge depend on, and what an operator is told when they can't be built."""

import asyncio
import inspect
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from graphlib import TopologicalSorter
from threading import Event, get_ident

import pytest

from local.sandbox import ROOT
from shared.application import Application
from shared.environment import InvalidSettings
from shared.http.message import Request
from shared.parts import part
from shared.registration.finishing import FinishedRegistrations
from tests.functional.bridge.conftest import SECRET

HEAVY = ("msal", "requests", "pydantic", "jwt", "boto3")
LOGGER = "bridge.settings"


def introspect(application: Application) -> tuple[int, object]:
    form = f"token=not-a-token&client_id=gateway&client_secret={SECRET}".encode()
    request = Request("POST", "/introspect", {"content-type": "application/x-www-form-urlencoded"}, body=form)
    answer = asyncio.run(application.introspect(request))
    return answer.status, json.loads(answer.body)


def works(application: Application) -> set[str]:
    """The parts that their settings let work."""
    parts: dict[str, Callable[[], object]] = {
        "introspection": lambda: introspect(application),
        "registration": lambda: application.registration,
        "audit": lambda: application.audit,
        "metadata": lambda: application.discovery.document(),
    }
    found = set()
    for name, use in parts.items():
        with suppress(InvalidSettings):
            use()
            found.add(name)
    return found


@pytest.mark.parametrize(
    ("setting", "value", "stopped"),
    [
        ("AUDIT_SLACK_URL", "http://x", {"audit"}),
        ("AUDIT_SCHEDULE", "@daily", set()),
        ("REGISTRATION_CREDENTIALS", "not JSON", {"registration"}),
        ("REGISTRATION_SECRET_DAYS", "soon", {"registration", "audit"}),
        ("INTROSPECTION_OPTIONS", "not JSON", {"introspection"}),
        ("BRIDGE_BASE_URL", "http://bridge.example.com", {"registration", "metadata"}),
        ("ENTRA_TENANT_ID", "example.onmicrosoft.com", {"introspection", "registration", "audit", "metadata"}),
    ],
)
def test_a_wrong_setting_stops_the_parts_that_read_it_and_no_other(
    variables: Mapping[str, str], setting: str, value: str, stopped: set[str]
) -> None:
    parts = {"introspection", "registration", "audit", "metadata"}
    assert works(Application({**variables, setting: value})) == parts - stopped


def test_the_metadata_leave_out_what_its_settings_keep_from_working(variables: Mapping[str, str]) -> None:
    wrong = {"REGISTRATION_CREDENTIALS": "not JSON", "INTROSPECTION_CALLERS": "not JSON"}
    found = Application({**variables, **wrong}).discovery.document()
    assert not {"registration_endpoint", "introspection_endpoint"} & set(found)
    assert Application(variables).discovery.document()["introspection_endpoint"] == "https://bridge.example.com/introspect"


def test_introspection_does_not_wait_while_registration_is_built(
    variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = Event(), Event()

    def slow(*_: object) -> None:
        begun.set()
        goes_on.wait(60)

    monkeypatch.setattr("shared.settings.registration.read_registration", slow)
    application = Application(variables)
    with ThreadPoolExecutor(1) as pool:
        settings = pool.submit(lambda: application.registration_settings)
        try:
            assert begun.wait(60)
            assert introspect(application)[0] == 200
            assert not settings.done()
        finally:
            goes_on.set()


def test_a_wrong_introspection_setting_is_told_by_its_name_without_its_value(variables: Mapping[str, str]) -> None:
    application = Application({**variables, "INTROSPECTION_CALLERS": '[{"client_id": "g", "secret_sha256": ["s3cret"]}]'})
    with pytest.raises(InvalidSettings) as raised:
        introspect(application)
    assert [problem.name for problem in raised.value.problems] == ["INTROSPECTION_CALLERS"]
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("introspection", "Introspection"),
        ("registration", "RegistrationService"),
        ("kong", "KongPortal"),
        ("wso2", "Wso2Portal"),
        ("discovery", "Discovery"),
        ("readiness", "Readiness"),
        ("audit", "Audit"),
        ("bearer_tokens", "BearerTokens"),
        ("credential", "MsalCredential"),
        ("directory", "Directory"),
    ],
)
def test_every_part_is_there_and_made_once(variables: Mapping[str, str], part: str, kind: str) -> None:
    application = Application(variables)
    try:
        assert type(getattr(application, part)).__name__ == kind
        assert getattr(application, part) is getattr(application, part)
    finally:
        application.close()


def test_a_timer_without_registration_finishes_nothing(variables: Mapping[str, str]) -> None:
    application = Application({**variables, "REGISTRATION_SEALING_KEYS": ""})
    assert application.finish_registrations() is None
    application = Application(variables)
    try:
        assert application.finish_registrations() == FinishedRegistrations((), (), ())
    finally:
        application.close()


def test_one_part_serves_all_threads(variables: Mapping[str, str]) -> None:
    application = Application(variables)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: application.registration, range(8)))
    assert all(part is parts[0] for part in parts)


@pytest.mark.duty(128)
def test_advertises_nothing_that_only_an_auditor_would_be_allowed(variables: Mapping[str, str]) -> None:
    credentials = [{"name": "auditor", "authorization": "Bearer a long enough literal", "policy": "auditors"}]
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps(credentials),
        "REGISTRATION_POLICIES": json.dumps({"auditors": {"may_audit": True, "may_register": False}}),
    }
    assert "registration_endpoint" not in Application({**variables, **settings}).discovery.document()


def probe(application: Application, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the first probe of a worker logs about the settings. It answers whatever they are."""
    with caplog.at_level(logging.INFO, LOGGER):
        assert application.health(Request("GET", "/health", {})).status == 200
    return [record for record in caplog.records if record.name == LOGGER]


def test_says_nothing_when_all_is_well(variables: Mapping[str, str], caplog: pytest.LogCaptureFixture) -> None:
    assert probe(Application(variables), caplog) == []


def test_checks_the_settings_once_and_within_the_call(variables: Mapping[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """The host drops what a worker logs outside a call, so what is logged must come from the call's own thread."""
    application = Application({**variables, "AUDIT_SLACK_URL": "http://x"})
    [record] = probe(application, caplog)
    assert record.thread == get_ident()
    caplog.clear()
    assert probe(application, caplog) == []


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
        ("INTROSPECTION_TENANTS", "[7]", "INTROSPECTION_TENANTS"),
        ("AUDIT_THRESHOLDS", "soon", "whole numbers"),
    ],
)
def test_names_a_wrong_setting_of_any_part(
    variables: Mapping[str, str], caplog: pytest.LogCaptureFixture, name: str, value: str, expected: str
) -> None:
    [record] = probe(Application({**variables, name: value}), caplog)
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)
    assert record.getMessage().startswith(f"setting {name}: ")
    assert expected in record.getMessage()


def test_warns_loudly_of_skipped_certificate_validation_and_open_registration(
    variables: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    dangerous = {"ENTRA_CA_BUNDLE": "", "ENTRA_SKIP_CERTIFICATE_VALIDATION": "true", "REGISTRATION_OPEN_POLICY": "open"}
    records = probe(Application({**variables, **dangerous}), caplog)
    assert [record.levelno for record in records] == [logging.WARNING] * 2
    text = " ".join(record.getMessage() for record in records)
    assert "ENTRA_SKIP_CERTIFICATE_VALIDATION" in text
    assert "registration is open" in text


def test_importing_every_function_starts_no_thread_and_loads_none_of_the_heavy_libraries() -> None:
    functions = sorted(path.parent.name for path in ROOT.glob("*/function.json"))
    code = (
        f"import sys, threading, {', '.join(functions)};"
        f"print([name for name in {HEAVY!r} if name in sys.modules], threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] 1"


def test_parts_use_each_other_without_circles() -> None:
    """Each part has a lock of its own: a circle would be a deadlock between two threads."""
    members = {name: value for name, value in vars(Application).items() if not name.startswith("__")}
    sources = {
        name: inspect.getsource(value._build if isinstance(value, part) else value)
        for name, value in members.items()
        if isinstance(value, part) or inspect.isfunction(value)
    }
    uses = {name: set(re.findall(r"self\.(\w+)", text)) & set(sources) for name, text in sources.items()}
    assert list(TopologicalSorter(uses).static_order())


def test_the_introspection_door_loads_none_of_registrations_libraries() -> None:
    code = f"import sys, introspect; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
