"""The audit against an emulated tenant: what it finds, what it writes, and how it gets to the end of a long list."""

import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from shared.audit.configuration import AuditConfiguration
from shared.audit.findings import AuditFinding, FindingKind
from shared.audit.result import AuditRun
from shared.audit.run import Audit, Progress
from shared.audit.window import Window
from shared.retry import Deadline
from tests.functional.audit.estate import DAY, START, Estate


def records(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "bridge.audit"]
    return [line for line in lines if line["event"] == event]


def test_sorts_secrets_and_clients_and_writes_one_record_for_the_run_and_one_for_each_finding(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bridge")
    estate.add_client((-10, 170), name="healthy")
    estate.add_client((-170, 6), name="soon")
    estate.add_client((-200, -3), name="gone")
    estate.add_client((-200, -3), (-30, 150), name="renewed")
    estate.add_client(auth_method="none", name="public")

    run = estate.run(run_id="run-1")

    assert run.complete
    assert run.summary.clients == 5
    found = {(finding.client_name, finding.kind) for finding in run.findings}
    assert found == {
        ("soon", FindingKind.EXPIRING),
        ("gone", FindingKind.EXPIRED),
        ("gone", FindingKind.NO_USABLE_CREDENTIAL),
        ("renewed", FindingKind.EXPIRED),
    }
    (record,) = records(caplog, "audit_run")
    assert record["clients"] == 5
    assert record["credentials"] == {"pending": 0, "healthy": 2, "expiring": 1, "overlapping": 0, "superseded": 0, "expired": 2}
    assert record["clients_in_trouble"] == 1
    written = records(caplog, "audit_finding")
    assert {(line["client_name"], line["kind"]) for line in written} == {(name, kind.value) for name, kind in found}
    assert {line["run_id"] for line in written} == {"run-1"}


def test_only_clients_with_the_bridges_tag_exist_for_it(estate: Estate) -> None:
    estate.add_client((-200, -3), name="foreign", tags=("something-else",))
    assert estate.run().summary.clients == 0


def test_a_name_with_line_breaks_makes_no_line_of_its_own_in_the_log(estate: Estate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge")
    estate.add_client((-200, -3), name='evil\r\n{"event":"audit_run"}\u2028')
    estate.run()
    messages = [record.getMessage() for record in caplog.records if record.name == "bridge.audit"]
    assert all(len(message.splitlines()) == 1 and message.isascii() for message in messages)


def test_a_client_without_service_principal_is_half_registered_and_costs_no_call_for_the_others(estate: Estate) -> None:
    for _ in range(1500):
        estate.add_client((-10, 170))
    estate.add_client((-10, 170), name="half", principal=False)
    run = estate.run()
    assert [(finding.client_name, finding.kind) for finding in run.findings] == [("half", FindingKind.HALF_REGISTERED)]
    assert run.summary.in_trouble == 1
    # Two pages of each list, and two questions about the one suspect.
    assert estate.calls("GET", "/applications") - 1 == 2
    assert estate.calls("GET", "/servicePrincipals") - 1 == 2


def test_a_service_principal_that_the_list_does_not_show_yet_is_not_missing(estate: Estate) -> None:
    estate.emulator.consistency.calm()
    estate.emulator.consistency.set(lists=3600)
    record = estate.add_client((-10, 170), principal=False)
    estate.clock.sleep(3601)
    with estate.emulator.consistency.request():  # written as over HTTP, so that the list lags
        estate.emulator.directory.add_service_principal(record.state["appId"], {})
    assert estate.run().findings == ()


def test_a_service_principal_that_may_not_sign_in_makes_a_client_disabled(estate: Estate) -> None:
    record = estate.add_client((-10, 170), principal=False)
    estate.emulator.directory.add_service_principal(record.state["appId"], {"accountEnabled": False})
    estate.add_client((-10, 170), isDisabled=True)
    assert [finding.kind for finding in estate.run().findings] == [FindingKind.DISABLED, FindingKind.DISABLED]


def test_a_client_that_lives_on_a_federated_credential_is_not_accused(estate: Estate) -> None:
    record = estate.add_client(auth_method="private_key_jwt", name="federated")
    estate.add_client(auth_method="private_key_jwt", name="bare")
    body = {"name": "ci", "issuer": "https://ci.example.com", "subject": "main", "audiences": ["api://AzureADTokenExchange"]}
    record.federated.append({"id": "5b4c9d8e-0000-4000-8000-000000000001", **body})
    assert [(finding.client_name, finding.kind) for finding in estate.run().findings] == [
        ("bare", FindingKind.NO_USABLE_CREDENTIAL)
    ]


def test_a_certificate_that_only_encrypts_does_not_make_up_for_an_expired_secret(estate: Estate) -> None:
    key = {"keyId": "5b4c9d8e-0000-4000-8000-000000000002", "type": "AsymmetricX509Cert", "usage": "Encrypt", "endDateTime": None}
    estate.add_client((-200, -3), keyCredentials=[key])
    assert {finding.kind for finding in estate.run().findings} == {FindingKind.EXPIRED, FindingKind.NO_USABLE_CREDENTIAL}


def test_pending_clients_take_turns_so_that_later_runs_ask_about_the_others(estate: Estate) -> None:
    for number in range(12):
        estate.add_client((-10, 170), principal=False, name=f"half {number}")
    confirmed: set[str] = set()
    audit = estate.audit(AuditConfiguration(confirmations=4))
    for _ in range(30):
        run = audit.run(600)
        assert not run.complete
        assert run.summary.kinds[FindingKind.HALF_REGISTERED] == 4
        confirmed.update(f.client_name for f in run.findings if f.kind is FindingKind.HALF_REGISTERED)
        estate.clock.sleep(86_400)
    assert len(confirmed) == 12


def test_asks_about_no_more_clients_than_it_may_and_says_how_many_were_left(estate: Estate) -> None:
    for _ in range(5):
        estate.add_client((-10, 170), principal=False)
    run = estate.audit(AuditConfiguration(confirmations=2)).run(600)
    assert run.summary.kinds[FindingKind.HALF_REGISTERED] == 2
    assert not run.complete
    assert run.stopped.startswith("3 clients")


@pytest.mark.parametrize("kind", ["throttle", "error", "reset_before", "truncated", "expired_token"])
def test_survives_throttling_and_short_outages_in_the_middle_of_the_list(estate: Estate, kind: str) -> None:
    for _ in range(3000):
        estate.add_client((-10, 170))
    details_by_kind: dict[str, dict[str, Any]] = {"throttle": {"retry_after": 17.5}, "error": {"status": 503, "body": "html"}}
    fault = estate.emulator.faults.add(
        kind, path="/applications$", skip=2, times=1 if kind == "expired_token" else 9, **details_by_kind.get(kind, {})
    )
    run = estate.run()
    assert fault.hits > 0
    assert run.complete
    assert run.summary.clients == 3000


def test_short_and_empty_pages_lose_nobody(estate: Estate) -> None:
    for _ in range(40):
        estate.add_client((-10, 170))
    estate.emulator.faults.add("page", path="/applications$", times=3, size=0)
    estate.emulator.faults.add("page", path="/applications$", times=3, size=7)
    assert estate.run().summary.clients == 40


def test_stops_before_the_time_is_over_and_records_how_far_it_got(estate: Estate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge")
    for _ in range(2500):
        estate.add_client((-10, 170))
    estate.emulator.faults.add("error", path="/applications$", skip=2, times=None, status=503, body="empty")
    run = estate.audit().run(120, window=Window.of_last(DAY, START))
    assert not run.complete
    assert (run.pages, run.summary.clients) == (2, 1998)
    assert run.duration <= 120
    (record,) = records(caplog, "audit_run")
    assert record["complete"] is False
    assert record["last_client_id"] == run.last_client != ""
    assert [finding.kind for finding in run.findings] == [FindingKind.AUDIT_INCOMPLETE]
    assert run.notified == 1


def test_a_run_goes_on_where_the_one_before_was_cut_off_and_comes_round(estate: Estate) -> None:
    for number in range(2500):
        # Two of each page of 999 came about in the window of the first run.
        estate.add_client((-100, 29.5 if number % 500 == 7 else 170))
    told: list[AuditFinding] = []

    class Listener:
        name = "listener"

        def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:
            told.extend(finding for finding in findings if finding.kind is FindingKind.EXPIRING)

        def report_run(self, run: AuditRun, deadline: Deadline) -> None:
            pass

    audit = estate.audit(sinks=[Listener()])
    fault = estate.emulator.faults.add("error", path="/applications$", skip=1, times=None, status=503, body="empty")
    first = audit.run(120, window=Window.of_last(DAY, estate.clock.now()))
    estate.emulator.faults.remove(fault)
    assert (first.complete, first.summary.clients, len(told)) == (False, 999, 2)
    # People see all meanwhile, and leave the place alone.
    assert audit.run(120).summary.clients == 2500
    estate.clock.sleep(43_200)
    second = audit.run(120, window=Window.of_last(DAY / 2, estate.clock.now()))
    assert (second.complete, second.summary.clients) == (True, 2500)
    assert len({finding.id for finding in told}) == len(told) == 5
    third = audit.run(120, window=Window.of_last(DAY / 2, estate.clock.now()))
    assert (third.complete, len(told)) == (True, 5)


def cut_off(estate: Estate) -> tuple[Audit, Window]:
    """An audit of 1,500 clients whose last run, in that window, didn't see the second page."""
    for _ in range(1500):
        estate.add_client((-100, 170))
    audit, window = estate.audit(), Window.of_last(DAY, estate.clock.now())
    fault = estate.emulator.faults.add("error", path="/applications$", skip=1, times=None, status=503, body="empty")
    assert not audit.run(120, window=window).complete
    estate.emulator.faults.remove(fault)
    return audit, window


@pytest.mark.parametrize("status", [400, 410])
def test_a_place_that_graph_no_longer_knows_is_given_up(estate: Estate, status: int) -> None:
    audit, window = cut_off(estate)
    estate.emulator.faults.add("error", path="/applications$", times=1, status=status, code="Directory_ExpiredPageToken")
    second = audit.run(120, window=window)
    assert (second.complete, second.summary.clients) == (True, 1500)


def test_a_place_that_cannot_be_read_now_is_kept_for_the_next_run(estate: Estate) -> None:
    audit, window = cut_off(estate)
    fault = estate.emulator.faults.add("error", path="/applications$", times=None, status=403, code="Authorization_RequestDenied")
    second = audit.run(120, window=window)
    assert (second.complete, second.summary.clients) == (False, 0)
    assert "403" in second.stopped
    estate.emulator.faults.remove(fault)
    before = len(estate.emulator.requests)
    assert audit.run(120, window=window).complete
    pages = [call for call in estate.emulator.requests[before:] if call.path.endswith("/applications")]
    assert any("skiptoken" in name.lower() for name in pages[0].query)


def test_a_refused_permission_is_a_record_and_not_an_exception(estate: Estate) -> None:
    estate.emulator.faults.add("error", path="/applications$", times=None, status=403, code="Authorization_RequestDenied")
    run = estate.run()
    assert not run.complete
    assert "403" in run.stopped


def test_an_audit_without_the_list_of_service_principals_still_finds_the_rest(estate: Estate) -> None:
    estate.add_client((-200, -3), principal=False, name="gone")
    estate.emulator.faults.add("error", path="/servicePrincipals$", times=None, status=403)
    run = estate.run()
    assert run.complete
    assert {finding.kind for finding in run.findings} == {FindingKind.EXPIRED, FindingKind.NO_USABLE_CREDENTIAL}
    assert "service principals" in run.notes[0]


def test_keeps_the_most_urgent_findings_and_counts_all(estate: Estate) -> None:
    for days in range(1, 21):
        estate.add_client((-170, days), name=f"{days:02} days")
    run = estate.audit(AuditConfiguration(listed=5)).run(600)
    assert [finding.client_name for finding in run.findings] == ["01 days", "02 days", "03 days", "04 days", "05 days"]
    assert run.found == 20


def test_says_how_far_it_is(estate: Estate) -> None:
    for _ in range(1001):
        estate.add_client((-10, 170))
    seen: list[Progress] = []
    estate.run(progress=seen.append)
    assert [step.done for step in seen if step.step == "clients"] == [999, 1001]


def test_overlapping_runs_find_the_same_and_change_nothing(estate: Estate) -> None:
    estate.add_client((-170, 6))
    estate.add_client((-200, -3))
    audit = estate.audit()
    inner: list[frozenset[str]] = []

    def meanwhile(step: Progress) -> None:
        if step.step == "clients":
            inner.append(frozenset(finding.id for finding in audit.run(600).findings))

    outer = audit.run(600, progress=meanwhile)
    assert inner == [frozenset(finding.id for finding in outer.findings)]
    assert estate.calls("POST") == estate.calls("PATCH") == estate.calls("DELETE") == 0
