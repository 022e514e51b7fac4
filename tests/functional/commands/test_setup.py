"""`setup`, run by an administrator of the emulated tenant."""

import io
import json

import pytest

from emulator.directory.directory import GRAPH_APP_ROLES
from emulator.seeding import CallerAccount
from emulator.server import EntraEmulator
from shared.commands.setup import main

ADMINISTRATOR = ("AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All")


def prepare(entra: EntraEmulator, identity: str, *arguments: str, roles: tuple[str, ...] = ADMINISTRATOR) -> tuple[int, str]:
    token = entra.token_for(entra.add_caller("administrator", roles=roles))
    output = io.StringIO()
    variables = {"ENTRA_GRAPH_URL": entra.url, "ENTRA_CA_BUNDLE": entra.ca_file}
    code = main(["--identity", identity, *arguments], variables, token, output)
    assert token not in output.getvalue()
    return code, output.getvalue()


def permissions(entra: EntraEmulator, account: CallerAccount) -> set[str]:
    names = {role: name for name, role in GRAPH_APP_ROLES.items()}
    held = entra.directory.role_assignments.values()
    return {names[each["appRoleId"]] for each in held if each["principalId"] == account.service_principal_id}


def settings_of(text: str) -> dict[str, str]:
    lines = text.partition("# The settings that follow\n")[2].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_without_apply_nothing_changes(entra: EntraEmulator) -> None:
    bridge = entra.add_managed_identity("bridge")
    before = len(entra.directory.applications.live)
    code, text = prepare(entra, bridge.client_id)
    assert code == 0
    assert "would    grant Application.ReadWrite.OwnedBy to bridge" in text
    assert "would    create the application Entra DCR Bridge" in text
    assert "Nothing was changed" in text
    assert permissions(entra, bridge) == set()
    assert len(entra.directory.applications.live) == before + 1  # the administrator of this test


@pytest.mark.parametrize("user_assigned", [True, False])
def test_a_managed_identity_is_named_by_its_id_where_it_is_one_of_its_own(entra: EntraEmulator, user_assigned: bool) -> None:
    bridge = entra.add_managed_identity("bridge", user_assigned=user_assigned)
    _, text = prepare(entra, bridge.client_id, "--apply")
    assert settings_of(text)["ENTRA_MANAGED_IDENTITY"] == (bridge.client_id if user_assigned else "system")
    assert "ENTRA_CLIENT_ID" not in settings_of(text)


def test_apply_grants_what_is_needed_and_no_more(entra: EntraEmulator) -> None:
    bridge = entra.add_managed_identity("bridge")
    code, text = prepare(entra, bridge.client_id, "--with", "policies", "--apply")
    assert code == 0, text
    assert permissions(entra, bridge) == {"Application.ReadWrite.OwnedBy", "Policy.Read.All"}


def test_the_applications_are_made_once_and_the_settings_follow_from_them(entra: EntraEmulator) -> None:
    bridge = entra.add_caller("bridge")
    more = (
        "--base-url",
        "https://dcr.example.com",
        "--scopes-api",
        "Orders",
        "--scope",
        "read",
        "--app-role",
        "read.all",
        "--apply",
    )
    code, text = prepare(entra, bridge.client_id, *more)
    assert code == 0, text
    found = settings_of(text)
    assert found["ENTRA_CLIENT_ID"] == bridge.client_id
    assert found["ENTRA_TENANT_ID"] == entra.tenant_id
    assert found["BRIDGE_BASE_URL"] == "https://dcr.example.com"
    own = entra.directory.applications.by_key["appId"][found["REGISTRATION_ENTRA_AUDIENCE"]].state
    assert {role["value"] for role in own["appRoles"]} == {"Clients.Register", "Tokens.Introspect"}
    assert own["api"]["requestedAccessTokenVersion"] == 2
    entry = json.loads(found["REGISTRATION_RESOURCE_APIS"])[0]
    orders = entra.directory.applications.by_key["appId"][entry["app_id"]].state
    assert orders["identifierUris"] == [entry["prefix"].rstrip("/")]
    assert {scope["value"] for scope in orders["api"]["oauth2PermissionScopes"]} == {"read"}
    assert {role["value"] for role in orders["appRoles"]} == {"read.all"}
    assert entry["app_roles"] is True
    entra.consistency.settle()
    code, text = prepare(entra, bridge.client_id, *more)
    assert code == 0
    assert settings_of(text) == found
    assert "create" not in text


def test_the_new_audience_and_roles_let_a_caller_in(entra: EntraEmulator) -> None:
    """A token for the application of `setup`, with its role, has what the settings ask for."""
    bridge, caller = entra.add_caller("bridge"), entra.add_caller("pipeline")
    _, text = prepare(entra, bridge.client_id, "--apply")
    entra.consistency.settle()
    audience = settings_of(text)["REGISTRATION_ENTRA_AUDIENCE"]
    own = entra.directory.service_principal_of(audience)
    assert own is not None
    role = next(role["id"] for role in own.state["appRoles"] if role["value"] == "Clients.Register")
    principal = entra.directory.service_principal_of(caller.client_id)
    assert principal is not None
    entra.directory.assign_role(principal, own, role)
    assert entra.token_for(caller, f"api://{audience}/.default")


def test_warns_of_more_than_is_needed(entra: EntraEmulator) -> None:
    bridge = entra.add_managed_identity("bridge", roles=("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"))
    _, text = prepare(entra, bridge.client_id, "--no-api")
    assert "ok       bridge has Application.ReadWrite.OwnedBy" in text
    assert "WARNING  bridge has Application.ReadWrite.All" in text
    assert text.count("WARNING") == 1


def test_names_an_identity_that_is_not_there(entra: EntraEmulator) -> None:
    code, text = prepare(entra, "00000000-1111-4222-8333-444444444444")
    assert code == 1
    assert "PROBLEM  the tenant has no service principal" in text


def test_who_may_not_grant_is_answered_with_graphs_refusal(entra: EntraEmulator) -> None:
    bridge = entra.add_caller("bridge")
    code, text = prepare(entra, bridge.client_id, "--apply", roles=("Application.Read.All", "AuditLog.Read.All"))
    assert code == 1
    assert "403" in text


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.x"])
def test_a_text_that_is_no_token_is_said_to_be_none(token: str) -> None:
    output = io.StringIO()
    assert main(["--identity", "00000000-1111-4222-8333-444444444444"], {}, token, output) == 2
    assert "no access token" in output.getvalue()


@pytest.mark.parametrize(
    ("feature", "permission"),
    [
        ("users", "User.Read.All"),
        ("purge", "Application.Read.All"),
        ("tenant", "Application.Read.All"),
        ("owners", "User.ReadBasic.All"),
        ("mail", "Mail.Send"),
        ("usage", "AuditLog.Read.All"),
        ("policies", "Policy.Read.All"),
    ],
)
def test_each_feature_is_granted_its_one_permission(entra: EntraEmulator, feature: str, permission: str) -> None:
    bridge = entra.add_managed_identity("bridge")
    code, text = prepare(entra, bridge.client_id, "--with", feature, "--apply")
    assert code == 0, text
    assert permissions(entra, bridge) == {"Application.ReadWrite.OwnedBy", permission}
