"""What opens the bridge's own doors, tried with tokens that introspection trusts: nothing that a setting doesn't name for it.

The tokens are signed by keys of two tenants and of one application; registered clients live in the emulator.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.server import EntraEmulator
from shared.application import Application
from shared.clock import SystemClock
from shared.errors import OAuthError
from shared.graph.client import GraphClient
from shared.graph.directory import Directory
from shared.http.exchange import Exchange
from shared.http.message import Request, Response, error_response
from shared.retry import Deadline
from tests.functional.registration.bridge import EmulatorCredential
from tests.unit.introspection.authority import API, CUSTOM_KEY_APPLICATION, ORIGIN, SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.tokens import CLIENT, Case, make_token

# The bridge's own API: what a token's `aud` must be to open its doors.
BRIDGE = "b41d9e00-1111-4222-8333-444455556666"
ROLE = "Clients.Manage"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SERVICE = {"client_name": "Nightly export", "grant_types": ["client_credentials"]}
BY_APPLICATION_KEY: Case = {"header": {"kid": "application"}, "key": "application"}
OF_SECOND_TENANT: Case = {"header": {"kid": "second_tenant"}, "key": "second_tenant"}
SECOND: Case = {"iss": f"{ORIGIN}/{SECOND_TENANT}/v2.0", "tid": SECOND_TENANT}


class FixedClock(SystemClock):
    """The time at which the tokens of these tests are good."""

    def now(self) -> datetime:
        return NOW


class Doors:
    """The bridge, its settings from the environment, on the emulator's directory and an authority in memory."""

    def __init__(self, emulator: EntraEmulator, **settings: object) -> None:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
        usual = {
            "BRIDGE_BASE_URL": "https://bridge.example.com",
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_MANAGED_IDENTITY": "system",
            "REGISTRATION_SEALING_KEYS": "a sealing secret that is long enough",
            "REGISTRATION_ENTRA_AUDIENCE": BRIDGE,
            "REGISTRATION_ENTRA_ROLES": json.dumps({ROLE: "default"}),
            "REGISTRATION_POLICIES": json.dumps({"default": {"may_audit": True}}),
            "INTROSPECTION_BEARER_CALLERS": json.dumps([{"name": "gateway", "role": ROLE, "audiences": [API]}]),
            "INTROSPECTION_OPTIONS": json.dumps({"bearer_audiences": [BRIDGE]}),
            "INTROSPECTION_TENANTS": json.dumps(
                [
                    {"tenant_id": TENANT, "applications": [{"app_id": CUSTOM_KEY_APPLICATION, "audiences": [BRIDGE]}]},
                    SECOND_TENANT,
                ]
            ),
            "AUDIT_SCHEDULE": "0 0 3 * * *",
        }
        # What matters here is who may, not when replicas hear of it.
        emulator.consistency.calm()
        self.application = Application({**usual, **texts}, FixedClock())
        clock = FixedClock()
        graph = GraphClient("https://graph.microsoft.com/v1.0", EmulatorCredential(emulator), emulator.session(), clock)
        vars(self.application).update(documents=Authority(), directory=Directory(graph), graph=graph)

    def register(self, token: str) -> Response:
        request = Request("POST", "/register", _headers(token, "application/json"), body=json.dumps(SERVICE).encode())
        return _answer(lambda: self.application.registration.register(self._exchange(request)))

    def manage(self, method: str, client_id: str, token: str) -> Response:
        request = Request(method, f"/register/{client_id}", _headers(token), params={"client_id": client_id})
        service = self.application.registration
        exchange = self._exchange(request)
        return _answer(lambda: service.read(exchange) if method == "GET" else service.delete(exchange))

    def _exchange(self, request: Request) -> Exchange:
        return Exchange(request, Deadline.after(self.application.clock, 30))

    def audit(self, token: str) -> Response:
        return _answer(lambda: self.application.report(Request("GET", "/audit", _headers(token))))

    def introspect(self, token: str) -> Response:
        asked = make_token({"claims": {"aud": API}}, NOW.timestamp())
        headers = _headers(token, "application/x-www-form-urlencoded")
        request = Request("POST", "/introspect", headers, body=f"token={asked}".encode())
        return _answer(lambda: asyncio.run(self.application.introspect(request)))

    def statuses(self, token: str) -> tuple[int, int, int]:
        """Of registration, the audit's report and introspection."""
        return self.register(token).status, self.audit(token).status, self.introspect(token).status


