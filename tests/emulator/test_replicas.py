"""Replicas: each hears of a write after a lag of its own, drawn from a range; each request asks one of them."""

import threading
import time
from collections.abc import Callable

import jwt
import pytest

from emulator import consistency
from emulator.consistency import CALM, CHANNELS, ENTRA_LAG
from emulator.directory.record import Record
from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient, graph_client


@pytest.fixture(autouse=True)
def _frozen(entra: EntraEmulator) -> None:
    entra.clock.freeze()


def create(graph: GraphClient, **body: object) -> dict[str, str]:
    """POST of an application."""
    answer = graph("POST", "/applications", {"displayName": "x", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def statuses(graph: GraphClient, method: str, path: str, body: object = None, times: int = 40) -> set[int]:
    """What a call repeated is answered."""
    return {graph(method, path, body).status_code for _ in range(times)}


def test_replicas_hear_of_a_write_at_different_moments(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.lag(1, 20)
    path = f"/applications/{create(graph)['id']}"
    seen = []
    for _ in range(21):
        seen.append(statuses(graph, "GET", path))
        entra.clock.advance(1)
    assert seen[0] == {404}
    assert seen[-1] == {200}
    assert {200, 404} in seen, "no moment at which replicas differ"
    first = next(number for number, found in enumerate(seen) if 200 in found)
    assert all(200 in found for found in seen[first:]), "a replica that had heard of it forgot it again"


@pytest.mark.parametrize("seeds", [(3, 3), (3, 4)])
def test_lags_and_replicas_are_drawn_from_the_seed(seeds: tuple[int, int]) -> None:
    def run(seed: int) -> list[int]:
        entra = EntraEmulator(seed=seed, lag=ENTRA_LAG)
        entra.clock.freeze()
        graph = graph_client(entra, "Application.ReadWrite.OwnedBy")
        path, found = f"/applications/{create(graph)['id']}", []
        for _ in range(60):
            entra.clock.advance(0.4)
            found.append(graph("GET", path).status_code)
        return found

    assert (run(seeds[0]) == run(seeds[1])) == (seeds[0] == seeds[1])


def test_a_young_application_is_not_found_by_any_call(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.lag(5)
    made = create(graph, uniqueName="u", tags=["bridge"])
    credential = {"name": "abc", "issuer": "https://i", "subject": "s", "audiences": ["a"]}
    owner = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{made['id']}"}
    calls: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("PATCH", "", {"notes": "n"}),
        ("DELETE", "", None),
        ("POST", "/addPassword", {}),
        ("POST", "/removePassword", {"keyId": made["id"]}),
        ("GET", "/owners", None),
        ("POST", "/owners/$ref", owner),
        ("POST", "/federatedIdentityCredentials", credential),
    ]
    for key in (f"/{made['id']}", f"(appId='{made['appId']}')", "(uniqueName='u')"):
        for method, path, body in calls:
            answer = graph(method, f"/applications{key}{path}", body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound"), (method, key, path)
    for query in ("", "?$filter=tags/any(t:t eq 'bridge')", f"?$filter=appId eq '{made['appId']}'"):
        assert made["id"] not in {one["id"] for one in graph("GET", f"/applications{query}").json()["value"]}
    entra.clock.advance(5)
    assert graph("PATCH", f"/applications/{made['id']}", {"notes": "n"}).status_code == 204


def test_a_write_may_miss_what_a_read_finds(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(writes=5)
    path = f"/applications/{create(graph)['id']}"
    assert graph("GET", path).status_code == 200
    assert graph("PATCH", path, {"notes": "n"}).status_code == 404


def test_both_refusals_of_a_service_principal_come_and_say_their_code(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(service_principal_reference=5)
    app_id = create(graph)["appId"]
    errors = [graph("POST", "/servicePrincipals", {"appId": app_id}) for _ in range(20)]
    assert {error.status_code for error in errors} == {400, 403}
    details = {error.json()["error"]["details"][0]["code"] for error in errors if error.status_code == 400}
    assert details == {"NoBackingApplicationObject"}
    assert all("backing application" in error.text for error in errors if error.status_code == 403)


def test_what_was_deleted_and_purged_lingers(graph: GraphClient, entra: EntraEmulator) -> None:
    made = create(graph, uniqueName="u")
    path, deleted = f"/applications/{made['id']}", f"/directory/deletedItems/{made['id']}"
    entra.consistency.set(by_id=5, lists=5)
    assert graph("DELETE", path).status_code == 204
    assert graph("DELETE", deleted).status_code == 204
    assert graph("GET", path).status_code == 200
    assert [one["id"] for one in graph("GET", "/applications?$filter=displayName eq 'x'").json()["value"]] == [made["id"]]
    assert graph("PATCH", path, {"notes": "n"}).status_code == 404
    assert create(graph, uniqueName="u")["id"] != made["id"]
    entra.clock.advance(5)
    assert graph("GET", path).status_code == 404


def test_a_purge_finds_the_deleted_item_late_and_the_list_forgets_it_late(
    graph: GraphClient, admin: GraphClient, entra: EntraEmulator
) -> None:
    made = create(graph)
    entra.consistency.set(deleted_items=5)
    deleted = f"/directory/deletedItems/{made['id']}"
    listed = "/directory/deletedItems/microsoft.graph.application"
    graph("DELETE", f"/applications/{made['id']}")
    assert graph("DELETE", deleted).status_code == 404
    entra.clock.advance(5)
    assert graph("DELETE", deleted).status_code == 204
    assert graph("GET", deleted).status_code == 200
    assert len(admin("GET", listed).json()["value"]) == 1
    assert graph("DELETE", deleted).status_code == 404
    entra.clock.advance(5)
    assert graph("GET", deleted).status_code == 404
    assert admin("GET", listed).json()["value"] == []


def test_owners_and_federated_credentials_lag_too(graph: GraphClient, owner: CallerAccount, entra: EntraEmulator) -> None:
    path = f"/applications/{create(graph)['id']}"
    entra.consistency.set(by_id=5)
    body = {"name": "abc", "issuer": "https://i", "subject": "s", "audiences": ["a"]}
    assert graph("POST", f"{path}/federatedIdentityCredentials", body).status_code == 201
    assert graph("GET", f"{path}/federatedIdentityCredentials").json()["value"] == []
    assert graph("DELETE", f"{path}/federatedIdentityCredentials/abc").status_code == 404
    again = graph("POST", f"{path}/federatedIdentityCredentials", body)
    assert again.status_code == 409, "uniqueness is known where the write happens"
    assert graph("DELETE", f"{path}/owners/{owner.service_principal_id}/$ref").status_code == 204
    assert len(graph("GET", f"{path}/owners").json()["value"]) == 1
    entra.clock.advance(5)
    assert len(graph("GET", f"{path}/federatedIdentityCredentials").json()["value"]) == 1
    assert graph("GET", f"{path}/owners").json()["value"] == []


@pytest.mark.parametrize(("at_once", "second"), [(True, 400), (False, 201)])
def test_a_unique_name_is_checked_where_the_write_happens_or_at_a_replica(
    graph: GraphClient, entra: EntraEmulator, at_once: bool, second: int
) -> None:
    entra.assumptions.unique_name_is_checked_where_the_write_happens = at_once
    entra.consistency.lag(5)
    create(graph, uniqueName="u")
    assert graph("POST", "/applications", {"displayName": "x", "uniqueName": "u"}).status_code == second
    entra.clock.advance(5)
    assert graph("POST", "/applications", {"displayName": "x", "uniqueName": "u"}).status_code == 400


def test_the_token_service_has_replicas_for_service_principals(graph: GraphClient, entra: EntraEmulator) -> None:
    made = create(graph, passwordCredentials=[{"displayName": "p"}])
    entra.consistency.set(sts_service_principals=5)
    assert graph("POST", "/servicePrincipals", {"appId": made["appId"]}).status_code == 201
    secret = str(made["passwordCredentials"][0]["secretText"])  # type: ignore[index]
    account = CallerAccount(made["appId"], made["id"], "", secret)
    with pytest.raises(RuntimeError, match="AADSTS7000229"):
        entra.token_for(account)
    entra.clock.advance(5)
    assert entra.token_for(account)


def test_users_are_read_from_replicas(admin: GraphClient, entra: EntraEmulator) -> None:
    user = entra.add_user("ada@example.com")
    entra.consistency.lag(5)
    path = f"/users/{user.id}?$select=accountEnabled"
    assert admin("PATCH", path, {"accountEnabled": False}).status_code == 204
    assert admin("GET", path).json()["accountEnabled"] is True
    entra.clock.advance(5)
    assert admin("GET", path).json()["accountEnabled"] is False
    assert admin("DELETE", path).status_code == 204
    assert admin("GET", path).status_code == 200


def test_the_token_service_learns_late_of_an_api_and_its_version(
    graph: GraphClient, owner: CallerAccount, entra: EntraEmulator
) -> None:
    uri = "api://young"
    entra.consistency.lag(5, None, "sts_applications", "sts_service_principals")
    made = create(graph, identifierUris=[uri])
    assert graph("POST", "/servicePrincipals", {"appId": made["appId"]}).status_code == 201
    with pytest.raises(RuntimeError, match="AADSTS500011"):
        entra.token_for(owner, f"{uri}/.default")
    entra.clock.advance(5)
    graph("PATCH", f"/applications/{made['id']}", {"api": {"requestedAccessTokenVersion": 2}})
    versions = []
    for _ in range(2):
        token = entra.token_for(owner, f"{uri}/.default")
        versions.append(jwt.decode(token, options={"verify_signature": False})["ver"])
        entra.clock.advance(5)
    assert versions == ["1.0", "2.0"]


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
