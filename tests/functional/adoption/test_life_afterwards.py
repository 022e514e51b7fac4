"""An adopted application lives as the bridge's other clients do: its portal manages it with its own credential."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditConfiguration
from shared.audit.findings import FindingKind
from shared.audit.run import Audit
from tests.functional.adoption.conftest import Tenant
from tests.functional.registration.bridge import OTHER_PORTAL, assert_error, content

# Seconds; what was written at the start has arrived by then.
LAG = (1, 20)
NUMBER = 1000


@pytest.fixture
def client_id(tenant: Tenant) -> str:
    """An application that was adopted for the portal."""
    client_id = tenant.add("Orders portal", tags=["made-by-anypoint"])
    code, out = tenant.adopt("--client-id", client_id)
    assert code == 0, out
    return client_id


def test_it_is_read_as_registered_with_the_secret_it_has(tenant: Tenant, client_id: str) -> None:
    read = content(tenant.bridge.call("GET", client_id))
    assert read["client_name"] == "Orders portal"
    assert read["grant_types"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert read["redirect_uris"] == ["https://orders.example.com/callback"]
    assert read["token_endpoint_auth_method"] == "client_secret_basic"
    assert tenant.bridge.token_status(client_id, tenant.texts[client_id]) == 200
    own = tenant.bridge.call("GET", client_id, authorization=f"Bearer {read['registration_access_token']}")
    assert own.status == 200


def test_an_update_that_changes_nothing_changes_nothing(tenant: Tenant, client_id: str) -> None:
    before = tenant.snapshot()
    read = content(tenant.bridge.call("GET", client_id))
    assert tenant.bridge.call("PUT", client_id, read).status == 200
    assert _shown(tenant.snapshot()) == _shown(before)


def _shown(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Without members that are null, false or empty, which say the same as their absence, and without what Graph derives."""

    def clean(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kept = {name: clean(entry) for name, entry in value.items() if name != "redirectUriSettings"}
        return {name: entry for name, entry in kept.items() if entry not in (None, False, {}, [])}

    return {key: (clean(state), *rest) for key, (state, *rest) in snapshot.items()}


def test_it_is_updated_and_keeps_its_secret_and_foreign_tags(tenant: Tenant, client_id: str) -> None:
    read = content(tenant.bridge.call("GET", client_id))
    changed = read | {"client_name": "Orders 2", "client_secret": tenant.texts[client_id]}
    answer = tenant.bridge.call("PUT", client_id, changed)
    assert (answer.status, content(answer)["client_name"]) == (200, "Orders 2")
    state = tenant.record(client_id).state
    assert state["displayName"] == "Orders 2"
    assert "made-by-anypoint" in state["tags"]
    assert len(state["passwordCredentials"]) == 1
    assert tenant.bridge.token_status(client_id, tenant.texts[client_id]) == 200


def test_a_rotated_secret_works_beside_the_old_one(tenant: Tenant, client_id: str) -> None:
    rotated = content(tenant.bridge.call("POST", client_id, rotate=True))
    assert tenant.bridge.token_status(client_id, rotated["client_secret"]) == 200
    assert tenant.bridge.token_status(client_id, tenant.texts[client_id]) == 200


def test_it_is_audited(tenant: Tenant) -> None:
    soon = tenant.add("soon", days=20)
    tenant.adopt("--client-id", soon)
    clients = ClientLists(tenant.bridge.directory, tenant.bridge.configuration.bridge_tag, "https://graph.microsoft.com")
    run = Audit(AuditConfiguration(), clients, tenant.bridge.clock, (), lambda: ()).run(600)
    assert run.complete
    assert {(finding.client_id, finding.kind) for finding in run.findings} == {(soon, FindingKind.EXPIRING)}


def test_it_is_deleted(tenant: Tenant, client_id: str) -> None:
    assert tenant.bridge.call("DELETE", client_id).status == 204
    assert (
        tenant.emulator.directory.applications.find("appId", client_id)
        not in tenant.emulator.directory.applications.live.values()
    )
    assert tenant.bridge.token_status(client_id, tenant.texts[client_id]) != 200


def test_another_portal_has_no_right_to_it(tenant: Tenant, client_id: str) -> None:
    assert_error(tenant.bridge.call("GET", client_id, authorization=OTHER_PORTAL), 403, "insufficient_scope")


def test_after_the_undo_it_is_no_client_any_more(tenant: Tenant, client_id: str) -> None:
    tenant.undo()
    tenant.emulator.consistency.settle()
    assert_error(tenant.bridge.call("GET", client_id), 403, "insufficient_scope")
    assert tenant.bridge.token_status(client_id, tenant.texts[client_id]) == 200


@contextmanager
def _broken(tenant: Tenant, after: int) -> Iterator[None]:
    """From the given PATCH on the directory fails for so long that the command gives each application up."""
    tenant.emulator.faults.add("error", path="/applications", method="PATCH", status=403, skip=after, times=None)
    yield
    tenant.emulator.faults.clear()


@pytest.mark.timeout(300)
def test_a_thousand_applications_under_lag_and_back(tenant: Tenant) -> None:
    """The first run breaks off half way, the second finishes, all of it while replicas are behind."""
    client_ids = [tenant.add(f"portal client {n}", tags=["made-by-anypoint"][: n % 2]) for n in range(NUMBER)]
    before = tenant.snapshot()
    tenant.emulator.consistency.lag(*LAG)
    with _broken(tenant, after=NUMBER // 2):
        code, out = tenant.adopt("--name", "portal client *")
    assert (code, out.splitlines()[-1]) == (1, "500 adopted, 500 failed")
    code, out = tenant.adopt("--name", "portal client *")
    assert code == 0, out.splitlines()[-1]
    tenant.emulator.consistency.settle()
    mark = tenant.bridge.configuration.bridge_tag
    for client_id in client_ids:
        record = tenant.record(client_id)
        assert {mark, "dcr:caller=portal"} <= set(record.state["tags"])
        assert list(record.owners) == [tenant.own_id]
    assert json.loads(tenant.bridge.call("GET", client_ids[-1]).body)["client_name"] == f"portal client {NUMBER - 1}"
    code, out = tenant.undo()
    assert (code, out.splitlines()[-1]) == (0, f"{NUMBER} restored")
    assert tenant.snapshot() == before
