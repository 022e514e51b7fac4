"""Putting the audit together: what is turned on is there, in the right order, and vaults get tokens for themselves alone."""

import pytest

from shared.audit.build import build_actions, build_audit, vault_tokens
from shared.audit.configuration import AuditConfiguration
from shared.audit.delivery import Deliveries
from shared.audit.findings import FindingKind
from shared.environment import Environment
from shared.graph.clouds import CLOUDS
from shared.graph.errors import GraphFailure
from shared.graph.identity import ClientSecretIdentity
from shared.secret import Secret
from shared.settings.audit import read_audit
from tests.functional.audit.estate import Estate


def configuration(**variables: str) -> AuditConfiguration:
    environment = Environment(variables)
    found = read_audit(environment, "entra-dcr-bridge")
    environment.done()
    return found


def names(estate: Estate, chosen: AuditConfiguration) -> list[str]:
    deliveries = Deliveries(chosen.destinations, {})
    return [action.name for action in build_actions(chosen, estate.clients, estate.directory, deliveries, estate.probe)]


def test_no_action_is_on_by_default(estate: Estate) -> None:
    assert names(estate, configuration()) == []


def test_what_keeps_clients_working_comes_before_what_tidies_up(estate: Estate) -> None:
    chosen = configuration(
        AUDIT_ACTIONS="purge,prune,retire,undo,renew",
        AUDIT_DELIVERIES='{"*": "https://team.vault.azure.net/secrets/{client_id}"}',
    )
    assert names(estate, chosen) == ["renew", "undo", "retire", "prune", "purge"]


def test_an_audit_from_settings_audits(estate: Estate) -> None:
    record = estate.add_client((-300, -100), (-170, 6))
    audit = build_audit(
        configuration(AUDIT_ACTIONS="prune"),
        graph=estate.graph,
        graph_origin="https://graph.microsoft.com",
        clock=estate.clock,
        session=estate.emulator.session(),
        token_for=lambda *_: "",
        probe=estate.probe,
    )
    assert {finding.kind for finding in audit.run(600).findings} == {FindingKind.EXPIRED, FindingKind.EXPIRING}
    assert len(estate.key_ids(record)) == 1


def test_the_setting_for_dry_runs_reaches_the_actions(estate: Estate) -> None:
    record = estate.add_client((-300, -100), (-170, 6))
    audit = build_audit(
        configuration(AUDIT_ACTIONS="prune", AUDIT_DRY_RUN="true"),
        graph=estate.graph,
        graph_origin="https://graph.microsoft.com",
        clock=estate.clock,
        session=estate.emulator.session(),
        token_for=lambda *_: "",
        probe=estate.probe,
    )
    assert audit.run(600).dry_run
    assert len(estate.key_ids(record)) == 2


@pytest.mark.parametrize(
    ("graph_origin", "portal"),
    [*((cloud.graph, cloud.portal) for cloud in CLOUDS.values()), ("https://graph.example.com", "")],
)
def test_findings_lead_to_the_portal_of_their_cloud(estate: Estate, graph_origin: str, portal: str) -> None:
    audit = build_audit(
        configuration(),
        graph=estate.graph,
        graph_origin=graph_origin,
        clock=estate.clock,
        session=estate.emulator.session(),
        token_for=lambda *_: "",
        probe=estate.probe,
    )
    assert audit.run(600).portal == portal


@pytest.mark.parametrize("resource", ["https://vault.azure.net", "https://vault.azure.cn"])
def test_a_vault_gets_a_token_for_its_own_resource_and_never_graphs(estate: Estate, resource: str) -> None:
    identity = ClientSecretIdentity(estate.bridge.client_id, Secret(estate.bridge.client_secret or ""))
    session = estate.emulator.session()
    token_for = vault_tokens(identity, estate.emulator.tenant_id, CLOUDS["public"], session)
    # The emulated tenant has no vaults, so it refuses; what it was asked for is what counts.
    with pytest.raises(GraphFailure):
        token_for(resource, False)
    asked = [call.body["scope"] for call in estate.emulator.requests if call.path.endswith("/token")]
    assert asked == [f"{resource}/.default"]
