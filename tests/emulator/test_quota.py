"""The quota of directory objects, ownership of what one creates, and other limits."""

import pytest

from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient, graph_client


def create(graph: GraphClient) -> int:
    """POST of an application: its status."""
    return graph("POST", "/applications", {"displayName": "x"}).status_code


def test_deleted_objects_count_in_full_and_purged_ones_a_quarter_for_thirty_days(
    graph: GraphClient, entra: EntraEmulator
) -> None:
    entra.assumptions.directory_object_quota = 4
    ids = [graph("POST", "/applications", {"displayName": "x"}).json()["id"] for _ in range(4)]
    refused = graph("POST", "/applications", {"displayName": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Directory_QuotaExceeded")
    for object_id in ids:
        assert graph("DELETE", f"/applications/{object_id}").status_code == 204
    assert create(graph) == 403
    for object_id in ids:
        assert graph("DELETE", f"/directory/deletedItems/{object_id}").status_code == 204
    assert [create(graph) for _ in range(4)] == [201, 201, 201, 403]
    entra.clock.advance(31 * 24 * 3600)
    later = graph_client(entra, account=_account(entra, graph))
    assert [create(later) for _ in range(2)] == [201, 403]


def _account(entra: EntraEmulator, graph: GraphClient) -> CallerAccount:
    """The account behind `graph`, whose token has expired, with a new secret."""
    (record,) = [r for r in entra.directory.applications.live.values() if r.state["displayName"] == "bridge"]
    return CallerAccount(record.state["appId"], record.id, "", entra.add_secret(record))


def test_the_quota_is_250_objects_and_service_principals_are_objects(graph: GraphClient, entra: EntraEmulator) -> None:
    owner = entra.directory.applications.created_by
    assert entra.assumptions.directory_object_quota == 250
    for _ in range(125):
        made = graph("POST", "/applications", {"displayName": "x"}).json()
        assert graph("POST", "/servicePrincipals", {"appId": made["appId"]}).status_code == 201
    assert len(owner) == 1
    assert create(graph) == 403
    entra.assumptions.directory_object_quota = None
    assert create(graph) == 201


@pytest.mark.parametrize(
    ("role", "created", "owns"),
    [
        (["Application Administrator"], 201, False),
        (["microsoft.directory/applications/create"], 201, False),
        (["Application Developer"], 403, True),
        ([], 403, True),
    ],
)
def test_a_role_that_creates_lifts_the_quota_and_takes_ownership_away(
    graph: GraphClient, owner: CallerAccount, entra: EntraEmulator, role: list[str], created: int, owns: bool
) -> None:
    for one in role:
        entra.assign_directory_role(owner.client_id, one)
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    owners = [one["id"] for one in graph("GET", f"/applications/{made['id']}/owners").json()["value"]]
    assert (owner.service_principal_id in owners) == owns
    entra.assumptions.directory_object_quota = 1
    assert create(graph) == created
    may_change = owns or role == ["Application Administrator"]
    assert graph("PATCH", f"/applications/{made['id']}", {"notes": "n"}).status_code == (204 if may_change else 403)


def test_an_owner_that_is_bound_stays_owner_with_such_a_role(
    graph: GraphClient, owner: CallerAccount, entra: EntraEmulator
) -> None:
    entra.assign_directory_role(owner.client_id, "microsoft.directory/applications/create")
    bind = [f"https://graph.microsoft.com/v1.0/directoryObjects/{owner.service_principal_id}"]
    made = graph("POST", "/applications", {"displayName": "x", "owners@odata.bind": bind}).json()
    assert graph("PATCH", f"/applications/{made['id']}", {"notes": "n"}).status_code == 204


@pytest.mark.parametrize(("owned", "bound", "status"), [(True, False, 204), (False, False, 403), (False, True, 204)])
def test_the_creator_owns_the_service_principal_or_must_say_so(
    graph: GraphClient, owner: CallerAccount, entra: EntraEmulator, owned: bool, bound: bool, status: int
) -> None:
    entra.assumptions.creator_owns_service_principal = owned
    app_id = graph("POST", "/applications", {"displayName": "x"}).json()["appId"]
    bind = {"owners@odata.bind": [f"https://graph.microsoft.com/v1.0/directoryObjects/{owner.service_principal_id}"]}
    made = graph("POST", "/servicePrincipals", {"appId": app_id, **(bind if bound else {})})
    assert made.status_code == 201
    assert graph("PATCH", f"/servicePrincipals/{made.json()['id']}", {"notes": "n"}).status_code == status


@pytest.mark.parametrize(("along", "left"), [(True, 0), (False, 1)])
def test_a_purge_takes_the_service_principal_along_or_not(
    graph: GraphClient, admin: GraphClient, entra: EntraEmulator, along: bool, left: int
) -> None:
    entra.assumptions.purging_an_application_purges_its_service_principal = along
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    graph("POST", "/servicePrincipals", {"appId": made["appId"]})
    graph("DELETE", f"/applications/{made['id']}")
    graph("DELETE", f"/directory/deletedItems/{made['id']}")
    listed = admin("GET", "/directory/deletedItems/microsoft.graph.servicePrincipal").json()["value"]
    assert len(listed) == left


@pytest.mark.parametrize("query", ["/applications?$select=id,keyCredentials", "/applications/{id}?$select=keyCredentials"])
def test_keys_may_be_selected_150_times_a_minute_in_the_whole_tenant(
    graph: GraphClient, admin: GraphClient, entra: EntraEmulator, query: str
) -> None:
    entra.clock.freeze()
    path = query.format(id=graph("POST", "/applications", {"displayName": "x"}).json()["id"])
    for client in (graph, admin):
        assert {client("GET", path).status_code for _ in range(75)} == {200}
    refused = graph("GET", path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert graph("GET", path.partition("?")[0]).status_code == 200
    entra.clock.advance(60)
    assert graph("GET", path).status_code == 200


@pytest.mark.parametrize(("way", "status", "count"), [("made", 201, 1), ("ignored", 201, 0), ("refused", 400, 0)])
def test_passwords_at_creation_are_made_ignored_or_refused(
    graph: GraphClient, entra: EntraEmulator, way: str, status: int, count: int
) -> None:
    entra.assumptions.passwords_at_creation = way
    answer = graph("POST", "/applications", {"displayName": "x", "passwordCredentials": [{"displayName": "p"}]})
    assert (answer.status_code, len(answer.json().get("passwordCredentials", ()))) == (status, count)
    if status == 400:
        assert "New password credentials must be generated" in answer.text


@pytest.mark.parametrize("status", [409, 503])
def test_a_concurrent_credential_write_is_refused_with_either_status(
    graph: GraphClient, entra: EntraEmulator, status: int
) -> None:
    entra.assumptions.concurrency_status = status
    entra.consistency.credential_write_window = 10
    path = f"/applications/{graph('POST', '/applications', {'displayName': 'x'}).json()['id']}/addPassword"
    assert graph("POST", path, {}).status_code == 200
    refused = graph("POST", path, {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, "Directory_ConcurrencyViolation")


def test_a_third_password_of_an_application_for_personal_accounts_is_one_too_many(graph: GraphClient) -> None:
    body = {"displayName": "x", "signInAudience": "AzureADandPersonalMicrosoftAccount", "api": {"requestedAccessTokenVersion": 2}}
    path = f"/applications/{graph('POST', '/applications', body).json()['id']}/addPassword"
    answers = [graph("POST", path, {}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert answers[2].json()["error"]["code"] == "TooManyAppPasswords"
