"""Removing secrets that are over, against the emulated tenant."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.audit.actions import Action
from shared.audit.actions.prune import Prune, removable
from shared.audit.assessment import assess
from shared.audit.clients import ClientCredential
from shared.audit.configuration import AuditRules
from shared.audit.delivery import Address, Deliveries, Delivery, Destinations, LookupFailed, Stored, StoreKind, parse_destinations
from shared.audit.result import AuditRun, Result
from shared.audit.run import Progress
from shared.retry import Deadline
from tests.functional.audit.estate import Estate
from tests.unit.audit.sample_clients import DAY, NOW, SECOND, client, secret

ANY_VAULT = parse_destinations('{"*": "https://team.vault.azure.net/secrets/{client_id}"}')


class FixedStore:
    """A store that hands out what the test says."""

    def __init__(self, held: str | None) -> None:
        self.held = held

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:
        if self.held is None:
            raise LookupFailed("the vault gave no answer")
        return Stored(self.held, START_OF_TIME) if self.held else None

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        raise AssertionError("pruning delivers nothing")


START_OF_TIME = Estate().clock.now() - timedelta(days=1000)


def pruning(estate: Estate, limit: int = 200, store: FixedStore | None = None, spacing: int = 10) -> Action:
    deliveries = Deliveries(ANY_VAULT if store else Destinations(), {StoreKind.KEY_VAULT: store} if store else {})
    return Prune(
        estate.clients,
        estate.directory,
        limit,
        rules=AuditRules(),
        spacing=timedelta(seconds=spacing),
        deliveries=deliveries,
    )


def prune(estate: Estate, action: Action | None = None, seconds: float = 600, **options: Any) -> AuditRun:
    return estate.audit(actions=[action or pruning(estate)]).run(seconds, **options)


def test_removes_expired_and_superseded_secrets_and_keeps_the_rest(estate: Estate) -> None:
    record = estate.add_client((-400, -200), (-210, -5), (-40, 142), (-20, 162))
    expired, older, superseded, newest = estate.key_ids(record)
    run = prune(estate)
    assert estate.key_ids(record) == [newest]
    assert {outcome.key_id for outcome in run.outcomes} == {expired, older, superseded}
    assert {outcome.result for outcome in run.outcomes} == {Result.DONE}


def test_without_the_action_nothing_is_written(estate: Estate) -> None:
    estate.add_client((-400, -200), (-20, 162))
    estate.run()
    assert estate.calls("POST") == 0


def test_a_dry_run_says_what_it_would_remove_and_removes_nothing(estate: Estate) -> None:
    record = estate.add_client((-400, -200), (-210, -5), (-20, 162))
    before = estate.key_ids(record)
    run = prune(estate, dry_run=True)
    assert [outcome.key_id for outcome in run.outcomes] == before[:2]
    assert {outcome.result for outcome in run.outcomes} == {Result.WOULD}
    assert estate.key_ids(record) == before
    assert estate.calls("POST") == 0


def test_the_last_usable_secret_stays_and_an_expired_last_one_goes(estate: Estate) -> None:
    usable = estate.add_client((-181, 1))
    over = estate.add_client((-190, -8))
    prune(estate)
    assert len(estate.key_ids(usable)) == 1
    assert estate.key_ids(over) == []


def test_secrets_that_somebody_else_made_are_left_to_them(estate: Estate) -> None:
    record = estate.add_client((-400, -200), (-20, 162), names=("made in the portal", "dcr"))
    prune(estate)
    assert len(estate.key_ids(record)) == 2


def test_what_may_go_is_the_bridges_own_and_used_no_longer() -> None:
    def may_go(*credentials: ClientCredential) -> list[str]:
        return [
            status.credential.key_id for status in removable(assess(client(*credentials), AuditRules(), NOW), AuditRules(), NOW)
        ]

    newest = secret("new", NOW - 8 * DAY, NOW + 172 * DAY)
    old = secret("old", NOW - 90 * DAY, NOW + 90 * DAY)
    over = secret("over", NOW - 90 * DAY, NOW)
    foreign = [replace(old, key_id="f1", name="portal"), replace(over, key_id="f2", name="")]
    assert may_go(old, over, *foreign, newest) == ["over", "old"]
    assert may_go(replace(old, last_used=NOW - 14 * DAY), newest) == ["old"]
    assert may_go(replace(old, last_used=NOW - 14 * DAY + SECOND), newest) == []
    assert may_go(replace(old, last_used=NOW), replace(newest, only=True)) == ["old"]
    assert may_go(old, replace(newest, start=NOW - 7 * DAY + SECOND)) == []


def test_the_client_whose_secret_is_over_longest_comes_first(estate: Estate) -> None:
    def due(*credentials: ClientCredential) -> datetime | None:
        return pruning(estate).due_since(assess(client(*credentials), AuditRules(), NOW), NOW)

    newest = secret("new", NOW - 8 * DAY, NOW + 172 * DAY)
    assert due(newest) is None
    assert due(secret("old", NOW - 90 * DAY, NOW + 90 * DAY), newest) == NOW - DAY
    assert due(secret("a", NOW - 90 * DAY, NOW - 3 * DAY), secret("b", NOW - 90 * DAY, NOW - 5 * DAY), newest) == NOW - 5 * DAY


def test_credential_writes_on_one_client_are_spaced(estate: Estate) -> None:
    estate.emulator.consistency.credential_write_window = 9
    records = [estate.add_client((-400, -200), (-390, -190), (-380, -180), (-20, 162)) for _ in range(3)]
    run = prune(estate)
    assert all(len(estate.key_ids(record)) == 1 for record in records)
    assert {outcome.result for outcome in run.outcomes} == {Result.DONE}
    refused = [call for call in estate.emulator.requests if call.status == 409]
    assert refused == []


def test_a_conflict_with_another_writer_comes_again_later(estate: Estate) -> None:
    record = estate.add_client((-400, -200), (-20, 162))
    estate.emulator.faults.add("concurrency", path="removePassword", times=7)
    run = prune(estate)
    assert len(estate.key_ids(record)) == 1
    assert [outcome.result for outcome in run.outcomes] == [Result.SKIPPED, Result.DONE]


def test_no_more_is_removed_than_the_limit_and_the_next_run_goes_on(estate: Estate) -> None:
    estate.emulator.consistency.calm()
    for _ in range(5):
        estate.add_client((-400, -200), (-390, -190), (-20, 162))

    def left() -> int:
        return sum(
            len(record.state["passwordCredentials"]) - 1 for record in estate.emulator.directory.applications.live.values()
        )

    start = left()
    prune(estate, pruning(estate, limit=4))
    assert left() == start - 4
    for _ in range(2):
        prune(estate, pruning(estate, limit=4))
    assert left() == start - 10


def test_stops_when_the_time_is_over_and_the_next_run_goes_on(estate: Estate) -> None:
    record = estate.add_client(*((-400 + number, -200 + number) for number in range(6)), (-20, 162))
    run = prune(estate, pruning(estate, spacing=100), seconds=250)
    assert run.complete
    assert len(estate.key_ids(record)) == 7 - 3
    prune(estate, pruning(estate, spacing=100), seconds=500)
    assert len(estate.key_ids(record)) == 1


@pytest.mark.parametrize(
    "kind", ["reset_before", "reset_after", "error", "truncated", "concurrency", "throttle", "expired_token"]
)
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_after_a_fault_in_the_middle_a_second_run_comes_to_the_same_end(estate: Estate, kind: str, skip: int) -> None:
    record = estate.add_client((-400, -200), (-390, -190), (-100, 10), (-20, 162))
    newest = estate.key_ids(record)[-1]
    details: dict[str, Any] = {"status": 500} if kind == "error" else {"retry_after": 4000} if kind == "throttle" else {}
    times = None if kind not in {"expired_token"} else 3
    fault = estate.emulator.faults.add(kind, method="POST", path="removePassword", times=times, skip=skip, **details)
    prune(estate)
    assert estate.usable(record)
    estate.emulator.faults.remove(fault)
    prune(estate)
    assert estate.key_ids(record) == [newest]


def test_two_runs_at_once_remove_the_same_and_no_more(estate: Estate) -> None:
    record = estate.add_client((-400, -200), (-100, 10), (-20, 162))
    newest = estate.key_ids(record)[-1]
    other = estate.audit(actions=[pruning(estate)])
    outer = estate.audit(actions=[pruning(estate)])

    def meanwhile(step: Progress) -> None:
        if step.step == "clients":
            other.run(600)

    outer.run(600, progress=meanwhile)
    assert estate.key_ids(record) == [newest]


def test_a_client_that_lost_the_bridges_tag_since_it_was_listed_is_left_alone(estate: Estate) -> None:
    record = estate.add_client((-400, -200), (-20, 162))

    def untag(step: Progress) -> None:
        if step.step == "clients":
            estate.emulator.directory.write_application(record, {"tags": []})

    prune(estate, progress=untag)
    assert len(estate.key_ids(record)) == 2


def test_a_superseded_secret_stays_while_its_store_hands_it_out(estate: Estate) -> None:
    record = estate.add_client((-100, 10), (-20, 162))
    store = FixedStore(estate.key_ids(record)[0])
    run = prune(estate, pruning(estate, store=store))
    assert len(estate.key_ids(record)) == 2
    assert "store" in run.outcomes[0].detail
    store.held = estate.key_ids(record)[1]
    prune(estate, pruning(estate, store=store))
    assert len(estate.key_ids(record)) == 1


def test_a_superseded_secret_stays_while_its_store_cannot_be_asked_and_an_expired_one_goes(estate: Estate) -> None:
    record = estate.add_client((-300, -100), (-100, 10), (-20, 162))
    prune(estate, pruning(estate, store=FixedStore(None)))
    assert len(estate.key_ids(record)) == 2


def test_a_renewal_that_never_reached_its_store_takes_nobodys_place(estate: Estate) -> None:
    record = estate.add_client((-100, 10), (-20, 162), names=("dcr", "dcr renewal 2026-11-02"))
    prune(estate, pruning(estate, store=FixedStore("")))
    prune(estate, pruning(estate))
    assert len(estate.key_ids(record)) == 2
