"""What an action says of each thing that can keep it from its work, and that it leaves nothing half done then."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.directory.record import Record
from shared.audit.actions import Action, Task
from shared.audit.actions.renew import PROOFS, Renew
from shared.audit.actions.repair import Finish, Purge, Retire, Undo
from shared.audit.result import Outcome, Result
from shared.registration.entra_application import federated_credential
from shared.retry import Deadline
from tests.functional.audit.estate import TAG, Estate
from tests.functional.audit.test_renewing import (
    Scene,
    scene,  # noqa: F401 - a fixture
)
from tests.functional.audit.test_repair import RULES, WEEK, live, run
from tests.functional.audit.test_told import IDENTITY, federated

DENIED: dict[str, Any] = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges"}
AFTER_THAT = "; the new secret was removed again and the old one is as before"


def renewed(scene: Scene, between: Callable[[], object]) -> tuple[Outcome, ...]:  # noqa: F811
    """A renewal, and what happens between its new secret and the delivery."""

    class Interrupted(Renew):
        def _deliver(self, renewal: Any, task: Task) -> Outcome:
            between()
            return super()._deliver(renewal, task)

    return scene.estate.audit(actions=[scene.renewing(kind=Interrupted)]).run(600).outcomes


def test_a_renewal_of_a_client_that_is_deleted_meanwhile_is_over(scene: Scene) -> None:  # noqa: F811
    def delete() -> None:
        scene.estate.emulator.directory.delete_application(scene.record)

    [outcome] = renewed(scene, delete)
    assert (outcome.result, outcome.detail) == (Result.SKIPPED, "it was deleted meanwhile")
    assert scene.vault.secrets == {}


def test_a_renewal_takes_its_secret_back_where_the_client_cannot_be_read_again(scene: Scene) -> None:  # noqa: F811
    (old,) = scene.secrets()
    faults = scene.estate.emulator.faults
    [outcome] = renewed(scene, lambda: faults.add("error", method="GET", path=r"applications\(", times=1, **DENIED))
    assert outcome.result is Result.FAILED
    assert outcome.detail.startswith("the client couldn't be read again: ")
    assert outcome.detail.endswith(AFTER_THAT)
    assert scene.secrets() == [old]
    assert scene.vault.secrets == {}


def test_a_renewal_says_where_it_could_not_take_its_secret_back(scene: Scene) -> None:  # noqa: F811
    scene.vault.deleted.add(scene.name)
    scene.estate.emulator.faults.add("error", path="removePassword", times=None, **DENIED)
    [outcome] = scene.run().outcomes
    assert outcome.result is Result.FAILED
    assert outcome.detail.startswith("the delivery failed: ")
    assert "; the new secret is still there, and a later run removes it: " in outcome.detail
    assert len(scene.secrets()) == 2


def test_a_secret_whose_text_was_lost_is_named_and_nothing_is_stored(scene: Scene) -> None:  # noqa: F811
    scene.estate.emulator.faults.add("reset_after", path="addPassword", times=1)
    [outcome] = scene.run().outcomes
    assert outcome.result is Result.FAILED
    assert outcome.detail.startswith("a secret may have been made whose text is lost: ")
    assert outcome.finding is not None
    assert outcome.finding.summary == f"Its secret was not renewed: {outcome.detail}."
    assert scene.vault.secrets == {}


def test_a_refused_secret_changes_nothing(scene: Scene) -> None:  # noqa: F811
    scene.estate.emulator.faults.add("error", path="addPassword", times=None, **DENIED)
    [outcome] = scene.run().outcomes
    assert outcome.result is Result.FAILED
    assert outcome.detail.startswith("nothing was changed: ")


def test_a_secret_is_proven_many_times_in_a_row(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    refusals = iter([*([""] * (PROOFS - 1)), "AADSTS7000215", *([""] * PROOFS)])
    asked: list[str] = []

    def refusal(*_: object) -> str:
        asked.append(next(refusals))
        return asked[-1]

    monkeypatch.setattr(scene.estate.probe, "refusal", refusal)
    [outcome] = scene.run().outcomes
    assert outcome.result is Result.DONE
    assert len(asked) == (PROOFS - 1) + 1 + PROOFS


def test_a_renewal_says_into_what_and_why(scene: Scene) -> None:  # noqa: F811
    address = f"{scene.vault.url}/{scene.name}"
    [planned] = scene.run(dry_run=True).outcomes
    assert planned.detail == f"would renew into {address}: its secret ends within 30 days"
    [done] = scene.run().outcomes
    assert done.detail == f"renewed and delivered to {address}: its secret ends within 30 days"
    assert done.finding is not None
    end = scene.secrets()[-1]["endDateTime"][:19]
    assert done.finding.summary.startswith(f"A new secret is in {address}; it ends {end[:10]}")
    assert done.finding.summary.endswith(". Reason: its secret ends within 30 days.")
    assert done.key_id == done.finding.key_id == scene.secrets()[-1]["keyId"]


def broken_off(estate: Estate) -> Record:
    return estate.add_client((-1, 180), created=-1, principal=False, name="broke off")


def repair(estate: Estate, name: str) -> Action:
    if name == "finish":
        return Finish(estate.clients, estate.directory, 50)
    return Undo(estate.clients, estate.directory, 50, WEEK)


@pytest.mark.parametrize(
    ("name", "planned", "done"),
    [
        ("finish", "would create its service principal", "created its service principal"),
        ("undo", "would delete it", "deleted; it can be restored for 30 days"),
    ],
)
def test_a_repair_says_what_it_does_and_did(estate: Estate, name: str, planned: str, done: str) -> None:
    broken_off(estate)
    action = repair(estate, name)
    [would] = run(estate, [action], dry_run=True).outcomes
    [was] = run(estate, [action]).outcomes
    assert [(one.action, one.client_name, one.result, one.detail) for one in (would, was)] == [
        (name, "broke off", Result.WOULD, planned),
        (name, "broke off", Result.DONE, done),
    ]


@pytest.mark.parametrize(("path", "name"), [("servicePrincipals$", "finish"), (r"applications\(", "undo")])
def test_a_repair_that_graph_refuses_is_a_failure_and_the_others_go_on(estate: Estate, path: str, name: str) -> None:
    first, second = broken_off(estate), broken_off(estate)
    method = "POST" if name == "finish" else "DELETE"
    estate.emulator.faults.add("error", method=method, path=path, times=1, **DENIED)
    action = repair(estate, name)
    outcomes = run(estate, [action]).outcomes
    assert sorted(one.result for one in outcomes) == [Result.DONE, Result.FAILED]
    [failed] = [one for one in outcomes if one.result is Result.FAILED]
    assert failed.detail.startswith("Graph failed: ")
    assert failed.client_id in {first.state["appId"], second.state["appId"]}


def test_what_became_old_since_it_was_listed_is_not_undone(estate: Estate) -> None:
    record = broken_off(estate)

    class Late(Undo):
        def carry_out(self, clients: Any, task: Task) -> Any:
            estate.clock.sleep(8 * 86_400)
            return super().carry_out(clients, task)

    late = Late(estate.clients, estate.directory, 50, WEEK)
    outcomes = estate.audit(actions=[late]).run(10 * 86_400).outcomes
    assert [(one.result, one.detail) for one in outcomes] == [(Result.SKIPPED, "it is not a registration that broke off of late")]
    assert live(estate) == {"broke off"}
    assert record.state["displayName"] == "broke off"


def test_retiring_says_whose_lifetime_is_over(estate: Estate) -> None:
    estate.add_client((-40, 140), created=-40, policy="open", name="over")
    retire = Retire(estate.clients, estate.directory, 50, RULES)
    [would] = run(estate, [retire], dry_run=True).outcomes
    [was] = run(estate, [retire]).outcomes
    over = would.detail.removeprefix("would delete it: ")
    assert over
    assert was.detail == f"deleted: {over}"


def test_a_purge_that_graph_refuses_is_a_failure_and_the_next_one_goes_on() -> None:
    estate = Estate(roles=("Application.ReadWrite.OwnedBy", "Application.Read.All"))
    for name in ("one", "two"):
        estate.emulator.directory.delete_application(estate.add_client(name=name))
    estate.clock.sleep(8 * 86_400)
    purge = Purge(estate.clients, estate.directory, 50, TAG, WEEK)
    [planned, _] = run(estate, [purge], dry_run=True).outcomes
    assert planned.detail.startswith("would purge it: deleted 2026-11-22T03:00:00")
    over = Task(estate.clock, Deadline.after(estate.clock, 0), dry_run=False)
    assert [one.result for one in purge.carry_out((), over)] == [Result.FAILED]
    estate.emulator.faults.add("error", method="DELETE", path="deletedItems", times=1, **DENIED)
    outcomes = run(estate, [purge]).outcomes
    assert sorted(one.result for one in outcomes) == [Result.DONE, Result.FAILED]
    [failed] = [one for one in outcomes if one.result is Result.FAILED]
    assert failed.detail.startswith("Graph failed: ")
    assert len(estate.emulator.directory.applications.deleted) == 1


def test_identities_that_are_there_already_are_no_failure_of_finishing(estate: Estate) -> None:
    record = federated(estate, IDENTITY, principal=False, created=-2)
    record.federated.append({"id": "1", **federated_credential(IDENTITY)})
    [outcome] = run(estate, [Finish(estate.clients, estate.directory, 50)]).outcomes
    assert outcome.result is Result.DONE
    assert len(record.federated) == 1
