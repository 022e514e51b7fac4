"""`python -m shared.commands.adopt`: what is adopted, what stands in the way, and back again."""

import json
import uuid
from typing import Any

import pytest

from shared.environment import InvalidSettings
from shared.registration.configuration import ResourceApi
from tests.functional.adoption.conftest import Tenant

PORTAL_TAG = "made-by-anypoint"


def test_a_dry_run_shows_what_would_change_and_changes_nothing(tenant: Tenant) -> None:
    client_id = tenant.add("Orders portal")
    before, writes = tenant.snapshot(), len(tenant.writes())
    code, out = tenant.run("--caller", "portal", "--owner", tenant.own_id, "--name", "orders*")
    assert code == 0
    assert f"would adopt  {client_id}  Orders portal" in out
    assert "authorization_code refresh_token client_credentials; client_secret_basic; scope none" in out
    assert f"{tenant.own_id} becomes an owner of applications, servicePrincipals" in out
    assert (tenant.snapshot(), len(tenant.writes())) == (before, writes)
    assert not tenant.journal.exists()


def test_an_adopted_application_differs_in_tags_notes_and_owner_alone(tenant: Tenant) -> None:
    client_id = tenant.add(tags=[PORTAL_TAG], notes="Asked for by Ada.")
    record = tenant.record(client_id)
    before = tenant.snapshot()
    code, out = tenant.adopt("--client-id", client_id)
    assert code == 0, out
    after = tenant.snapshot()
    changed = {key for key in after if after[key] != before[key]}
    principal = tenant.emulator.directory.service_principal_of(client_id)
    assert principal is not None
    assert changed == {record.id, principal.id}
    state, old = after[record.id][0], before[record.id][0]
    assert {name for name in state if state[name] != old[name]} == {"tags", "notes"}
    assert state["tags"][0] == PORTAL_TAG
    assert {"entra-dcr-bridge", "dcr:caller=portal", "dcr:policy=default"} <= set(state["tags"])
    assert state["notes"].startswith("Asked for by Ada.\n\nRegistered through the Entra DCR bridge by portal")
    assert (after[record.id][1], after[principal.id][1]) == ([tenant.own_id], [tenant.own_id])
    assert after[record.id][2:] == before[record.id][2:]


def test_undo_gives_back_exactly_what_was_there(tenant: Tenant) -> None:
    client_ids = [tenant.add(f"client {n}", tags=[PORTAL_TAG] * (n % 2), notes="x" * n or None) for n in range(5)]
    before = tenant.snapshot()
    assert tenant.adopt("--name", "client ?", "--token-version-2")[0] == 0
    assert tenant.record(client_ids[0]).state["api"]["requestedAccessTokenVersion"] == 2
    code, out = tenant.undo()
    assert code == 0, out
    assert "5 restored" in out
    assert tenant.snapshot() == before
    assert tenant.undo() == (1, "no application is chosen\n")


def test_undo_leaves_tags_that_others_have_added_since(tenant: Tenant) -> None:
    client_id = tenant.add(tags=[PORTAL_TAG])
    tenant.adopt("--client-id", client_id)
    record = tenant.record(client_id)
    tenant.emulator.directory.write_application(record, {"tags": [*record.state["tags"], "HideApp"]})
    tenant.undo()
    assert tenant.record(client_id).state["tags"] == [PORTAL_TAG, "HideApp"]


def test_an_application_that_is_deleted_meanwhile_is_kept_in_the_journal(tenant: Tenant) -> None:
    client_id = tenant.add()
    tenant.adopt("--client-id", client_id)
    tenant.administrator.delete_application(client_id, tenant.bridge.deadline())
    code, out = tenant.undo()
    assert code == 1
    assert f"gone         {client_id}" in out
    assert client_id in tenant.undo()[1]


def test_running_again_does_only_what_is_missing(tenant: Tenant) -> None:
    first, second = tenant.add("first"), tenant.add("second")
    before = tenant.snapshot()
    tenant.adopt("--client-id", first)
    entries = tenant.journal.read_text("utf-8").count("\n")
    code, out = tenant.adopt("--client-id", first, "--client-id", second)
    assert code == 0
    assert f"is adopted   {first}" in out
    assert f"adopted      {second}" in out
    assert tenant.journal.read_text("utf-8").count("\n") == entries + 1
    tenant.undo()
    assert tenant.snapshot() == before


