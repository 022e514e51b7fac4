"""The token endpoints: client credentials, and the AADSTS errors in their order."""

import base64

import pytest
from requests import Response

from emulator.server import CallerAccount, EntraEmulator

GRAPH = "https://graph.microsoft.com/.default"


def ask(
    entra: EntraEmulator, form: dict[str, str], tenant: str = "", version: int = 2, headers: dict[str, str] | None = None
) -> Response:
    """A token request."""
    path = "oauth2/v2.0/token" if version == 2 else "oauth2/token"
    return entra.session().post(f"{entra.url}/{tenant or entra.tenant_id}/{path}", data=form, headers=headers)


def secret_form(account: CallerAccount, **more: str) -> dict[str, str]:
    """A client_credentials request with a secret."""
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": str(account.client_secret)}
    return {**form, "scope": GRAPH, **more}


def code_of(answer: Response) -> int:
    """The AADSTS number; the rest of the error body must fit it."""
    body = answer.json()
    (code,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body["error_uri"].endswith(f"/error?code={code}")
    return int(code)


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"grant_type": ""}, 900144, "invalid_request"),
        ({"grant_type": "magic"}, 70003, "unsupported_grant_type"),
        ({"client_id": ""}, 900144, "invalid_request"),
        ({"client_id": "0d9e8f7a-2222-4333-8444-a55566677788"}, 700016, "unauthorized_client"),
        ({"client_secret": ""}, 7000218, "invalid_client"),
        ({"client_secret": "wrong"}, 7000215, "invalid_client"),
        ({"scope": ""}, 900144, "invalid_request"),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 70011, "invalid_scope"),
        ({"scope": "openid"}, 70011, "invalid_scope"),
        ({"scope": "nonsense/.default"}, 70011, "invalid_scope"),
        ({"scope": f"{GRAPH} api://other/.default"}, 700022, "invalid_request"),
        ({"scope": "api://nobody/.default"}, 500011, "invalid_resource"),
        ({"resource": "https://graph.microsoft.com"}, 9010010, "invalid_target"),
    ],
)
def test_refuses_with_the_number_of_what_is_wrong(
    entra: EntraEmulator, owner: CallerAccount, change: dict[str, str], code: int, error: str
) -> None:
    answer = ask(entra, secret_form(owner, **change))
    assert (code_of(answer), answer.json()["error"]) == (code, error)
    assert answer.headers["Cache-Control"] == "no-store, no-cache"


def test_reports_the_first_of_several_mistakes(entra: EntraEmulator) -> None:
    """Tenant, then client, credential, service principal, enabled, and the scope last."""
    account = entra.add_caller("client")
    record = entra.directory.applications.find("appId", account.client_id)
    principal = entra.directory.service_principal_of(account.client_id)
    assert record is not None
    assert principal is not None
    wrong = secret_form(account, scope="nonsense", client_secret="wrong")
    entra.directory.service_principals.soft_delete(principal)
    entra.directory.delete_application(record)
    assert code_of(ask(entra, wrong, tenant="contoso.example")) == 90002
    assert code_of(ask(entra, wrong)) == 700016
    entra.directory.restore_application(record)
    assert code_of(ask(entra, wrong)) == 7000215
    wrong["client_secret"] = str(account.client_secret)
    assert code_of(ask(entra, wrong)) == 7000229
    entra.directory.service_principals.restore(principal)
    entra.directory.service_principals.write(principal, {"accountEnabled": False})
    assert code_of(ask(entra, wrong)) == 7000112
    entra.directory.service_principals.write(principal, {"accountEnabled": True})
    assert code_of(ask(entra, wrong)) == 70011


def test_takes_the_secret_as_http_basic_too(entra: EntraEmulator, owner: CallerAccount) -> None:
    pair = f"{owner.client_id.replace('-', '%2D')}:{str(owner.client_secret).replace('~', '%7E')}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    assert ask(entra, {"grant_type": "client_credentials", "scope": GRAPH}, headers=headers).status_code == 200


def test_refuses_a_body_that_is_not_a_form(entra: EntraEmulator) -> None:
    url = f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token"
    assert code_of(entra.session().post(url, json={"grant_type": "client_credentials"})) == 9002313


def test_client_credentials_need_a_tenant(entra: EntraEmulator, owner: CallerAccount) -> None:
    assert code_of(ask(entra, secret_form(owner), tenant="common")) == 9001023


def test_the_tenant_may_be_named_by_its_domain(entra: EntraEmulator, owner: CallerAccount) -> None:
    assert ask(entra, secret_form(owner), tenant="example.onmicrosoft.com").status_code == 200


def test_the_v1_endpoint_takes_a_resource_and_answers_with_strings(entra: EntraEmulator, owner: CallerAccount) -> None:
    form = secret_form(owner, resource="https://graph.microsoft.com")
    answer = ask(entra, form, version=1).json()
    assert answer["resource"] == "https://graph.microsoft.com"
    assert {type(answer[name]) for name in ("expires_in", "ext_expires_in", "expires_on", "not_before")} == {str}


def test_a_resource_may_want_an_assignment(entra: EntraEmulator, owner: CallerAccount) -> None:
    api = entra.add_resource_api("Orders API", "api://orders", app_roles=("Orders.Read.All",))
    principal = entra.directory.service_principals.live[api.service_principal_id]
    entra.directory.service_principals.write(principal, {"appRoleAssignmentRequired": True})
    form = secret_form(owner, scope="api://orders/.default")
    assert code_of(ask(entra, form)) == 501051
    entra.grant_role(owner.client_id, api, "Orders.Read.All")
    assert ask(entra, form).status_code == 200


def test_a_tenant_of_another_cloud_is_pointed_out(entra: EntraEmulator) -> None:
    url = f"https://login.microsoftonline.us/{entra.tenant_id}/oauth2/v2.0/token"
    assert code_of(entra.session().post(url, data={"grant_type": "client_credentials"})) == 90038


def test_an_unknown_https_resource_can_be_an_unknown_resource(entra: EntraEmulator, owner: CallerAccount) -> None:
    entra.assumptions.unknown_https_resource_is_invalid_scope = False
    assert code_of(ask(entra, secret_form(owner, scope="https://example.com/.default"))) == 500011


def test_the_managed_identity_endpoint_wants_its_header_and_parameters(entra: EntraEmulator) -> None:
    entra.clock.freeze()
    account = entra.add_managed_identity("function app", ("Application.ReadWrite.OwnedBy",))
    url, headers = entra.identity_environment["IDENTITY_ENDPOINT"], {"X-IDENTITY-HEADER": entra.managed_identities.header}
    query = {"api-version": "2019-08-01", "resource": "https://graph.microsoft.com"}
    session = entra.session()
    assert session.get(url, params=query).status_code == 401
    assert session.get(url, params={"resource": "https://graph.microsoft.com"}, headers=headers).status_code == 400
    assert session.get(url, params={**query, "client_id": "unknown"}, headers=headers).status_code == 400
    assert session.get(url, params={**query, "resource": "api://nobody"}, headers=headers).status_code == 400
    answer = session.get(url, params=query, headers=headers).json()
    assert answer["client_id"] == account.client_id
    assert int(answer["expires_on"]) - int(entra.clock.time()) == 24 * 3600
    listed = session.get(f"{entra.url}/v1.0/applications", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert listed.status_code == 200
