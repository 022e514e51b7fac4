"""The faults of each service, what the client sees of them, and strikes by number or from a seed."""

from contextlib import suppress
from typing import Any

import pytest
import requests

from emulator.fault_kinds import KINDS
from emulator.faults import Strike, plan
from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient

APPLICATION: Any = {"displayName": "x", "passwordCredentials": [{"displayName": "p"}]}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("concurrency", 409, "Directory_ConcurrencyViolation"),
        ("concurrency_503", 503, "Directory_ConcurrencyViolation"),
        ("company_information", 404, "Directory_ObjectNotFound"),
        ("forbidden", 403, "Authorization_RequestDenied"),
        ("passwords_refused", 400, "Request_BadRequest"),
        ("secret_forbidden", 400, "CredentialTypeNotAllowedAsPerAppPolicy"),
        ("lifetime_forbidden", 400, "CredentialInvalidLifetimeAsPerAppPolicy"),
        ("quota_exceeded", 403, "Directory_QuotaExceeded"),
    ],
)
def test_graph_refuses_a_creation(graph: GraphClient, entra: EntraEmulator, kind: str, status: int, code: str) -> None:
    entra.faults.add(kind)
    answer = graph("POST", "/applications", APPLICATION)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert graph("GET", "/applications?$filter=displayName eq 'x'").json()["value"] == []
    assert graph("POST", "/applications", APPLICATION).status_code == 201


