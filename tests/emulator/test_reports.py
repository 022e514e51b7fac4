"""The sign-in reports of the beta, and tokens of other kinds of tenants."""

import base64
from typing import Any

import jwt
import pytest

from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient, graph_client

CREDENTIALS, PRINCIPALS = "appCredentialSignInActivities", "servicePrincipalSignInActivities"


@pytest.fixture
def reader(entra: EntraEmulator) -> GraphClient:
    """A client that may read reports."""
    entra.clock.freeze()
    return graph_client(entra, "AuditLog.Read.All")


@pytest.fixture
def used(entra: EntraEmulator, reader: GraphClient) -> CallerAccount:
    """A client that has used its secret."""
    api = entra.add_resource_api("API", "api://api")
    account = entra.add_caller("used")
    entra.token_for(account, f"{api.identifier_uri}/.default")
    return account


def read(reader: GraphClient, entra: EntraEmulator, report: str, query: str = "") -> Any:
    """The entries of a report, in all its pages."""
    url, found = f"{entra.url}/beta/reports/{report}{query}", []
    while url:
        answer = reader("GET", url)
        assert answer.status_code == 200, answer.text
        found += answer.json()["value"]
        url = answer.json().get("@odata.nextLink", "")
    return found


@pytest.mark.parametrize(
    ("follow", "kind", "date", "zone"),
    [("examples", "secret", "expirationDate", "-8:00"), ("schema", "clientSecret", "expirationDateTime", "Z")],
)
def test_tells_the_last_use_of_a_credential_in_either_shape(
    reader: GraphClient, used: CallerAccount, entra: EntraEmulator, follow: str, kind: str, date: str, zone: str
) -> None:
    entra.assumptions.sign_in_reports_follow = follow
    (entry,) = read(reader, entra, CREDENTIALS, f"?$filter=appId eq '{used.client_id}'")
    (password,) = entra.directory.applications.live[used.object_id].state["passwordCredentials"]
    assert (entry["keyId"], entry["keyType"], entry["credentialOrigin"]) == (password["keyId"], kind, "application")
    assert (entry["appObjectId"], entry["servicePrincipalObjectId"]) == (used.object_id, used.service_principal_id)
    assert entry[date].endswith(zone)
    assert entry["signInActivity"]["lastSignInDateTime"].endswith(zone)
    assert base64.b64decode(entry["id"]).decode() == f"{password['keyId']}|application"


def test_tells_the_last_use_of_clients_and_of_resources(reader: GraphClient, used: CallerAccount, entra: EntraEmulator) -> None:
    entries = {entry["appId"]: entry for entry in read(reader, entra, PRINCIPALS)}
    entry = entries[used.client_id]
    assert entry["applicationAuthenticationClientSignInActivity"] == entry["lastSignInActivity"]
    assert entry["delegatedClientSignInActivity"] is None
    (api,) = [r.state["appId"] for r in entra.directory.applications.live.values() if r.state["displayName"] == "API"]
    assert entries[api]["applicationAuthenticationResourceSignInActivity"]
    assert entries[api]["applicationAuthenticationClientSignInActivity"] is None


def test_knows_a_use_late(reader: GraphClient, used: CallerAccount, entra: EntraEmulator) -> None:
    entra.assumptions.sign_in_reports_lag_seconds = 1800
    query = f"?$filter=appId eq '{used.client_id}'"
    assert read(reader, entra, CREDENTIALS, query) == []
    entra.clock.advance(1800)
    (first,) = read(reader, entra, CREDENTIALS, query)
    entra.token_for(used)
    assert read(reader, entra, CREDENTIALS, query) == [first]


def test_comes_in_pages(reader: GraphClient, entra: EntraEmulator) -> None:
    for number in range(5):
        entra.token_for(entra.add_caller(f"client {number}"))
    whole = read(reader, entra, CREDENTIALS)
    assert len(whole) == 6
    assert read(reader, entra, CREDENTIALS, "?$top=4") == whole


@pytest.mark.parametrize("report", [CREDENTIALS, PRINCIPALS])
def test_can_be_empty_or_not_to_be_had(reader: GraphClient, used: CallerAccount, entra: EntraEmulator, report: str) -> None:
    entra.assumptions.sign_in_reports = "empty"
    assert read(reader, entra, report) == []
    entra.assumptions.sign_in_reports = "no_premium"
    refused = reader("GET", f"{entra.url}/beta/reports/{report}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    )
    other = graph_client(entra, "Application.ReadWrite.All", "Directory.Read.All")
    assert other("GET", f"{entra.url}/beta/reports/{report}").json()["error"]["code"] == "Authorization_RequestDenied"


def test_is_of_the_worldwide_cloud_alone() -> None:
    entra = EntraEmulator(cloud="usgov")
    account = entra.add_caller("reader", ("AuditLog.Read.All",))
    assert graph_client(entra, account=account)("GET", f"{entra.url}/beta/reports/{CREDENTIALS}").status_code == 400


def test_the_beta_has_nothing_else(graph: GraphClient, entra: EntraEmulator) -> None:
    assert graph("GET", f"{entra.url}/beta/applications").status_code == 400


def minted(entra: EntraEmulator, **body: Any) -> dict[str, Any]:
    """The claims of a token made over the control surface."""
    answer = entra.session().post(f"{entra.url}/_emulator/mint", json={"audience": "api", "client_id": "c", **body})
    assert answer.status_code == 200, answer.text
    claims: dict[str, Any] = jwt.decode(answer.json()["token"], options={"verify_signature": False})
    return claims


def test_mints_tokens_of_b2c_and_external_id(entra: EntraEmulator) -> None:
    b2c = minted(entra, shape="b2c", policy="B2C_1_x", scopes=["read"])
    assert (b2c["ver"], b2c["azp"], b2c["tfp"], b2c["scp"]) == ("1.0", "c", "B2C_1_x", "read")
    assert b2c.keys().isdisjoint({"tid", "azpacr", "appid"})
    external = minted(entra, shape="external_id", claims={"name": "x"})
    assert external["iss"] == f"https://{entra.tenant_id}.ciamlogin.com/{entra.tenant_id}/v2.0"
    assert (external["tid"], external["ver"], external["name"]) == (entra.tenant_id, "2.0", "x")


@pytest.mark.parametrize("version", [1, 2])
def test_mints_tokens_of_agents(entra: EntraEmulator, version: int) -> None:
    entra.add_user("agent@example.com")
    agent = minted(entra, shape="agent", version=version, blueprint="b")
    assert ("11" in agent["xms_act_fct"].split(), "11" in agent["xms_sub_fct"].split()) == (True, True)
    assert (agent["xms_par_app_azp"], agent["idtyp"], agent["appid" if version == 1 else "azp"]) == ("b", "app", "c")
    user = minted(entra, shape="agent", version=version, acts_as="agent_user", user="agent@example.com", scopes=["read"])
    assert ("13" in user["xms_sub_fct"].split(), user["idtyp"], user["scp"]) == (True, "user", "read")
    wrong = {"shape": "agent", "acts_as": "agent_user"}
    assert entra.session().post(f"{entra.url}/_emulator/mint", json=wrong).status_code == 400
    assert entra.session().post(f"{entra.url}/_emulator/mint", json={"shape": "teapot"}).status_code == 400
