"""Half-registered clients, clients whose lifetime is over, and deleted ones that still take up room."""

from collections.abc import Sequence
from datetime import timedelta
from types import MappingProxyType

import pytest

from shared.audit.actions import Action, Task
from shared.audit.actions.repair import Finish, Purge, Retire, Undo
from shared.audit.configuration import AuditConfiguration, AuditRules
from shared.audit.result import AuditRun, Result
from shared.audit.run import Progress
from shared.retry import Deadline
from tests.functional.audit.estate import DAY, TAG, Estate

WEEK = timedelta(days=7)
RULES = AuditRules(lifetimes=MappingProxyType({"open": 30 * DAY}))


def run(estate: Estate, actions: Sequence[Action], dry_run: bool = False) -> AuditRun:
    return estate.audit(AuditConfiguration(rules=RULES), actions).run(600, dry_run=dry_run)


def live(estate: Estate) -> set[str]:
    return {record.state["displayName"] for record in estate.emulator.directory.applications.live.values()} - {"bridge"}


def test_finishing_creates_the_missing_service_principal(estate: Estate) -> None:
    record = estate.add_client((-1, 180), created=-1, principal=False)
    run(estate, [Finish(estate.clients, estate.directory, 50)])
    principal = estate.emulator.directory.service_principal_of(record.state["appId"])
    assert principal is not None
    assert principal.state.get("accountEnabled", True) is True
    estate.emulator.consistency.settle()
    assert run(estate, [Finish(estate.clients, estate.directory, 50)]).outcomes == ()


def test_finishing_does_not_let_in_what_nobody_approved(estate: Estate) -> None:
    record = estate.add_client((-1, 180), created=-1, principal=False, tags=(TAG, "dcr:approval=required"))
    run(estate, [Finish(estate.clients, estate.directory, 50)])
    principal = estate.emulator.directory.service_principal_of(record.state["appId"])
    assert principal is not None
    assert principal.state["accountEnabled"] is False


def test_undoing_deletes_a_registration_that_broke_off(estate: Estate) -> None:
    estate.add_client((-1, 180), created=-1, principal=False, name="broke off")
    estate.add_client((-1, 180), created=-1, name="whole")
    run(estate, [Undo(estate.clients, estate.directory, 50, WEEK)])
    assert live(estate) == {"whole"}


def test_undoing_leaves_old_clients_and_registrations_in_progress_alone(estate: Estate) -> None:
    estate.add_client((-30, 150), created=-30, principal=False, name="old")
    estate.add_client((-0.01, 180), created=-0.01, principal=False, name="in progress")
    assert run(estate, [Undo(estate.clients, estate.directory, 50, WEEK)]).outcomes == ()
    assert live(estate) == {"old", "in progress"}


def test_a_client_that_was_finished_in_between_is_not_undone(estate: Estate) -> None:
    record = estate.add_client((-1, 180), created=-1, principal=False, name="late")

    class Late(Undo):
        def carry_out(self, clients, task):  # type: ignore[no-untyped-def]
            estate.emulator.directory.add_service_principal(record.state["appId"], {})
            return super().carry_out(clients, task)

    assert run(estate, [Late(estate.clients, estate.directory, 50, WEEK)]).outcomes == ()
    assert live(estate) == {"late"}


def test_an_action_whose_time_is_over_asks_and_changes_nothing(estate: Estate) -> None:
    estate.add_client((-1, 180), created=-1, principal=False, name="broke off")
    listed = [client for page in estate.clients.client_pages(Deadline.after(estate.clock, 60)) for client in page]
    before = estate.calls()
    task = Task(estate.clock, Deadline.after(estate.clock, 0), dry_run=False)
    assert list(Undo(estate.clients, estate.directory, 50, WEEK).carry_out(listed, task)) == []
    assert (len(listed), estate.calls(), live(estate)) == (1, before, {"broke off"})