def test_a_run_that_broke_off_after_the_owner_is_finished_by_the_next_and_undone_whole(tenant: Tenant) -> None:
    client_id = tenant.add()
    before = tenant.snapshot()
    tenant.emulator.faults.add("error", path="/applications", method="PATCH", status=403, times=1)
    code, out = tenant.adopt("--client-id", client_id)
    assert code == 1
    assert "the directory refuses it" in out
    assert tenant.adopt("--client-id", client_id)[0] == 0
    tenant.undo()
    assert tenant.snapshot() == before


def test_a_line_that_was_cut_off_counts_as_never_written(tenant: Tenant) -> None:
    client_id = tenant.add(notes="an odd\u2028line\x85end")
    before = tenant.snapshot()
    tenant.adopt("--client-id", client_id)
    with tenant.journal.open("a", encoding="utf-8") as file:
        file.write('{"client_id": "0d9e8f7a-22')
    assert tenant.undo()[0] == 0
    assert tenant.snapshot() == before
    assert [json.loads(line).get("undone") for line in tenant.journal.read_text("utf-8").strip().split("\n")] == [None, True]


# Choosing


def test_applications_are_chosen_by_everything_that_is_given(tenant: Tenant) -> None:
    user = tenant.emulator.add_user("ada@example.com")
    wanted = tenant.add("Orders one", tags=[PORTAL_TAG])
    tenant.add("Orders two")
    tenant.add("Billing", tags=[PORTAL_TAG])
    strange = tenant.add("Orders three", tags=[PORTAL_TAG])
    tenant.emulator.directory.applications.add_owner(tenant.record(wanted), user.id)
    dry = ("--caller", "portal", "--name", "ORDERS*", "--tag", PORTAL_TAG)
    assert {wanted, strange} == set(_chosen(tenant.run(*dry)[1]))
    assert [wanted] == _chosen(tenant.run(*dry, "--owned-by", user.id)[1])
    assert [strange] == _chosen(tenant.run(*dry, "--client-id", strange.upper())[1])


def _chosen(out: str) -> list[str]:
    return [line.split()[2] for line in out.splitlines() if line.startswith("would adopt")]


def test_a_file_of_client_ids_names_those_that_are_not_there(tenant: Tenant) -> None:
    present, missing = tenant.add(), str(uuid.uuid4())
    listed = tenant.journal.with_name("ids.txt")
    listed.write_text(f"{present}\n{missing}\n")
    code, out = tenant.run("--caller", "portal", "--client-ids", str(listed))
    assert code == 1
    assert f"would adopt  {present}" in out
    assert f"blocked      {missing}" in out
    assert out.endswith("1 would adopt, 1 blocked\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--caller", "portal"],
        ["--name", "*"],
        ["--caller", "portal", "--name", "*", "--apply"],
        ["--caller", "portal", "--client-id", "x"],
        ["--caller", "portal", "--client-ids", "/nonexistent"],
        ["--undo", "a", "--apply"],
    ],
)
def test_wrong_options_exit_with_2(tenant: Tenant, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        tenant.run(*arguments)
    assert leaving.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--caller", "nobody"], ["--caller", "portal", "--policy", "nothing"]])
def test_an_unknown_caller_or_policy_is_named(tenant: Tenant, arguments: list[str]) -> None:
    with pytest.raises(InvalidSettings, match=r"nobody|nothing"):
        tenant.run("--name", "*", *arguments)


# What stands in the way


def test_the_bridge_says_what_it_does_not_own_and_adopts_what_it_owns(tenant: Tenant) -> None:
    strange, owned = tenant.add("strange"), tenant.add("owned", owned=True)
    code, out = tenant.run(
        "--caller", "portal", "--name", "*ed", "--apply", "--journal", str(tenant.journal), by=tenant.bridge.directory
    )
    assert (code, f"adopted      {owned}" in out) == (0, True)
    code, out = tenant.run("--caller", "portal", "--client-id", strange, by=tenant.bridge.directory)
    assert code == 1
    assert "the bridge doesn't own it" in out


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"principal": False}, "it has no service principal"),
        ({"tags": ["dcr:caller=portal", "other-bridge"]}, "another bridge has a record on it"),
        ({"tags": ["entra-dcr-bridge", "dcr:caller=kong"]}, "it is a client of this bridge already, of kong"),
        ({"signInAudience": "PersonalMicrosoftAccount"}, "it is for personal accounts"),
        ({"spa": {"redirectUris": ["https://spa.example.com/"]}}, "its redirect URIs are on more than one platform"),
    ],
)
def test_what_stands_in_the_way_is_said(tenant: Tenant, values: dict[str, object], said: str) -> None:
    client_id = tenant.add(**values)  # type: ignore[arg-type]
    before = tenant.snapshot()
    code, out = tenant.adopt("--client-id", client_id)
    assert (code, f"blocked      {client_id}" in out, said in out) == (1, True, True), out
    assert tenant.snapshot() == before