def test_passwords_can_be_forgotten_at_creation(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.faults.add("passwords_missing")
    first, second = (graph("POST", "/applications", APPLICATION) for _ in range(2))
    assert (first.status_code, first.json()["passwordCredentials"]) == (201, [])
    assert len(second.json()["passwordCredentials"]) == 1


@pytest.mark.parametrize(
    ("kind", "path", "status", "said"),
    [
        ("too_many_passwords", "/applications/{id}/addPassword", 400, "TooManyAppPasswords"),
        ("no_backing_application", "/servicePrincipals", 400, "NoBackingApplicationObject"),
        ("backing_application_forbidden", "/servicePrincipals", 403, "backing application"),
        ("not_found", "/applications/{id}/addPassword", 404, "Request_ResourceNotFound"),
    ],
)
def test_kinds_with_calls_of_their_own_leave_others_alone(
    graph: GraphClient, entra: EntraEmulator, kind: str, path: str, status: int, said: str
) -> None:
    fault = entra.faults.add(kind)
    made = graph("POST", "/applications", {"displayName": "x"}).json()
    assert graph("GET", "/applications").status_code == 200
    assert fault.hits == 0
    answer = graph("POST", path.format(id=made["id"]), {"appId": made["appId"]} if path == "/servicePrincipals" else {})
    assert (answer.status_code, said in answer.text, fault.hits) == (status, True, 1)


def token(entra: EntraEmulator, account: CallerAccount) -> requests.Response:
    """A token request."""
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    return entra.session().post(url, data={**form, "scope": "https://graph.microsoft.com/.default"}, timeout=5)


@pytest.mark.parametrize(
    ("kind", "details", "status", "said"),
    [
        ("throttle", {"retry_after": None}, 429, "AADSTS90055"),
        ("throttle", {"retry_after": 7}, 429, "AADSTS90055"),
        ("error", {"status": 503}, 503, "AADSTS90033"),
        ("error", {"status": 500, "body": "html"}, 500, "<html>"),
        ("token_html", {}, 503, "<html>"),
        ("token_html", {"status": 200}, 200, "<html>"),
        ("token_refused", {"code": 700016}, 400, '"error_codes":[700016]'),
        ("token_error_object", {}, 400, '{"error":{"code":'),
        ("token_without_token", {}, 200, "expires_in"),
    ],
)
def test_the_token_service_fails(
    entra: EntraEmulator, owner: CallerAccount, graph: GraphClient, kind: str, details: dict[str, Any], status: int, said: str
) -> None:
    entra.faults.add(kind, service="token", **details)
    assert graph("GET", "/applications").status_code == 200
    answer = token(entra, owner)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert answer.headers.get("Retry-After") == (str(details["retry_after"]) if details.get("retry_after") else None)
    assert "access_token" in token(entra, owner).json()


def test_a_key_document_can_lack_the_key_that_signs(entra: EntraEmulator) -> None:
    url = f"{entra.url}/{entra.tenant_id}/discovery/v2.0/keys"
    entra.faults.add("key_missing")
    lacking, whole = ({key["kid"] for key in entra.session().get(url).json()["keys"]} for _ in range(2))
    assert whole - lacking == {entra.keys.active.kid}
    entra.faults.add("key_repeated")
    assert [key["kid"] for key in entra.session().get(url).json()["keys"]].count(entra.keys.active.kid) == 2


@pytest.mark.parametrize(
    ("kind", "details", "error", "count"),
    [
        ("hang", {}, requests.ReadTimeout, 1),
        ("hang", {"before": True}, requests.ReadTimeout, 0),
        ("header_drip", {"seconds": 9}, requests.ReadTimeout, 1),
        ("body_drip", {"seconds": 9}, requests.ReadTimeout, 1),
        ("garbage", {}, requests.ConnectionError, 1),
        ("reset_after", {}, requests.ConnectionError, 1),
        ("connection_refused", {}, requests.ConnectionError, 0),
        ("late_connection", {"seconds": 9}, requests.ReadTimeout, 0),
        ("slow_handshake", {"seconds": 9}, requests.ReadTimeout, 0),
    ],
)
def test_the_network_fails_in_process_too(
    graph: GraphClient, entra: EntraEmulator, kind: str, details: dict[str, Any], error: type[Exception], count: int
) -> None:
    entra.faults.add(kind, **details)
    headers = {"Authorization": f"Bearer {graph.token}"}
    with pytest.raises(error):
        graph.session.post(f"{graph.base}/applications", json=APPLICATION, headers=headers, timeout=5)
    assert len(graph("GET", "/applications?$filter=displayName eq 'x'").json()["value"]) == count


def test_an_endless_body_is_made_as_it_is_read(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.faults.add("endless_body", megabytes=1_000_000)
    headers = {"Authorization": f"Bearer {graph.token}"}
    answer = graph.session.get(f"{graph.base}/applications", headers=headers, stream=True)
    assert "Content-Length" not in answer.headers
    assert len(answer.raw.read(100_000)) == 100_000


@pytest.mark.parametrize(("elapse", "expected"), [(True, 5.0), (False, 0.0)])
def test_time_passes_for_who_waits_if_wanted(entra: EntraEmulator, elapse: bool, expected: float) -> None:
    entra.clock.freeze()
    entra.faults.add("hang")
    before = entra.clock.time()
    with pytest.raises(requests.ReadTimeout):
        entra.session(elapse=elapse).get(f"{entra.url}/v1.0/applications", timeout=(1, 5))
    assert entra.clock.time() - before == expected


def test_a_strike_hits_the_nth_call_that_it_concerns(graph: GraphClient, entra: EntraEmulator) -> None:
    first = Strike("error", 3, method="GET", service="graph", details={"status": 503})
    faults = entra.faults.schedule([first, Strike("throttle", 3, service="graph"), Strike("concurrency", 5)])
    assert [graph("GET", "/applications").status_code for _ in range(6)] == [200, 200, 503, 429, 409, 200]
    assert [fault.hits for fault in faults] == [1, 1, 1], "of two for one call the second waits for the next"
    assert entra.session().get(f"{entra.url}/{entra.tenant_id}/v2.0/.well-known/openid-configuration").status_code == 200


def test_a_batch_is_struck_whole_or_in_its_parts(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.faults.add("reset_after", path="applications$")
    entra.faults.add("concurrency", path="applications$")
    batch = {"requests": [{"id": "1", "method": "GET", "url": "/applications"}]}
    answer = graph("POST", "/$batch", batch)
    assert [one["status"] for one in answer.json()["responses"]] == [409]
    with pytest.raises(requests.ConnectionError):
        graph("GET", "/applications")


def test_a_plan_is_drawn_from_its_seed_and_reaches_every_kind() -> None:
    assert plan(1, 5, among=10) == plan(1, 5, among=10) != plan(2, 5, among=10)
    drawn = plan(3, 2000, among=4)
    assert {strike.kind for strike in drawn} == set(KINDS)
    assert {strike.nth for strike in drawn} == {1, 2, 3, 4}
    assert {strike.kind for strike in plan(3, 50, among=4, kinds=("error", "slow"))} == {"error", "slow"}


def test_every_kind_strikes_what_it_concerns_and_then_lets_go(
    entra: EntraEmulator, owner: CallerAccount, graph: GraphClient
) -> None:
    """Whatever a plan holds, one walk through all that the bridge calls survives each fault once."""
    for kind in KINDS:
        (fault,) = entra.faults.schedule([Strike(kind, details=plan(1, 1, 1, kinds=(kind,))[0].details)])
        for _ in range(2):
            _walk(entra, owner, graph)
        assert fault.hits == 1, kind
        entra.faults.clear()


def _walk(entra: EntraEmulator, owner: CallerAccount, graph: GraphClient) -> None:
    session = entra.session()

    def attempt(method: str, url: str, **more: Any) -> None:
        with suppress(requests.RequestException):
            session.request(method, url, timeout=5, **more)

    headers = {"Authorization": f"Bearer {graph.token}"}
    form = {"grant_type": "client_credentials", "client_id": owner.client_id, "client_secret": owner.client_secret}
    attempt("POST", f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token", data=form)
    attempt("GET", f"{entra.url}/{entra.tenant_id}/discovery/v2.0/keys")
    attempt("GET", f"{graph.base}/applications", headers=headers)
    attempt("POST", f"{graph.base}/applications", headers=headers, json=APPLICATION)
    record = entra.directory.add_application({"displayName": "mine"}, owners=[owner.service_principal_id])
    attempt("POST", f"{graph.base}/applications/{record.id}/addPassword", headers=headers, json={})
    attempt("POST", f"{graph.base}/servicePrincipals", headers=headers, json={"appId": record.state["appId"]})
