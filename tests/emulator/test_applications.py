"""Applications: what may be written, what comes back, and how writes merge."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient, graph_client

ACCESS = {"id": "9b8a7c6d-6666-4777-8888-e99900011122", "type": "Role"}


def created(graph: GraphClient, **body: object) -> dict[str, Any]:
    """A new application."""
    answer = graph("POST", "/applications", {"displayName": "client", **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def certificate() -> str:
    """A self-signed certificate as base64 DER."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=90))
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return base64.b64encode(der).decode()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": ""},
        {"displayName": "x", "unheardOf": 1},
        {"displayName": "x", "web": {"redirectUri": []}},
        {"displayName": "x", "tags": None},
        {"displayName": "x", "tags": "one"},
        {"displayName": 1},
        {"displayName": "x", "appId": "0d9e8f7a-2222-4333-8444-a55566677788"},
        {"displayName": "x", "createdByAppId": "0d9e8f7a-2222-4333-8444-a55566677788"},
        {"displayName": "x", "publisherDomain": "evil.example"},
        {"displayName": "x", "tags": ["two words"]},
        {"displayName": "x", "tags": ["one", "one"]},
        {"displayName": "x", "tags": ["t" * 257]},
        {"displayName": "x" * 121},
        {"displayName": "x", "notes": "n" * 1025},
        {"displayName": "x", "signInAudience": "Everyone"},
        {"displayName": "x", "signInAudience": "PersonalMicrosoftAccount"},
        {"displayName": "x", "api": {"requestedAccessTokenVersion": 3}},
        {"displayName": "x", "identifierUris": ["api://*"]},
        {"displayName": "x", "info": {"logoUrl": "https://a.example/logo.png"}},
        {"displayName": "x", "info": {"termsOfServiceUrl": "not a url"}},
        {"displayName": "x", "web": {"logoutUrl": "http://a.example/"}},
        {"displayName": "x", "passwordCredentials": [{"keyId": "9b8a7c6d-6666-4777-8888-e99900011122"}]},
        {"displayName": "x", "passwordCredentials": [{"secretText": "chosen"}]},
        {"displayName": "x", "passwordCredentials": [{"hint": "abc"}]},
        {"displayName": "x", "passwordCredentials": [{"endDateTime": "2020-01-01T00:00:00Z"}]},
        {"displayName": "x", "passwordCredentials": [{"endDateTime": "tomorrow"}]},
        {"displayName": "x", "api": {"acceptMappedClaims": True}},
        {"displayName": "x", "appRoles": [{"id": "not a guid", "value": "a"}]},
        {"displayName": "x", "requiredResourceAccess": [{"resourceAppId": "r", "resourceAccess": [{"type": "Wish"}]}]},
        {"displayName": "x", "requiredResourceAccess": [{"resourceAppId": str(n), "resourceAccess": []} for n in range(51)]},
        {"displayName": "x", "requiredResourceAccess": [{"resourceAppId": "r", "resourceAccess": []}] * 2},
        {"displayName": "x", "requiredResourceAccess": [{"resourceAppId": "r", "resourceAccess": [ACCESS] * 401}]},
    ],
)
def test_refuses_a_body_that_entra_would_refuse(graph: GraphClient, body: dict[str, object]) -> None:
    answer = graph("POST", "/applications", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "Request_BadRequest"


@pytest.mark.parametrize(
    ("platform", "uri"),
    [
        ("web", "http://client.example/cb"),
        ("web", "https://client.example/cb#part"),
        ("web", "https://client.example/a,b"),
        ("web", "https://bücher.example/cb"),
        ("web", "https://client.example/" + "p" * 256),
        ("web", "myapp://callback"),
        ("web", "http://[::1]/cb"),
        ("spa", "https://*.client.example/cb"),
        ("publicClient", "https://*.client.example/cb"),
        ("spa", "myapp://callback"),
        ("publicClient", "no-scheme"),
    ],
)
def test_refuses_redirect_uris_that_entra_refuses(graph: GraphClient, platform: str, uri: str) -> None:
    answer = graph("POST", "/applications", {"displayName": "x", platform: {"redirectUris": [uri]}})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"Invalid value specified for property '{platform}' of resource 'Application'."


@pytest.mark.parametrize(
    ("platform", "uri"),
    [
        ("web", "https://client.example/cb?tenant=1"),
        ("web", "https://*.client.example/cb"),
        ("web", "http://localhost:8080/cb"),
        ("publicClient", "http://127.0.0.1/cb"),
        ("publicClient", "myapp://callback"),
        ("publicClient", "urn:ietf:wg:oauth:2.0:oob"),
        ("spa", "http://localhost:3000"),
    ],
)
def test_takes_redirect_uris_that_entra_takes(graph: GraphClient, platform: str, uri: str) -> None:
    assert created(graph, **{platform: {"redirectUris": [uri]}})[platform]["redirectUris"] == [uri]


def test_refuses_more_than_256_redirect_uris_over_all_platforms(graph: GraphClient) -> None:
    web = [f"https://client.example/{n}" for n in range(200)]
    spa = [f"https://client.example/spa/{n}" for n in range(57)]
    body = {"displayName": "x", "web": {"redirectUris": web}, "spa": {"redirectUris": spa}}
    assert graph("POST", "/applications", body).status_code == 400
    body["spa"] = {"redirectUris": spa[:56]}
    assert graph("POST", "/applications", body).status_code == 201


def test_refuses_one_redirect_uri_on_two_platforms(graph: GraphClient, entra: EntraEmulator) -> None:
    uris = {"redirectUris": ["https://client.example/cb"]}
    body = {"displayName": "x", "web": uris, "spa": uris}
    assert graph("POST", "/applications", body).status_code == 400
    entra.assumptions.one_uri_on_two_platforms_is_refused = False
    assert graph("POST", "/applications", body).status_code == 201


def test_shows_a_secret_once_and_keeps_its_hint(graph: GraphClient) -> None:
    made = created(graph, passwordCredentials=[{"displayName": "first", "endDateTime": "2099-01-01T00:00:00Z"}])
    (shown,) = made["passwordCredentials"]
    assert len(shown["secretText"]) == 40
    assert shown["hint"] == shown["secretText"][:3]
    (read,) = graph("GET", f"/applications/{made['id']}").json()["passwordCredentials"]
    assert read == {**shown, "secretText": None}


def test_a_password_without_an_end_lives_two_years(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.clock.freeze()
    entra.clock.set(datetime(2028, 2, 29, 12, tzinfo=UTC))
    token = graph_client(entra, "Application.ReadWrite.OwnedBy")
    made = created(token, passwordCredentials=[{"displayName": "first"}])
    assert made["passwordCredentials"][0]["endDateTime"].startswith("2030-02-28")


def test_patch_merges_complex_members_and_replaces_arrays(graph: GraphClient) -> None:
    made = created(graph, tags=["a", "b"], web={"redirectUris": ["https://a.example/1"], "homePageUrl": "https://a.example"})
    path = f"/applications/{made['id']}"
    change = {
        "tags": ["c"],
        "web": {"redirectUris": ["https://a.example/2"], "implicitGrantSettings": {"enableIdTokenIssuance": True}},
    }
    assert graph("PATCH", path, change).status_code == 204
    after = graph("GET", path).json()
    assert after["tags"] == ["c"]
    assert after["web"]["redirectUris"] == ["https://a.example/2"]
    assert after["web"]["homePageUrl"] == "https://a.example"
    assert after["web"]["implicitGrantSettings"] == {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": True}


def test_patch_clears_with_null_and_with_an_empty_array(graph: GraphClient) -> None:
    made = created(graph, notes="n", tags=["a"], web={"homePageUrl": "https://a.example"})
    path = f"/applications/{made['id']}"
    assert graph("PATCH", path, {"notes": None, "tags": [], "web": {"homePageUrl": None}}).status_code == 204
    after = graph("GET", path).json()
    assert (after["notes"], after["tags"], after["web"]["homePageUrl"]) == (None, [], None)


def test_a_unique_name_is_set_once_and_stays_taken_until_the_purge(graph: GraphClient) -> None:
    made = created(graph)
    path = f"/applications/{made['id']}"
    assert graph("PATCH", path, {"uniqueName": "one"}).status_code == 204
    assert graph("PATCH", path, {"uniqueName": "two"}).status_code == 400
    assert graph("DELETE", path).status_code == 204
    taken = graph("POST", "/applications", {"displayName": "x", "uniqueName": "one"})
    assert taken.json()["error"]["details"][0]["code"] == "ObjectConflict"
    assert graph("DELETE", f"/directory/deletedItems/{made['id']}").status_code == 204
    assert graph("POST", "/applications", {"displayName": "x", "uniqueName": "one"}).status_code == 201


def test_an_upsert_creates_once_and_then_updates(graph: GraphClient) -> None:
    path, prefer = "/applications(uniqueName='it''s one')", {"Prefer": "create-if-missing"}
    first = graph("PATCH", path, {"displayName": "one"}, prefer)
    assert (first.status_code, first.json()["uniqueName"]) == (201, "it's one")
    assert graph("PATCH", path, {"displayName": "two"}, prefer).status_code == 204
    assert graph("GET", path).json()["displayName"] == "two"


def test_an_upsert_cannot_carry_a_password(graph: GraphClient) -> None:
    body = {"displayName": "one", "passwordCredentials": [{"displayName": "p"}]}
    answer = graph("PATCH", "/applications(uniqueName='one')", body, {"Prefer": "create-if-missing"})
    assert answer.status_code == 400


def test_certificates_are_kept_by_key_id_and_shown_only_when_selected(graph: GraphClient) -> None:
    first, second = certificate(), certificate()
    entry = {"type": "AsymmetricX509Cert", "usage": "Verify"}
    made = created(graph, keyCredentials=[{**entry, "key": first, "displayName": "one"}])
    path = f"/applications/{made['id']}"
    (kept,) = graph("GET", path).json()["keyCredentials"]
    assert kept["key"] is None
    assert graph("PATCH", path, {"keyCredentials": [kept, {**entry, "key": second}]}).status_code == 204
    keys = graph("GET", f"{path}?$select=keyCredentials").json()["keyCredentials"]
    assert [key["key"] for key in keys] == [first, second]
    assert graph("PATCH", path, {"keyCredentials": [{**entry, "key": base64.b64encode(b"junk").decode()}]}).status_code == 400


def test_an_identifier_uri_belongs_to_one_application(graph: GraphClient) -> None:
    created(graph, identifierUris=["api://one"])
    assert graph("POST", "/applications", {"displayName": "x", "identifierUris": ["api://one"]}).status_code == 400


def test_a_scope_must_be_disabled_before_it_goes(graph: GraphClient) -> None:
    scope = {"id": "9b8a7c6d-6666-4777-8888-e99900011122", "value": "Read", "type": "User", "isEnabled": True}
    made = created(graph, api={"oauth2PermissionScopes": [scope]})
    path = f"/applications/{made['id']}"
    refused = graph("PATCH", path, {"api": {"oauth2PermissionScopes": []}})
    assert "unless disabled first" in refused.json()["error"]["message"]
    assert graph("PATCH", path, {"api": {"oauth2PermissionScopes": [{**scope, "isEnabled": False}]}}).status_code == 204
    assert graph("PATCH", path, {"api": {"oauth2PermissionScopes": []}}).status_code == 204


def test_another_audience_is_refused_while_its_rules_are_not_met(graph: GraphClient) -> None:
    made = created(graph, web={"redirectUris": ["https://client.example/cb?tenant=1"]}, api={"requestedAccessTokenVersion": 2})
    path, audience = f"/applications/{made['id']}", {"signInAudience": "AzureADandPersonalMicrosoftAccount"}
    assert graph("PATCH", path, audience).status_code == 400
    assert graph("PATCH", path, {**audience, "web": {"redirectUris": []}}).status_code == 204


def test_personal_audiences_have_two_passwords_at_most(graph: GraphClient) -> None:
    made = created(graph, signInAudience="PersonalMicrosoftAccount", api={"requestedAccessTokenVersion": 2})
    path = f"/applications/{made['id']}/addPassword"
    assert [graph("POST", path, {}).status_code for _ in range(3)] == [200, 200, 400]


def test_the_schema_can_be_told_to_let_unknown_members_pass(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.assumptions.unknown_members_are_refused = False
    assert graph("POST", "/applications", {"displayName": "x", "unheardOf": 1}).status_code == 201


def test_refuses_a_body_that_is_not_json(graph: GraphClient) -> None:
    url, headers = f"{graph.base}/applications", {"Authorization": f"Bearer {graph.token}"}
    for content_type, body in (("text/plain", "{}"), ("application/json", "{"), ("application/json", "[]")):
        answer = graph.session.post(url, data=body, headers={**headers, "Content-Type": content_type})
        assert answer.status_code == 400


def test_a_path_that_graph_does_not_have_is_a_400_and_a_wrong_method_a_405(graph: GraphClient) -> None:
    assert graph("GET", "/nothingHere").status_code == 400
    assert graph("PUT", "/applications").status_code == 405


def test_a_malformed_object_id_is_a_400(graph: GraphClient) -> None:
    assert graph("GET", "/applications/not-an-id").status_code == 400


def test_echoes_the_client_request_id(graph: GraphClient) -> None:
    mine = "6d1c9c0e-8888-4999-8aaa-011122233344"
    answer = graph("GET", "/applications/a1b2c3d4-1111-4222-8333-944455566677", headers={"client-request-id": mine})
    assert answer.headers["client-request-id"] == mine == answer.json()["error"]["innerError"]["client-request-id"]
