"""The control surface over HTTP."""

from typing import Any

import jwt
import pytest

from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient


def control(entra: EntraEmulator, method: str, path: str, body: object = None, status: int = 200) -> Any:
    """One call of the control surface."""
    answer = entra.session().request(method, f"{entra.url}/_emulator/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def test_says_where_things_are(entra: EntraEmulator) -> None:
    summary = control(entra, "GET", "")
    assert summary["tenant_id"] == entra.tenant_id
    assert "POST faults" in summary["controls"]


def test_moves_the_clock(entra: EntraEmulator) -> None:
    control(entra, "POST", "clock", {"freeze": True, "set": "2027-01-01T00:00:00+00:00", "advance": 60})
    assert control(entra, "GET", "clock")["now"] == "2027-01-01T00:01:00+00:00"


def test_sets_lags_assumptions_and_policy(entra: EntraEmulator) -> None:
    state = control(entra, "PATCH", "consistency", {"lags": {"by_id": 3}, "replica_share": 0.5, "credential_write_window": 2})
    assert (state["lags"]["by_id"], entra.consistency.replica_share) == (3, 0.5)
    assert control(entra, "PATCH", "assumptions", {"top_maximum": 500})["top_maximum"] == 500
    control(entra, "PATCH", "policy", {"isEnabled": True}, status=204)
    assert control(entra, "GET", "policy")["isEnabled"] is True


def test_lets_replicas_lag_and_settle(entra: EntraEmulator) -> None:
    state = control(entra, "PATCH", "consistency", {"lag": [1, 20], "lags": {"lists": 3}, "replicas": 5})
    assert (state["lags"]["by_id"], state["lags"]["lists"], entra.consistency.replicas) == ([1, 20], 3, 5)
    assert set(control(entra, "PATCH", "consistency", {"calm": True})["lags"].values()) == {0}


def test_plans_strikes_and_gives_roles(entra: EntraEmulator, graph: GraphClient) -> None:
    strike = {"kind": "error", "nth": 2, "service": "graph", "details": {"status": 502}}
    control(entra, "POST", "strikes", {"strikes": [strike]})
    assert [graph("GET", "/applications").status_code for _ in range(3)] == [200, 502, 200]
    assert len(control(entra, "POST", "strikes", {"plan": {"seed": 1, "count": 9, "among": 3}})) == 9
    control(entra, "DELETE", "faults", status=204)
    client_id = control(entra, "POST", "callers", {"name": "created by a role"})["client_id"]
    control(entra, "POST", "directory-roles", {"client_id": client_id, "role": "Application Administrator"}, status=204)
    assert len(entra.directory.role_actions) == 1


def test_sets_and_clears_faults_and_shows_calls(entra: EntraEmulator, graph: GraphClient) -> None:
    control(entra, "POST", "faults", {"kind": "throttle", "retry_after": 2, "times": 1})
    assert graph("GET", "/applications").status_code == 429
    assert control(entra, "GET", "faults")[0]["hits"] == 1
    control(entra, "DELETE", "faults", status=204)
    assert control(entra, "GET", "faults") == []
    assert control(entra, "GET", "requests")[-1]["status"] == 429
    control(entra, "DELETE", "requests", status=204)
    assert control(entra, "GET", "requests") == []


def test_makes_clients_apis_users_and_identities(entra: EntraEmulator) -> None:
    caller = control(entra, "POST", "callers", {"name": "bridge", "roles": ["Application.ReadWrite.OwnedBy"]})
    api = control(
        entra,
        "POST",
        "apis",
        {"name": "Orders", "identifier_uri": "api://orders", "app_roles": ["Read"], "granted": {caller["client_id"]: "Read"}},
    )
    assert api["audience"] == api["app_id"]
    assert control(entra, "POST", "users", {"user_principal_name": "ada@example.com", "password": "p"})["id"]
    assert "IDENTITY_HEADER" in control(entra, "POST", "managed-identities", {"name": "app"})
    form = {"grant_type": "client_credentials", "client_id": caller["client_id"], "client_secret": caller["client_secret"]}
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    token = entra.session().post(url, data={**form, "scope": "api://orders/.default"}).json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["roles"] == ["Read"]


def test_rolls_keys_and_mints(entra: EntraEmulator) -> None:
    old = entra.keys.active.kid
    kid = control(entra, "POST", "keys", {"published": False})["kid"]
    control(entra, "POST", f"keys/{kid}/promote")
    shown = {key["kid"]: key for key in control(entra, "POST", f"keys/{old}/retire")}
    assert (shown[kid]["active"], shown[kid]["published"], shown[old]["published"]) == (True, False, False)
    body = {"audience": "api", "key": old, "claims": {"tid": "(remove)", "ver": "9"}}
    token = control(entra, "POST", "mint", body)["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert ("tid" in claims, claims["ver"], jwt.get_unverified_header(token)["kid"]) == (False, "9", old)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "faults", {"kind": "earthquake"}, 400),
        ("PATCH", "consistency", {"lags": {"by_magic": 1}}, 400),
        ("PATCH", "assumptions", {"moon_is_cheese": True}, 400),
        ("POST", "keys/unknown/promote", None, 400),
        ("POST", "callers", {"roles": ["God"]}, 400),
    ],
)
def test_refuses_what_there_is_not(entra: EntraEmulator, method: str, path: str, body: object, status: int) -> None:
    assert control(entra, method, path, body, status)["error"]


def test_is_neither_logged_nor_struck_by_faults(entra: EntraEmulator) -> None:
    entra.faults.add("error", times=None)
    control(entra, "GET", "clock")
    assert entra.requests == []
