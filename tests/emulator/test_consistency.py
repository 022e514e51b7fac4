"""Replication: separate lags, flapping, and credential writes in quick succession."""

from itertools import pairwise

import pytest

from emulator.consistency import CALM
from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient

TAGGED = "/applications?$filter=tags/any(t:t eq 'bridge')"


@pytest.fixture(autouse=True)
def _frozen(entra: EntraEmulator) -> None:
    entra.clock.freeze()


def test_nothing_lags_by_default(graph: GraphClient) -> None:
    made = graph("POST", "/applications", {"displayName": "x", "tags": ["bridge"]}).json()
    assert graph("GET", f"/applications/{made['id']}").status_code == 200
    assert len(graph("GET", TAGGED).json()["value"]) == 1


def test_each_read_has_its_own_lag(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(by_id=2, by_app_id=4, lists=8)
    made = graph("POST", "/applications", {"displayName": "x", "tags": ["bridge"]}).json()
    by_id, by_app_id = f"/applications/{made['id']}", f"/applications(appId='{made['appId']}')"

    def seen() -> tuple[bool, bool, bool]:
        listed = graph("GET", TAGGED).json()["value"]
        return graph("GET", by_id).status_code == 200, graph("GET", by_app_id).status_code == 200, bool(listed)

    assert seen() == (False, False, False)
    entra.clock.advance(2)
    assert seen() == (True, False, False)
    entra.clock.advance(2)
    assert seen() == (True, True, False)
    entra.clock.advance(4)
    assert seen() == (True, True, True)


def test_writes_to_what_has_not_arrived_are_404(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(by_app_id=5)
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    path = f"/applications(appId='{made['appId']}')"
    answers = [graph("PATCH", path, {"notes": "n"}), graph("POST", f"{path}/addPassword", {}), graph("DELETE", path)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_reads_are_stale_after_a_patch_and_after_a_delete(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(by_id=5, lists=5)
    made = graph("POST", "/applications", {"displayName": "old", "tags": ["bridge"]}).json()
    path = f"/applications/{made['id']}"
    entra.clock.advance(10)
    assert graph("PATCH", path, {"displayName": "new", "tags": []}).status_code == 204
    assert graph("GET", path).json()["displayName"] == "old"
    assert len(graph("GET", TAGGED).json()["value"]) == 1
    entra.clock.advance(5)
    assert graph("GET", path).json()["displayName"] == "new"
    assert graph("GET", TAGGED).json()["value"] == []
    assert graph("DELETE", path).status_code == 204
    assert graph("GET", path).status_code == 200
    assert graph("PATCH", path, {"notes": "n"}).status_code == 404
    entra.clock.advance(5)
    assert graph("GET", path).status_code == 404


def test_reads_flap_while_replicas_differ(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(by_id=5)
    entra.consistency.replica_share = 0.5
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    statuses = [graph("GET", f"/applications/{made['id']}").status_code for _ in range(20)]
    assert {200, 404} == set(statuses)
    assert any(one == 200 and other == 404 for one, other in pairwise(statuses))
    entra.clock.advance(5)
    assert {graph("GET", f"/applications/{made['id']}").status_code for _ in range(20)} == {200}


def test_the_same_seed_flaps_the_same_way() -> None:
    def run(seed: int) -> list[bool]:
        entra = EntraEmulator(seed=seed, lag=CALM)
        entra.clock.freeze()
        entra.consistency.set(by_id=5)
        entra.consistency.replica_share = 0.5
        with entra.consistency.request():
            (record,) = entra.seed_applications(1)
        return [entra.consistency.visible(record, "by_id") is not None for _ in range(30)]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_service_principal_waits_for_its_application(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(service_principal_reference=3)
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    early = graph("POST", "/servicePrincipals", {"appId": made["appId"]})
    assert (early.status_code, "does not reference a valid application" in early.text) == (400, True)
    entra.consistency.reference_refusal = "forbidden"
    assert graph("POST", "/servicePrincipals", {"appId": made["appId"]}).status_code == 403
    entra.clock.advance(3)
    assert graph("POST", "/servicePrincipals", {"appId": made["appId"]}).status_code == 201


def test_the_token_service_learns_of_applications_and_secrets_later(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.set(sts_applications=3, sts_credentials=9)
    body = {"displayName": "x", "passwordCredentials": [{"displayName": "p"}]}
    made = graph("POST", "/applications", body).json()
    graph("POST", "/servicePrincipals", {"appId": made["appId"]})
    secret = made["passwordCredentials"][0]["secretText"]

    def code() -> int | None:
        form = {"grant_type": "client_credentials", "client_id": made["appId"], "client_secret": secret}
        url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
        answer = entra.session().post(url, data={**form, "scope": "https://graph.microsoft.com/.default"}).json()
        return answer["error_codes"][0] if "error_codes" in answer else None

    assert code() == 700016
    entra.clock.advance(3)
    assert code() == 7000215
    entra.clock.advance(6)
    assert code() is None
    graph("POST", f"/applications/{made['id']}/removePassword", {"keyId": made["passwordCredentials"][0]["keyId"]})
    assert code() is None
    entra.clock.advance(9)
    assert code() == 7000215


def test_deleted_items_show_up_late(graph: GraphClient, entra: EntraEmulator) -> None:
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    entra.consistency.set(deleted_items=4)
    graph("DELETE", f"/applications/{made['id']}")
    path = f"/directory/deletedItems/{made['id']}"
    assert graph("GET", path).status_code == 404
    entra.clock.advance(4)
    assert graph("GET", path).status_code == 200


def test_credential_writes_in_quick_succession_conflict(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.credential_write_window = 10
    made = graph("POST", "/applications", {"displayName": "x", "passwordCredentials": [{"displayName": "p"}]}).json()
    path = f"/applications/{made['id']}/addPassword"
    early = graph("POST", path, {})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "Directory_ConcurrencyViolation")
    entra.clock.advance(10)
    assert graph("POST", path, {}).status_code == 200
    assert graph("POST", path, {}).status_code == 409


def test_certificates_are_credential_writes_too(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.consistency.credential_write_window = 10
    path = f"/applications/{graph('POST', '/applications', {'displayName': 'x'}).json()['id']}"
    assert graph("PATCH", path, {"keyCredentials": []}).status_code == 204
    assert graph("POST", f"{path}/addPassword", {}).status_code == 409
    assert graph("PATCH", path, {"keyCredentials": []}).status_code == 409
    assert graph("PATCH", path, {"notes": "n"}).status_code == 204


def test_an_unknown_channel_cannot_be_set(entra: EntraEmulator) -> None:
    with pytest.raises(AttributeError):
        entra.consistency.set(by_magic=1)
