"""Last use, by the sign-in reports of Graph's beta: what nobody used, and what must stay because somebody does."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from emulator.directory.record import Record
from shared.audit.actions import Action
from shared.audit.actions.prune import Prune
from shared.audit.actions.repair import Retire
from shared.audit.configuration import AuditConfiguration, AuditRules
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.findings import FindingKind
from shared.audit.result import AuditRun
from shared.audit.run import Progress
from tests.functional.audit.estate import DAY, START, TAG, Estate

RULES = AuditRules(lifetimes=MappingProxyType({"open": 30 * DAY}))
UNTOLD = "dcr 2026-10-01 0123abcd"


@pytest.fixture
def estate() -> Estate:
    return Estate(roles=("Application.ReadWrite.OwnedBy", "AuditLog.Read.All"))


def run(estate: Estate, *actions: Action) -> AuditRun:
    return estate.audit(AuditConfiguration(rules=RULES, usage_report=True), actions).run(600)


def pruning(estate: Estate) -> Prune:
    nowhere = Deliveries(Destinations(), {})
    return Prune(estate.clients, estate.directory, 10, rules=RULES, spacing=timedelta(seconds=10), deliveries=nowhere)


@pytest.mark.parametrize("form", ["examples", "schema"])
def test_a_client_without_a_sign_in_of_late_is_unused(estate: Estate, form: str) -> None:
    estate.emulator.tenant.assumptions = replace(estate.emulator.assumptions, sign_in_reports_follow=form)
    clients = {name: estate.add_client((-10, 170), name=name) for name in ("daily", "by users", "forgotten", "never", "api")}
    estate.use(clients["daily"], -1)
    estate.use(clients["by users"], -80, way="delegatedClient")
    estate.use(clients["forgotten"], -120)
    found = {(finding.client_name, finding.kind): finding for finding in run(estate).findings}
    assert set(found) == {(name, FindingKind.UNUSED) for name in ("forgotten", "never", "api")}
    forgotten = found["forgotten", FindingKind.UNUSED]
    assert forgotten.last_used == START - 120 * DAY
    assert forgotten.since == START - 30 * DAY


def test_the_latest_of_all_ways_to_sign_in_counts(estate: Estate) -> None:
    record = estate.add_client((-10, 170), name="both")
    estate.use(record, -200)
    estate.use(record, -2, way="delegatedClient")
    assert run(estate).findings == ()


def test_without_the_permission_the_audit_goes_on_and_says_so() -> None:
    estate = Estate()
    estate.add_client((-10, 170))
    found = run(estate)
    assert found.complete
    assert found.findings == ()
    assert "sign-in report" in found.notes[0]


def test_an_empty_report_says_nothing(estate: Estate) -> None:
    estate.emulator.tenant.assumptions = replace(estate.emulator.assumptions, sign_in_reports="empty")
    estate.add_client((-10, 170))
    found = run(estate)
    assert found.findings == ()
    assert "empty" in found.notes[0]


def test_the_report_is_not_asked_for_unless_an_operator_wants_it(estate: Estate) -> None:
    estate.add_client((-10, 170))
    estate.run()
    assert not any("beta" in call.path for call in estate.emulator.requests)


def test_a_superseded_secret_that_is_still_used_is_a_finding_and_stays_until_nobody_uses_it(estate: Estate) -> None:
    record = estate.add_client((-100, 10), (-20, 162))
    old, new = estate.key_ids(record)
    estate.use(record, -3, old)
    found = run(estate, pruning(estate))
    assert [(finding.kind, finding.key_id) for finding in found.findings] == [(FindingKind.STILL_USED, old)]
    assert found.findings[0].last_used == START - 3 * DAY
    assert found.findings[0].as_json()["last_used"] == "2026-11-19T03:00:00Z"
    assert estate.key_ids(record) == [old, new]
    estate.clock.sleep(11 * 86_400)
    estate.add_secret(record, -1, 180)
    assert run(estate, pruning(estate)).summary.kinds[FindingKind.STILL_USED] == 0
    assert old not in estate.key_ids(record)


def test_a_secret_that_was_used_counts_as_told(estate: Estate) -> None:
    record = estate.add_client((-100, 80), (-20, 162), names=("dcr", UNTOLD))
    old, new = estate.key_ids(record)
    assert run(estate, pruning(estate)).summary.kinds[FindingKind.UNCLAIMED_SECRET] == 1
    assert estate.key_ids(record) == [old, new]
    estate.use(record, -1, new)
    assert run(estate, pruning(estate)).summary.kinds[FindingKind.UNCLAIMED_SECRET] == 0
    assert estate.key_ids(record) == [new]


def test_a_client_that_is_in_use_outlives_its_lifetime(estate: Estate) -> None:
    used, unused = (estate.add_client((-20, 160), created=-40, policy="open", name=name) for name in ("used", "unused"))
    estate.use(used, -13)
    estate.use(unused, -15)
    found = run(estate, Retire(estate.clients, estate.directory, 10, RULES))
    assert found.summary.kinds[FindingKind.LIFETIME_OVER] == 2
    assert [outcome.client_name for outcome in found.outcomes] == ["unused"]
    assert used.alive and not unused.alive


SHARED = (TAG, "dcr:request=shared")


def shared_clients(estate: Estate) -> dict[str, Record]:
    """Shared clients by when they were last used; the last one came back some days ago."""
    names = ("29 days ago", "31 days ago", "never", "back")
    clients = {name: estate.add_client(auth_method="none", policy="open", name=name, tags=SHARED) for name in names}
    principal = estate.emulator.directory.service_principal_of(clients["back"].state["appId"])
    assert principal is not None
    back = int((START - 10 * DAY).timestamp())
    estate.emulator.directory.service_principals.write(principal, {"tags": [*principal.state["tags"], f"dcr:restored={back}"]})
    estate.use(clients["29 days ago"], -29, way="delegatedClient")
    estate.use(clients["31 days ago"], -31, way="delegatedClient")
    return clients


def test_what_equal_clients_share_lives_for_its_lifetime_from_its_last_use_on(estate: Estate) -> None:
    clients = shared_clients(estate)
    found = run(estate, Retire(estate.clients, estate.directory, 10, RULES))
    assert found.summary.kinds[FindingKind.LIFETIME_OVER] == 2
    assert {name for name, record in clients.items() if record.alive} == {"29 days ago", "back"}


@pytest.mark.parametrize("report", ["empty", "forbidden"])
def test_what_equal_clients_share_is_not_retired_where_nothing_tells_who_uses_it(report: str) -> None:
    roles = ["Application.ReadWrite.OwnedBy", *(["AuditLog.Read.All"] if report == "empty" else [])]
    estate = Estate(roles=roles)
    estate.emulator.tenant.assumptions = replace(estate.emulator.assumptions, sign_in_reports="empty")
    clients = shared_clients(estate)
    found = run(estate, Retire(estate.clients, estate.directory, 10, RULES))
    assert found.summary.kinds[FindingKind.LIFETIME_OVER] == 0
    assert all(record.alive for record in clients.values())


def test_a_shared_client_that_was_given_another_policy_in_between_is_not_retired(estate: Estate) -> None:
    record = shared_clients(estate)["never"]

    def promote(step: Progress) -> None:
        if step.step == "clients":
            estate.emulator.directory.write_application(record, {"tags": [*SHARED, "dcr:policy=default"]})

    audit = estate.audit(
        AuditConfiguration(rules=RULES, usage_report=True), [Retire(estate.clients, estate.directory, 10, RULES)]
    )
    audit.run(600, progress=promote)
    assert record.alive
