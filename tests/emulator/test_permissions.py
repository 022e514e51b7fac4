"""What each application permission allows, call by call, owner or not."""

import pytest

from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient, graph_client

OWNED_BY = "Application.ReadWrite.OwnedBy"
ALL = "Application.ReadWrite.All"
READ = "Application.Read.All"


def test_owned_by_creates_owns_and_changes_its_own(graph: GraphClient) -> None:
    made = graph("POST", "/applications", {"displayName": "mine"}).json()
    path = f"/applications(appId='{made['appId']}')"
    assert graph("PATCH", path, {"notes": "n"}).status_code == 204
    key = graph("POST", f"{path}/addPassword", {}).json()["keyId"]
    assert graph("POST", f"{path}/removePassword", {"keyId": key}).status_code == 204
    assert graph("POST", "/servicePrincipals", {"appId": made["appId"]}).status_code == 201
    assert graph("DELETE", path).status_code == 204
    assert graph("POST", f"/directory/deletedItems/{made['id']}/restore").status_code == 200


def test_owned_by_reads_but_does_not_change_what_others_own(graph: GraphClient, entra: EntraEmulator) -> None:
    (other,) = entra.seed_applications(1)
    path = f"/applications/{other.id}"
    assert graph("GET", path).status_code == 200
    attempts = [
        graph("PATCH", path, {"notes": "n"}),
        graph("DELETE", path),
        graph("POST", f"{path}/addPassword", {}),
        graph("POST", f"{path}/removePassword", {"keyId": "9b8a7c6d-6666-4777-8888-e99900011122"}),
        graph("POST", f"{path}/owners/$ref", {"@odata.id": f"{graph.base}/directoryObjects/{other.id}"}),
        graph("POST", "/servicePrincipals", {"appId": other.state["appId"]}),
        graph("POST", f"{path}/federatedIdentityCredentials", {"name": "abc"}),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in attempts] == [
        (403, "Authorization_RequestDenied")
    ] * len(attempts)


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (READ, "GET", "/applications", 200),
        (READ, "POST", "/applications", 403),
        ("User.Read.All", "GET", "/applications", 403),
        ("AppRegistration.Create", "POST", "/applications", 201),
        ("AppRegistration.Create", "GET", "/applications", 403),
        (OWNED_BY, "GET", "/applications", 200),
        (OWNED_BY, "GET", "/applications/delta", 200),
        (OWNED_BY, "GET", "/directory/deletedItems/microsoft.graph.application", 403),
        (READ, "GET", "/directory/deletedItems/microsoft.graph.application", 200),
        (OWNED_BY, "GET", "/users", 403),
        ("User.Read.All", "GET", "/users", 200),
        (OWNED_BY, "GET", "/policies/defaultAppManagementPolicy", 403),
        ("Policy.Read.All", "GET", "/policies/defaultAppManagementPolicy", 200),
        ("Policy.Read.All", "PATCH", "/policies/defaultAppManagementPolicy", 403),
    ],
)
def test_permission_by_call(entra: EntraEmulator, role: str, method: str, path: str, status: int) -> None:
    body = {"displayName": "x"} if method != "GET" else None
    assert graph_client(entra, role)(method, path, body).status_code == status


