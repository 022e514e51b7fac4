"""Last use, by the sign-in reports of Graph's beta: what nobody used, and what must stay because somebody does."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from shared.audit.actions import Action
from shared.audit.actions.prune import Prune
from shared.audit.actions.repair import Retire
from shared.audit.configuration import AuditConfiguration, AuditRules
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.findings import FindingKind
from shared.audit.result import AuditRun
from tests.functional.audit.estate import DAY, START, Estate

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