def _headers(token: str, content_type: str = "") -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **({"content-type": content_type} if content_type else {})}


def _answer(call: Any) -> Response:
    try:
        answer: Response = call()
    except OAuthError as error:
        return error_response(error)
    return answer


def token(case: Case | None = None, **claims: object) -> str:
    """A token for the bridge with the role that its doors ask for."""
    return make_token({**(case or {}), "claims": {"aud": BRIDGE, "roles": [ROLE], **claims}}, NOW.timestamp())


@pytest.fixture
def emulator() -> EntraEmulator:
    return EntraEmulator()


def test_a_token_of_the_own_tenant_with_the_role_opens_all_doors(emulator: EntraEmulator) -> None:
    assert Doors(emulator).statuses(token()) == (201, 200, 200)


@pytest.mark.parametrize("azp", [CLIENT, CUSTOM_KEY_APPLICATION])
def test_an_applications_own_key_opens_no_door(emulator: EntraEmulator, azp: str) -> None:
    """Though introspection trusts it for the bridge's own audience: whoever holds it could write any role and any caller."""
    assert Doors(emulator).statuses(token(BY_APPLICATION_KEY, azp=azp)) == (401, 401, 401)


@pytest.mark.parametrize("cnf", [{"kid": "x"}, {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, {}, None])
def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(emulator: EntraEmulator, cnf: object) -> None:
    assert Doors(emulator).statuses(token(cnf=cnf)) == (401, 401, 401)


def test_a_tenant_that_introspection_trusts_opens_no_door_by_that(emulator: EntraEmulator) -> None:
    assert Doors(emulator).statuses(token(OF_SECOND_TENANT, **SECOND)) == (401, 401, 401)


def test_a_token_that_claims_the_own_tenant_under_foreign_keys_is_none(emulator: EntraEmulator) -> None:
    doors = Doors(emulator, REGISTRATION_ENTRA_TENANTS=[SECOND_TENANT])
    assert doors.register(token(OF_SECOND_TENANT)).status == 401
    assert doors.register(token(OF_SECOND_TENANT, iss=SECOND["iss"])).status == 401
    assert doors.register(token(tid=SECOND_TENANT)).status == 401


def test_a_tenant_that_registration_names_opens_its_doors_and_not_introspection(emulator: EntraEmulator) -> None:
    doors = Doors(emulator, REGISTRATION_ENTRA_TENANTS=[SECOND_TENANT.upper()])
    assert doors.statuses(token(OF_SECOND_TENANT, **SECOND)) == (201, 200, 401)
    assert doors.statuses(token(BY_APPLICATION_KEY)) == (401, 401, 401)


def test_introspection_names_its_own_tenants_for_callers(emulator: EntraEmulator) -> None:
    options = {"bearer_audiences": [BRIDGE], "bearer_tenants": [SECOND_TENANT]}
    doors = Doors(emulator, INTROSPECTION_OPTIONS=options)
    assert doors.introspect(token(OF_SECOND_TENANT, **SECOND)).status == 200
    assert doors.introspect(token()).status == 401
    assert doors.register(token(OF_SECOND_TENANT, **SECOND)).status == 401


def test_callers_of_two_tenants_with_one_client_id_never_meet(emulator: EntraEmulator) -> None:
    """A client id is unique within its tenant; an application of many tenants has the same in each."""
    doors = Doors(emulator, REGISTRATION_ENTRA_TENANTS=[SECOND_TENANT, TENANT])
    own, foreign = token(), token(OF_SECOND_TENANT, **SECOND)
    for mine, other in ((own, foreign), (foreign, own)):
        client_id = json.loads(doors.register(mine).body)["client_id"]
        assert doors.manage("GET", client_id, other).status == 403
        assert doors.manage("DELETE", client_id, other).status == 403
        assert doors.manage("GET", client_id, mine).status == 200
    callers = [tag for tag in emulator.directory.applications.by_tag if tag.startswith("dcr:caller=")]
    assert sorted(callers) == sorted([f"dcr:caller=entra:{CLIENT}", f"dcr:caller=entra:{SECOND_TENANT}:{CLIENT}"])


def test_a_client_registered_before_other_tenants_were_named_keeps_its_caller(emulator: EntraEmulator) -> None:
    client_id = json.loads(Doors(emulator).register(token()).body)["client_id"]
    later = Doors(emulator, REGISTRATION_ENTRA_TENANTS=[SECOND_TENANT])
    assert later.manage("GET", client_id, token()).status == 200
