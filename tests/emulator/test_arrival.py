"""What arrives when: what tests seed, what settles, and what becomes of the past."""

import random
import threading
import time
from collections.abc import Callable

import pytest

from emulator import consistency
from emulator.consistency import CALM, CHANNELS
from emulator.directory.record import Record
from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient, create, graph_client, statuses


@pytest.fixture(autouse=True)
def _frozen(entra: EntraEmulator) -> None:
    entra.clock.freeze()


def seeded(entra: EntraEmulator) -> Record:
    """An application that a test puts in by itself."""
    (record,) = entra.seed_applications(1)
    return record


def test_what_a_test_seeds_is_there_at_once(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.lag(1, 20)
    record = seeded(entra)
    assert statuses(graph, "GET", f"/applications/{record.id}") == {200}
    entra.directory.write_application(record, {"displayName": "seeded anew"})
    assert graph("GET", f"/applications/{record.id}").json()["displayName"] == "seeded anew"


def test_what_a_test_seeds_while_a_request_is_under_way_is_there_at_once(entra: EntraEmulator) -> None:
    entra.consistency.lag(5)
    with entra.consistency.request():
        thread = threading.Thread(target=seeded, args=(entra,))
        thread.start()
        thread.join()
    assert entra.directory.applications.under_way() == []


def _settle(entra: EntraEmulator) -> None:
    entra.consistency.settle()


def _calm(entra: EntraEmulator) -> None:
    entra.consistency.calm()


def _control(entra: EntraEmulator) -> None:
    entra.session().patch(f"{entra.url}/_emulator/consistency", json={"settle": True})


@pytest.mark.parametrize(("act", "later"), [(_settle, {404}), (_calm, {200}), (_control, {404})])
def test_settle_lets_everything_arrive_and_calm_ends_the_lag(
    graph: GraphClient, entra: EntraEmulator, act: Callable[[EntraEmulator], None], later: set[int]
) -> None:
    entra.consistency.lag(10)
    first = create(graph, uniqueName="u")
    graph("DELETE", f"/applications/{seeded(entra).id}")
    act(entra)
    assert statuses(graph, "GET", f"/applications/{first['id']}") == {200}
    assert [one["id"] for one in graph("GET", "/applications?$filter=displayName eq 'x'").json()["value"]] == [first["id"]]
    assert statuses(graph, "GET", f"/applications/{create(graph)['id']}") == later


def test_a_lag_can_be_set_for_some_channels_alone(entra: EntraEmulator) -> None:
    entra.consistency.lag(0.2, 2, "by_id", "lists")
    assert (entra.consistency.lags.by_id, entra.consistency.lags.lists) == ((0.2, 2.0), (0.2, 2.0))
    assert entra.consistency.lags.by_app_id == CALM
    for wrong in ((2, 1), (-1, 1)):
        with pytest.raises(ValueError, match="range"):
            entra.consistency.lag(*wrong)


def test_a_lag_is_given_with_the_emulator_or_by_the_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    lags = EntraEmulator(lag=(1, 20)).consistency.lags
    assert {getattr(lags, channel) for channel in CHANNELS} == {(1.0, 20.0)}
    monkeypatch.setattr(consistency, "DEFAULT_LAG", (3.0, 4.0))
    assert EntraEmulator().consistency.lags.lists == (3.0, 4.0)
    assert EntraEmulator(lag=CALM).consistency.longest() == 0


def test_lags_run_on_the_real_clock_as_well(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.clock.resume()
    entra.consistency.lag(0.05, 0.1)
    path = f"/applications/{create(graph)['id']}"
    assert graph("GET", path).status_code == 404
    end = time.monotonic() + 5
    while statuses(graph, "GET", path, times=9) != {200}:
        assert time.monotonic() < end


def test_the_past_is_forgotten_once_all_know_the_present(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.lag(5)
    path = f"/applications/{create(graph)['id']}"
    for _ in range(50):
        entra.clock.advance(4)
        graph("PATCH", path, {"notes": "n"})
    (record,) = entra.directory.applications.under_way()
    assert len(record.versions) <= 4
    entra.clock.advance(5)
    assert entra.directory.applications.under_way() == []
    assert record.versions == []


@pytest.mark.parametrize("seed", range(4))
def test_after_the_longest_lag_every_read_agrees_with_what_was_written(seed: int) -> None:
    dice = random.Random(seed)
    entra = EntraEmulator(seed=seed, lag=(1, 20))
    entra.clock.freeze()
    entra.assumptions.directory_object_quota = None
    graph = graph_client(entra, "Application.ReadWrite.All", "Directory.Read.All")
    live: dict[str, set[str]] = {}
    deleted: dict[str, set[str]] = {}
    for number in range(120):
        tags = {dice.choice("ab")}
        action = dice.choice(("create", "create", "tag", "delete", "restore", "purge"))
        if action == "create":
            live[create(graph, tags=sorted(tags), uniqueName=f"name {number}")["id"]] = tags
        elif action in ("tag", "delete") and live:
            object_id = dice.choice(sorted(live))
            method, body = ("PATCH", {"tags": sorted(tags)}) if action == "tag" else ("DELETE", None)
            if graph(method, f"/applications/{object_id}", body).status_code == 204:
                live[object_id] = tags if action == "tag" else live[object_id]
                if action == "delete":
                    deleted[object_id] = live.pop(object_id)
        elif action in ("restore", "purge") and deleted:
            object_id = dice.choice(sorted(deleted))
            path = f"/directory/deletedItems/{object_id}"
            answer = graph("POST", f"{path}/restore") if action == "restore" else graph("DELETE", path)
            if answer.ok:
                tags = deleted.pop(object_id)
                live |= {object_id: tags} if action == "restore" else {}
        entra.clock.advance(dice.uniform(0, 8))
    entra.clock.advance(20)
    assert {one["id"] for one in graph("GET", "/applications?$filter=tags/any(t:t eq 'a')").json()["value"]} == {
        object_id for object_id, tags in live.items() if "a" in tags
    }
    listed = graph("GET", "/directory/deletedItems/microsoft.graph.application").json()["value"]
    assert {one["id"] for one in listed} == set(deleted)
    for object_id, tags in live.items():
        assert graph("GET", f"/applications/{object_id}").json()["tags"] == sorted(tags)
    for object_id in deleted:
        assert graph("GET", f"/applications/{object_id}").status_code == 404
    assert entra.directory.applications.under_way() == []
