"""What the metadata documents say of a bridge: what works, and nothing else."""

import json
from collections.abc import Mapping
from uuid import uuid4

import pytest

from emulator.server import EntraEmulator
from shared.application import Application
from tests.wire.patience import eventually


def test_offers_what_at_least_one_caller_may_have_registered(variables: Mapping[str, str]) -> None:
    credentials = [{"name": "portal", "authorization": "Bearer a long enough literal", "policy": "services"}]
    policies = {"services": {"grant_types": ["client_credentials"], "auth_methods": ["client_secret_basic"]}}
    settings = {"REGISTRATION_CREDENTIALS": json.dumps(credentials), "REGISTRATION_POLICIES": json.dumps(policies)}
    found = Application({**variables, **settings}).discovery.document()
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]


def test_offers_no_secrets_where_the_tenant_is_known_to_forbid_them(variables: Mapping[str, str]) -> None:
    with EntraEmulator(lag=(0, 0)) as strict:
        strict.tenant.policies.restrict_passwords(forbid=True)
        identity = strict.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy", "Policy.Read.All"))
        settings = {
            "ENTRA_TENANT_ID": strict.tenant_id,
            "ENTRA_AUTHORITY_URL": strict.url,
            "ENTRA_GRAPH_URL": strict.url,
            "ENTRA_CA_BUNDLE": strict.ca_file,
            "ENTRA_CLIENT_ID": identity.client_id,
            "ENTRA_CLIENT_SECRET": identity.client_secret or "",
            "REGISTRATION_CREDENTIALS": json.dumps([{"name": "portal", "authorization": "Bearer a long enough literal"}]),
        }
        discovery = Application({**variables, **settings}).discovery
        eventually(
            lambda: discovery.document()["token_endpoint_auth_methods_supported"],
            lambda found: found == ["none", "private_key_jwt"],
        )


@pytest.mark.parametrize(("settings", "listed"), [({}, True), ({"BRIDGE_OFFERS_OFFLINE_ACCESS": "false"}, False)])
def test_a_setting_keeps_offline_access_out_of_the_metadata(
    variables: Mapping[str, str], settings: Mapping[str, str], listed: bool
) -> None:
    scopes = Application({**variables, **settings}).discovery.document()["scopes_supported"]
    assert isinstance(scopes, list)
    assert ("offline_access" in scopes) is listed


@pytest.mark.parametrize(
    ("policy", "listed"),
    [({}, {"tools.read", "tools.write"}), ({"scopes": ["https://mcp.example/tools.read"]}, {"tools.read"})],
)
def test_lists_the_scopes_of_configured_apis_by_the_full_names_that_entra_takes(
    entra: EntraEmulator, variables: Mapping[str, str], policy: Mapping[str, object], listed: set[str]
) -> None:
    api = entra.add_resource_api("MCP server", f"api://{uuid4()}", scopes=("tools.read", "tools.write"))
    settings = {
        "REGISTRATION_POLICIES": json.dumps({"some": policy}),
        "REGISTRATION_CREDENTIALS": json.dumps(
            [{"name": "portal", "authorization": "Bearer a long enough literal", "policy": "some"}]
        ),
        "REGISTRATION_RESOURCE_APIS": json.dumps(
            [{"app_id": api.app_id, "prefix": "https://mcp.example/"}, {"app_id": str(uuid4()), "prefix": "api://not-there/"}]
        ),
    }
    entra.consistency.settle()
    scopes = Application({**variables, **settings}).discovery.document()["scopes_supported"]
    assert isinstance(scopes, list)
    assert {name for name in scopes if "/" in name} == {f"https://mcp.example/{value}" for value in listed}


def test_the_metadata_do_not_wait_for_a_directory_that_does_not_answer(
    entra: EntraEmulator, variables: Mapping[str, str]
) -> None:
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps([{"name": "portal", "authorization": "Bearer a long enough literal"}]),
        "REGISTRATION_RESOURCE_APIS": json.dumps([{"app_id": str(uuid4()), "prefix": "api://orders/"}]),
    }
    entra.faults.add(kind="hang", times=5, seconds=30.0, method="GET", path="/servicePrincipals")
    try:
        document = Application({**variables, **settings}).discovery.document()
    finally:
        entra.faults.clear()
    assert document["registration_endpoint"] == "https://bridge.example.com/register"


@pytest.mark.duty(128)
def test_advertises_no_registration_where_nobody_may_register(variables: Mapping[str, str]) -> None:
    assert "registration_endpoint" not in Application(variables).discovery.document()
