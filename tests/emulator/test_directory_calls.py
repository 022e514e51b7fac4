"""Deleted items, federated credentials, users, policies, delta queries and batches."""

import pytest

from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient, graph_client

FEDERATED = {
    "name": "pipeline",
    "issuer": "https://token.actions.example",
    "subject": "repo:one",
    "audiences": ["api://AzureADTokenExchange"],
}


def created(graph: GraphClient, **body: object) -> str:
    """The path of a new application."""
    return f"/applications/{graph('POST', '/applications', {'displayName': 'x', **body}).json()['id']}"


def test_deleting_an_application_takes_its_service_principal_and_restoring_leaves_it(
    graph: GraphClient, entra: EntraEmulator
) -> None:
    entra.assumptions.creator_owns_service_principal = True
    path = created(graph)
    app_id = graph("GET", path).json()["appId"]
    principal = graph("POST", "/servicePrincipals", {"appId": app_id}).json()["id"]
    assert graph("DELETE", path).status_code == 204
    assert graph("DELETE", path).status_code == 404
    assert graph("GET", f"/servicePrincipals/{principal}").status_code == 404
    deleted = f"/directory/deletedItems/{path.rpartition('/')[2]}"
    assert graph("GET", deleted).json()["deletedDateTime"]
    assert graph("POST", f"{deleted}/restore").json()["@odata.type"] == "#microsoft.graph.application"
    assert graph("GET", path).json()["deletedDateTime"] is None
    assert graph("GET", f"/servicePrincipals(appId='{app_id}')").status_code == 404
    assert graph("POST", f"/directory/deletedItems/{principal}/restore").status_code == 200
    assert graph("GET", f"/servicePrincipals(appId='{app_id}')").json()["id"] == principal


def test_a_purged_application_is_gone_and_so_is_one_deleted_thirty_days_ago(graph: GraphClient, entra: EntraEmulator) -> None:
    first, second = created(graph, uniqueName="first"), created(graph, uniqueName="second")
    for path in (first, second):
        graph("DELETE", path)
    deleted = f"/directory/deletedItems/{first.rpartition('/')[2]}"
    assert graph("DELETE", deleted).status_code == 204
    assert graph("POST", f"{deleted}/restore").status_code == 404
    entra.clock.advance(30 * 24 * 3600 + 1)
    later = graph_client(entra, "Application.ReadWrite.OwnedBy")
    assert later("POST", "/applications", {"displayName": "x", "uniqueName": "second"}).status_code == 201


def test_restoring_is_refused_while_the_identifier_uri_is_taken(graph: GraphClient) -> None:
    path = created(graph, identifierUris=["api://one"])
    graph("DELETE", path)
    created(graph, identifierUris=["api://one"])
    assert graph("POST", f"/directory/deletedItems/{path.rpartition('/')[2]}/restore").status_code == 400


def test_federated_credentials_are_made_changed_and_removed(graph: GraphClient) -> None:
    path = f"{created(graph)}/federatedIdentityCredentials"
    made = graph("POST", path, FEDERATED)
    assert made.status_code == 201
    assert graph("GET", f"{path}/{made.json()['id']}").json()["subject"] == "repo:one"
    assert graph("PATCH", f"{path}/pipeline", {"subject": "repo:two"}).status_code == 204
    assert [one["subject"] for one in graph("GET", path).json()["value"]] == ["repo:two"]
    assert graph("PATCH", f"{path}/pipeline", {"name": "other"}).status_code == 400
    assert graph("DELETE", f"{path}/pipeline").status_code == 204
    assert graph("GET", f"{path}/pipeline").status_code == 404


@pytest.mark.parametrize(
    "change", [{"name": "x" * 121}, {"name": "a b"}, {"subject": "s" * 601}, {"audiences": []}, {"issuer": ""}, {"unknown": 1}]
)
def test_refuses_federated_credentials_that_entra_refuses(graph: GraphClient, change: dict[str, object]) -> None:
    assert graph("POST", f"{created(graph)}/federatedIdentityCredentials", {**FEDERATED, **change}).status_code == 400


def test_issuer_and_subject_are_unique_and_twenty_credentials_enough(graph: GraphClient) -> None:
    path = f"{created(graph)}/federatedIdentityCredentials"
    for number in range(20):
        assert graph("POST", path, {**FEDERATED, "name": f"one-{number}", "subject": str(number)}).status_code == 201
    assert graph("POST", path, {**FEDERATED, "name": "one-more"}).status_code == 400
    graph("DELETE", f"{path}/one-0")
    assert graph("POST", path, {**FEDERATED, "name": "again", "subject": "1"}).status_code == 400


def test_users_show_their_state_when_it_is_selected(admin: GraphClient, entra: EntraEmulator) -> None:
    user = entra.add_user("ada@example.com", displayName="Ada Example")
    assert "accountEnabled" not in admin("GET", f"/users/{user.id}").json()
    select = f"/users/{user.id}?$select=accountEnabled,signInSessionsValidFromDateTime"
    before = admin("GET", select).json()
    assert before["accountEnabled"] is True
    entra.clock.advance(60)
    assert admin("POST", "/users/ada@example.com/revokeSignInSessions").json()["value"] is True
    assert admin("PATCH", f"/users/{user.id}", {"accountEnabled": False}).status_code == 204
    after = admin("GET", select).json()
    assert after["accountEnabled"] is False
    assert after["signInSessionsValidFromDateTime"] > before["signInSessionsValidFromDateTime"]
    assert admin("DELETE", f"/users/{user.id}").status_code == 204
    assert admin("GET", f"/users/{user.id}").status_code == 404