def test_owned_by_can_be_told_not_to_read_the_applications_of_others(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.assumptions.owned_by_reads_all_applications = False
    mine = graph("POST", "/applications", {"displayName": "mine"}).json()
    (other,) = entra.seed_applications(1)
    assert graph("GET", f"/applications/{mine['id']}").status_code == 200
    assert graph("GET", f"/applications/{other.id}").status_code == 403
    assert graph("GET", "/applications").status_code == 403


def test_read_write_all_changes_everything_and_does_not_become_owner(admin: GraphClient, entra: EntraEmulator) -> None:
    (other,) = entra.seed_applications(1)
    assert admin("PATCH", f"/applications/{other.id}", {"notes": "n"}).status_code == 204
    made = admin("POST", "/applications", {"displayName": "x"}).json()
    assert admin("GET", f"/applications/{made['id']}/owners").json()["value"] == []


def test_owners_are_bound_added_and_removed(entra: EntraEmulator) -> None:
    account = entra.add_caller("bridge", (OWNED_BY, "Directory.Read.All"))
    graph, user = graph_client(entra, account=account), entra.add_user("ada@example.com")
    other = entra.add_caller("other").service_principal_id
    reference = f"https://graph.microsoft.com/v1.0/directoryObjects/{user.id}"
    made = graph("POST", "/applications", {"displayName": "x", "owners@odata.bind": [reference]}).json()
    path = f"/applications/{made['id']}/owners"
    owners = {item["id"]: item["@odata.type"] for item in graph("GET", path).json()["value"]}
    assert owners == {user.id: "#microsoft.graph.user", account.service_principal_id: "#microsoft.graph.servicePrincipal"}
    body = {"@odata.id": f"{graph.base}/directoryObjects/{other}"}
    assert graph("POST", f"{path}/$ref", body).status_code == 204
    assert "already exist" in graph("POST", f"{path}/$ref", body).json()["error"]["message"]
    assert graph("DELETE", f"{path}/{other}/$ref").status_code == 204
    assert graph("DELETE", f"{path}/{account.service_principal_id}/$ref").status_code == 204
    assert graph("DELETE", f"{path}/{user.id}/$ref").status_code == 403


def test_owned_by_alone_cannot_add_owners(graph: GraphClient, entra: EntraEmulator) -> None:
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    body = {"@odata.id": f"{graph.base}/directoryObjects/{entra.add_user('ada@example.com').id}"}
    assert graph("POST", f"/applications/{made['id']}/owners/$ref", body).status_code == 403


def test_owners_of_applications_are_twenty_at_creation_and_must_exist(graph: GraphClient) -> None:
    one = f"{graph.base}/directoryObjects/a1b2c3d4-1111-4222-8333-944455566677"
    assert graph("POST", "/applications", {"displayName": "x", "owners@odata.bind": [one] * 21}).status_code == 400
    assert graph("POST", "/applications", {"displayName": "x", "owners@odata.bind": [one]}).status_code == 404


def test_a_granted_role_is_in_the_next_token(admin: GraphClient, entra: EntraEmulator) -> None:
    account = entra.add_caller("late")
    before = graph_client(entra, account=account)
    assert before("GET", "/applications").status_code == 403
    graph_principal = admin("GET", "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')").json()
    role = next(role["id"] for role in graph_principal["appRoles"] if role["value"] == OWNED_BY)
    body = {"principalId": account.service_principal_id, "resourceId": graph_principal["id"], "appRoleId": role}
    path = f"/servicePrincipals/{graph_principal['id']}/appRoleAssignedTo"
    assert admin("POST", path, body).status_code == 201
    assert admin("POST", path, body).status_code == 400
    assert before("GET", "/applications").status_code == 403
    assert graph_client(entra, account=account)("GET", "/applications").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer a.b.c",
        "Basic abc",
        "Bearer {id_token}",
        "Bearer {other_audience}",
        "Bearer {unsigned}",
        "Bearer {old}",
    ],
)
def test_refuses_what_is_no_valid_token_for_graph(entra: EntraEmulator, authorization: str) -> None:
    graph = "https://graph.microsoft.com"
    tokens = {
        "id_token": entra.mint(audience="a", version=2),
        "other_audience": entra.mint(audience="api://orders", version=1, roles=[OWNED_BY]),
        "unsigned": entra.mint(audience=graph, version=1, roles=[OWNED_BY], algorithm="none"),
        "old": entra.mint(audience=graph, version=1, roles=[OWNED_BY], lifetime=-1),
    }
    headers = {"Authorization": authorization.format(**tokens)} if authorization else {}
    answer = entra.session().get(f"{entra.url}/v1.0/applications", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_ends_with_the_virtual_clock(graph: GraphClient, entra: EntraEmulator) -> None:
    assert graph("GET", "/applications").status_code == 200
    entra.clock.advance(5401)
    assert graph("GET", "/applications").json()["error"]["message"] == "Lifetime validation failed, the token is expired."
