"""Replicas: each hears of a write after a lag of its own, drawn from a range; each request asks one of them."""

import jwt
import pytest

from emulator.consistency import ENTRA_LAG
from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient, create, graph_client, statuses


@pytest.fixture(autouse=True)
def _frozen(entra: EntraEmulator) -> None:
    entra.clock.freeze()


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


def test_a_role_is_not_assigned_to_a_young_service_principal(
    graph: GraphClient, admin: GraphClient, entra: EntraEmulator
) -> None:
    resource = entra.directory.graph
    app_id = create(graph)["appId"]
    entra.consistency.set(writes=5)
    principal = graph("POST", "/servicePrincipals", {"appId": app_id}).json()["id"]
    body = {"principalId": principal, "resourceId": resource.id, "appRoleId": resource.state["appRoles"][0]["id"]}
    path = f"/servicePrincipals/{resource.id}/appRoleAssignedTo"
    assert admin("POST", path, body).status_code == 404
    entra.clock.advance(5)
    assert admin("POST", path, body).status_code == 201


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