@pytest.mark.parametrize("name", ["finish", "undo", "retire"])
def test_a_dry_run_changes_nothing_and_says_what_it_would_do(estate: Estate, name: str) -> None:
    estate.add_client((-1, 180), created=-1, principal=False, name="broke off")
    estate.add_client((-40, 140), created=-40, policy="open", name="over")
    actions: dict[str, Action] = {
        "finish": Finish(estate.clients, estate.directory, 50),
        "undo": Undo(estate.clients, estate.directory, 50, WEEK),
        "retire": Retire(estate.clients, estate.directory, 50, RULES),
    }
    (outcome,) = run(estate, [actions[name]], dry_run=True).outcomes
    assert (outcome.action, outcome.result) == (name, Result.WOULD)
    assert live(estate) == {"broke off", "over"}
    assert estate.calls("POST") == estate.calls("DELETE") == 0


def test_retiring_deletes_clients_whose_lifetime_is_over_up_to_the_limit_the_oldest_first(estate: Estate) -> None:
    for age in (31, 45, 60, 29):
        estate.add_client((-20, 160), created=-age, policy="open", name=f"open {age}")
    estate.add_client((-20, 160), created=-400, policy="default", name="default")
    retirement = Retire(estate.clients, estate.directory, 2, RULES)
    assert run(estate, [retirement]).complete
    assert live(estate) == {"open 31", "open 29", "default"}
    estate.emulator.consistency.settle()
    run(estate, [retirement])
    assert live(estate) == {"open 29", "default"}


def test_a_client_that_was_given_another_policy_in_between_is_not_retired(estate: Estate) -> None:
    record = estate.add_client((-20, 160), created=-40, policy="open", name="promoted")

    def promote(step: Progress) -> None:
        if step.step == "clients":
            estate.emulator.directory.write_application(record, {"tags": [TAG, "dcr:policy=default"]})

    audit = estate.audit(AuditConfiguration(rules=RULES), [Retire(estate.clients, estate.directory, 2, RULES)])
    audit.run(600, progress=promote)
    assert live(estate) == {"promoted"}


def purging(estate: Estate) -> Purge:
    return Purge(estate.clients, estate.directory, 50, TAG, WEEK)


def test_purging_ends_the_bridges_own_deleted_clients_after_some_days() -> None:
    estate = Estate(roles=("Application.ReadWrite.OwnedBy", "Application.Read.All"))
    directory = estate.emulator.directory
    old, foreign = estate.add_client(name="old"), estate.add_client(name="foreign", tags=("other",))
    directory.delete_application(old)
    directory.delete_application(foreign)
    estate.clock.sleep(8 * 86_400)
    young = estate.add_client(name="young")
    directory.delete_application(young)
    run(estate, [purging(estate)], dry_run=True)
    assert {record.state["displayName"] for record in directory.applications.deleted.values()} == {"old", "foreign", "young"}
    run(estate, [purging(estate)])
    assert {record.state["displayName"] for record in directory.applications.deleted.values()} == {"foreign", "young"}


def test_purging_without_the_permission_to_list_says_which_one_is_missing(estate: Estate) -> None:
    estate.emulator.faults.add(
        "error",
        path="deletedItems",
        times=None,
        status=403,
        code="Authorization_RequestDenied",
        message="Insufficient privileges",
    )
    (outcome,) = run(estate, [purging(estate)]).outcomes
    assert outcome.result is Result.FAILED
    assert "Application.Read.All" in outcome.detail


def test_purging_that_graph_refuses_for_another_reason_asks_for_no_permission(estate: Estate) -> None:
    estate.emulator.faults.add("error", path="deletedItems", times=None, status=400, code="Request_BadRequest", message="no")
    (outcome,) = run(estate, [purging(estate)]).outcomes
    assert outcome.result is Result.FAILED
    assert outcome.detail.startswith("listing deleted applications failed: ")


def test_purging_begins_at_its_second_and_ends_at_its_limit() -> None:
    estate = Estate(roles=("Application.ReadWrite.OwnedBy", "Application.Read.All"))
    directory = estate.emulator.directory
    for name in ("one", "two", "three"):
        directory.delete_application(estate.add_client(name=name))
    estate.clock.sleep(WEEK.total_seconds() - 1)
    two = Purge(estate.clients, estate.directory, 2, TAG, WEEK)
    assert run(estate, [two]).outcomes == ()
    estate.clock.sleep(1)
    outcomes = run(estate, [two]).outcomes
    assert [outcome.result for outcome in outcomes] == [Result.DONE] * 2
    assert all(outcome.detail.startswith("purged: deleted 2026-11-22T03:00:00") for outcome in outcomes)
    assert len(directory.applications.deleted) == 1