def test_a_policy_set_over_graph_is_obeyed(admin: GraphClient, graph: GraphClient) -> None:
    restriction = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D"}
    body = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [restriction], "keyCredentials": []}}
    assert admin("PATCH", "/policies/defaultAppManagementPolicy", body).status_code == 204
    asked = {"displayName": "x", "passwordCredentials": [{"displayName": "p"}]}
    assert graph("POST", "/applications", asked).json()["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert admin("PATCH", "/policies/defaultAppManagementPolicy", {"isEnabled": False}).status_code == 204
    assert graph("POST", "/applications", asked).status_code == 201


def test_a_policy_may_spare_older_applications(graph: GraphClient, entra: EntraEmulator) -> None:
    path = created(graph)
    entra.tenant.policies.restrict_passwords(forbid=True, created_after="2099-01-01T00:00:00Z")
    assert graph("POST", f"{path}/addPassword", {}).status_code == 200


def test_delta_reports_what_changed_and_what_went(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.seed_applications(120)
    kept, removed, purged = created(graph), created(graph), created(graph)
    first = graph("GET", "/applications/delta?$select=displayName").json()
    assert "@odata.deltaLink" not in first
    last = graph("GET", first["@odata.nextLink"]).json()
    link = last["@odata.deltaLink"]
    assert len({item["id"] for item in first["value"] + last["value"]}) == len(entra.directory.applications.live)
    assert graph("GET", link).json()["value"] == []
    graph("PATCH", kept, {"displayName": "changed"})
    for path in (removed, purged):
        graph("DELETE", path)
    graph("DELETE", f"/directory/deletedItems/{purged.rpartition('/')[2]}")
    changes = {item["id"]: item.get("@removed", item) for item in graph("GET", link).json()["value"]}
    assert changes[kept.rpartition("/")[2]]["displayName"] == "changed"
    assert changes[removed.rpartition("/")[2]] == {"reason": "changed"}
    assert changes[purged.rpartition("/")[2]] == {"reason": "deleted"}


def test_an_old_delta_link_is_gone(graph: GraphClient, entra: EntraEmulator) -> None:
    link = graph("GET", "/applications/delta").json()["@odata.deltaLink"]
    entra.clock.advance(7 * 24 * 3600 + 1)
    answer = graph_client(entra, "Application.Read.All")("GET", link)
    assert (answer.status_code, answer.headers["Location"]) == (410, f"{graph.base}/applications/delta")


def test_a_batch_answers_each_request_and_fails_dependants(graph: GraphClient) -> None:
    path = created(graph)
    json_type = {"Content-Type": "application/json"}
    body = {
        "requests": [
            {"id": "1", "method": "GET", "url": path},
            {"id": "2", "method": "PATCH", "url": path, "body": {"notes": "n"}},
            {"id": "3", "method": "GET", "url": path, "dependsOn": ["2"]},
            {"id": "4", "method": "PATCH", "url": path, "body": {"notes": "n"}, "headers": json_type},
            {"id": "5", "method": "GET", "url": f"{path}?$select=notes", "dependsOn": ["4"]},
        ]
    }
    answers = {item["id"]: item for item in graph("POST", "/$batch", body).json()["responses"]}
    assert {name: item["status"] for name, item in answers.items()} == {"1": 200, "2": 400, "3": 424, "4": 204, "5": 200}
    assert answers["5"]["body"]["notes"] == "n"


def test_a_batch_holds_twenty_requests(graph: GraphClient) -> None:
    one = {"method": "GET", "url": "/applications"}
    assert graph("POST", "/$batch", {"requests": [{**one, "id": str(n)} for n in range(21)]}).status_code == 400
    assert graph("POST", "/$batch", {"requests": [{**one, "id": "1"}] * 2}).status_code == 400


@pytest.mark.parametrize(
    ("assumption", "at_first", "after"),
    [
        ("follow", ["own", "a", "b"], ["own", "b", "c"]),
        ("accumulate", ["own", "a", "b"], ["own", "a", "b", "c"]),
        ("at_creation", ["own", "a", "b"], ["own", "a", "b"]),
        ("never", ["own"], ["own"]),
    ],
)
def test_the_tags_of_an_application_appear_on_its_service_principal_as_assumed(
    graph: GraphClient, entra: EntraEmulator, assumption: str, at_first: list[str], after: list[str]
) -> None:
    entra.assumptions.application_tags_on_service_principals = assumption
    path = created(graph, tags=["a", "b"])
    app_id = graph("GET", path).json()["appId"]
    assert graph("POST", "/servicePrincipals", {"appId": app_id, "tags": ["own"]}).json()["tags"] == at_first
    assert graph("PATCH", path, {"tags": ["b", "c"]}).status_code == 204
    assert graph("GET", f"/servicePrincipals(appId='{app_id}')").json()["tags"] == after