def test_the_bridges_own_application_is_no_client(tenant: Tenant) -> None:
    code, out = tenant.run("--caller", "portal", "--client-id", tenant.bridge.account.client_id, by=tenant.bridge.directory)
    assert code == 1
    assert "it is the bridge's own application" in out


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "requestedAccessTokenVersion is not 2"),
        ({"signInAudience": "AzureADMultipleOrgs"}, "signInAudience is AzureADMultipleOrgs"),
        ({"identifierUris": ["api://orders-api"]}, "it is an API too"),
        ({"isFallbackPublicClient": True}, "an update sets isFallbackPublicClient to False"),
        (
            {"web": {"redirectUris": ["https://a.example/"], "implicitGrantSettings": {"enableIdTokenIssuance": True}}},
            "the policy refuses an update that changes nothing: grant_types has implicit",
        ),
    ],
)
def test_what_an_operator_should_know_is_a_remark(tenant: Tenant, values: dict[str, object], said: str) -> None:
    client_id = tenant.add(**values)  # type: ignore[arg-type]
    code, out = tenant.run("--caller", "portal", "--client-id", client_id)
    assert (code, said in out) == (0, True), out


def test_declared_permissions_become_the_scope_so_that_an_update_keeps_them(tenant: Tenant) -> None:
    api = tenant.emulator.add_resource_api("Orders API", "api://orders", scopes=["Orders.Read"], app_roles=["Orders.All"])
    state = tenant.emulator.directory.applications.live[api.object_id].state
    access = [
        {"id": state["api"]["oauth2PermissionScopes"][0]["id"], "type": "Scope"},
        {"id": state["appRoles"][0]["id"], "type": "Role"},
    ]
    graph = {
        "resourceAppId": "00000003-0000-0000-c000-000000000000",
        "resourceAccess": [{"id": str(uuid.uuid4()), "type": "Scope"}],
    }
    declared = [{"resourceAppId": api.app_id, "resourceAccess": access}, graph]
    client_id = tenant.add(requiredResourceAccess=declared)
    tenant.bridge.reconfigure(resource_apis=(ResourceApi(api.app_id, "api://orders/", True),))
    tenant.adopt("--client-id", client_id)
    read = json.loads(tenant.bridge.call("GET", client_id).body)
    assert read["scope"] == "api://orders/Orders.Read api://orders/Orders.All"
    tenant.bridge.call("PUT", client_id, read | {"client_secret": None})
    after = {
        entry["resourceAppId"]: entry["resourceAccess"] for entry in tenant.record(client_id).state["requiredResourceAccess"]
    }
    assert after == {entry["resourceAppId"]: entry["resourceAccess"] for entry in declared}


def test_what_others_write_between_the_list_and_the_adoption_is_kept(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    client_id = tenant.add(tags=[PORTAL_TAG])
    record = tenant.record(client_id)
    listed = tenant.administrator.service_principals_of

    def meanwhile(*asked: Any) -> list[dict[str, Any]]:
        tenant.emulator.directory.write_application(record, {"tags": [PORTAL_TAG, "added-meanwhile"], "notes": "By Ada."})
        return listed(*asked)

    monkeypatch.setattr(tenant.administrator, "service_principals_of", meanwhile)
    code, out = tenant.adopt("--client-id", client_id)
    assert code == 0, out
    assert record.state["tags"][:2] == [PORTAL_TAG, "added-meanwhile"]
    assert "entra-dcr-bridge" in record.state["tags"]
    assert record.state["notes"].startswith("By Ada.\n\nRegistered through")
