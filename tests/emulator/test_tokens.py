"""Tokens, keys, metadata, rollover, clouds and the mint, judged with PyJWT as an independent reader."""

import base64
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from emulator.clouds import CHINA, US_GOV
from emulator.consistency import CALM
from emulator.directory.directory import new_id
from emulator.server import CallerAccount, EntraEmulator, ResourceApi
from emulator.sts.mint import REMOVED
from emulator.sts.resources import find_resource
from emulator.sts.signing_keys import CONSUMER_TENANT, nonce_digest
from emulator.sts.tokens import Grant
from tests.emulator.client import graph_client

EXAMPLES = Path(__file__).with_name("examples")
V2 = "v2.0/.well-known/openid-configuration"
V1 = ".well-known/openid-configuration"


def metadata(entra: EntraEmulator, path: str = V2, tenant: str = "", query: str = "") -> dict[str, Any]:
    """A metadata document."""
    return dict(entra.session().get(f"{entra.url}/{tenant or entra.tenant_id}/{path}{query}").json())


def keys_of(entra: EntraEmulator, document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The keys that a metadata document leads to, by kid."""
    return {key["kid"]: key for key in entra.session().get(document["jwks_uri"]).json()["keys"]}


def verify(entra: EntraEmulator, token: str, path: str, audience: str, query: str = "") -> dict[str, Any]:
    """The claims of a token that PyJWT finds in order, with keys and issuer from the metadata."""
    document = metadata(entra, path, query=query)
    key = jwt.PyJWK(keys_of(entra, document)[jwt.get_unverified_header(token)["kid"]], algorithm="RS256")
    return dict(jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=document["issuer"]))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload, unverified."""
    header, payload, _ = token.split(".")
    one, other = (orjson.loads(base64.urlsafe_b64decode(part + "===")) for part in (header, payload))
    return one, other


def user_token(entra: EntraEmulator, account: CallerAccount, api: ResourceApi, *scopes: str) -> str:
    """An access token for a user."""
    user = entra.add_user("ada@example.com", displayName="Ada Example", givenName="Ada", surname="Example")
    client = entra.directory.applications.live[account.object_id].state
    principal = entra.directory.service_principals.live[account.service_principal_id]
    resource = find_resource(entra.tenant, api.identifier_uri, account.client_id)
    return entra.sts.issuer.access_token(Grant(client, principal, resource, "1", user, scopes, entra.url))[0]


@pytest.mark.parametrize(("version", "example"), [(1, "token_01_v1_app_only"), (2, "token_02_v2_app_only")])
def test_application_tokens_look_like_the_example(entra: EntraEmulator, owner: CallerAccount, version: int, example: str) -> None:
    api = entra.add_resource_api("Orders API", "api://orders", version, app_roles=("Orders.Read.All",))
    entra.grant_role(owner.client_id, api, "Orders.Read.All")
    token = entra.token_for(owner, "api://orders/.default")
    expected = orjson.loads((EXAMPLES / f"{example}.json").read_bytes())
    header, payload = parts(token)
    assert set(header) == set(expected["header"])
    assert set(payload) == set(expected["payload"])
    claims = verify(entra, token, V1 if version == 1 else V2, api.audience)
    assert claims["roles"] == ["Orders.Read.All"]
    assert claims["oid"] == claims["sub"] == owner.service_principal_id
    assert claims["appid" if version == 1 else "azp"] == owner.client_id
    assert 60 * 60 <= claims["exp"] - entra.clock.time() + 1 <= 90 * 60 + 1
    assert claims["iat"] == claims["nbf"]


@pytest.mark.parametrize(("version", "example"), [(1, "token_03_v1_user"), (2, "token_04_v2_user")])
def test_user_tokens_look_like_the_example(entra: EntraEmulator, owner: CallerAccount, version: int, example: str) -> None:
    api = entra.add_resource_api("Orders API", "api://orders", version, scopes=("Orders.Read",))
    token = user_token(entra, owner, api, "Orders.Read")
    expected = orjson.loads((EXAMPLES / f"{example}.json").read_bytes())
    header, payload = parts(token)
    assert set(header) == set(expected["header"])
    assert set(payload) - {"idp"} == set(expected["payload"]) - {"idp"}
    claims = verify(entra, token, V1 if version == 1 else V2, api.audience)
    assert claims["scp"] == "Orders.Read"
    assert claims["sub"] != claims["oid"]


def test_graph_tokens_look_like_the_example_and_verify_only_by_the_nonce_rule(entra: EntraEmulator, owner: CallerAccount) -> None:
    token = entra.token_for(owner)
    expected = orjson.loads((EXAMPLES / "token_05_graph_audience_app_only.json").read_bytes())
    header, payload = parts(token)
    assert list(header) == list(expected["header"])
    assert set(payload) == set(expected["payload"])
    with pytest.raises(jwt.InvalidSignatureError):
        verify(entra, token, V1, "https://graph.microsoft.com")
    head, rest = token.split(".", 1)
    raw = base64.urlsafe_b64decode(head + "===").replace(header["nonce"].encode(), nonce_digest(header["nonce"]).encode())
    rewritten = f"{base64.urlsafe_b64encode(raw).decode().rstrip('=')}.{rest}"
    assert verify(entra, rewritten, V1, "https://graph.microsoft.com")["roles"] == ["Application.ReadWrite.OwnedBy"]


def test_graph_tokens_can_do_without_the_nonce(entra: EntraEmulator, owner: CallerAccount) -> None:
    entra.assumptions.graph_tokens_carry_a_nonce = False
    assert verify(entra, entra.token_for(owner), V1, "https://graph.microsoft.com")["ver"] == "1.0"


def test_the_version_follows_the_resource_and_not_the_endpoint(entra: EntraEmulator, owner: CallerAccount) -> None:
    entra.add_resource_api("One", "api://one", 1)
    entra.add_resource_api("Two", "api://two", 2)
    for scope, version in (("api://one/.default", "1.0"), ("api://two/.default", "2.0")):
        assert parts(entra.token_for(owner, scope))[1]["ver"] == version


def test_a_client_may_ask_for_a_token_for_itself(entra: EntraEmulator, owner: CallerAccount) -> None:
    record = entra.directory.applications.live[owner.object_id]
    api = {"requestedAccessTokenVersion": 2}
    entra.directory.write_application(record, {"api": api})
    claims = parts(entra.token_for(owner, f"{owner.client_id}/.default"))[1]
    assert (claims["aud"], claims["azp"]) == (owner.client_id, owner.client_id)


def test_an_optional_claim_marks_application_tokens(entra: EntraEmulator, owner: CallerAccount) -> None:
    api = entra.add_resource_api("Orders API", "api://orders")
    record = entra.directory.applications.live[api.object_id]
    entra.directory.write_application(record, {"optionalClaims": {"accessToken": [{"name": "idtyp"}]}})
    assert parts(entra.token_for(owner, "api://orders/.default"))[1]["idtyp"] == "app"


def test_keys_carry_their_issuer_in_v2_documents_and_never_an_algorithm(entra: EntraEmulator) -> None:
    own, common = keys_of(entra, metadata(entra)), keys_of(entra, metadata(entra, tenant="common"))
    first = keys_of(entra, metadata(entra, V1))
    assert all("alg" not in key for key in (*own.values(), *common.values(), *first.values()))
    assert {key["issuer"] for key in own.values()} == {f"{entra.url}/{entra.tenant_id}/v2.0"}
    assert all("issuer" not in key for key in first.values())
    assert set(first) == set(own)
    consumers = {kid for kid, key in common.items() if CONSUMER_TENANT in key["issuer"]}
    assert set(common) - set(own) == consumers == {entra.keys.consumer.kid}
    assert {key["issuer"] for kid, key in common.items() if kid not in consumers} == {f"{entra.url}/{{tenantid}}/v2.0"}


def test_common_metadata_has_a_template_for_an_issuer(entra: EntraEmulator) -> None:
    assert metadata(entra, tenant="common")["issuer"] == f"{entra.url}/{{tenantid}}/v2.0"
    assert metadata(entra, V1, tenant="organizations")["issuer"] == "https://sts.windows.net/{tenantid}/"
    assert CONSUMER_TENANT in metadata(entra, tenant="consumers")["issuer"]


def test_keys_roll_over_in_steps(entra: EntraEmulator, owner: CallerAccount) -> None:
    entra.add_resource_api("Orders API", "api://orders")
    old = entra.keys.active
    before = entra.token_for(owner, "api://orders/.default")
    secret_key = entra.keys.add(published=False)
    assert secret_key.kid not in keys_of(entra, metadata(entra))
    secret_key.published = True
    entra.keys.promote(secret_key.kid)
    assert jwt.get_unverified_header(entra.token_for(owner, "api://orders/.default"))["kid"] == secret_key.kid
    assert old.kid in keys_of(entra, metadata(entra))
    entra.keys.retire(old.kid)
    assert jwt.get_unverified_header(before)["kid"] not in keys_of(entra, metadata(entra))


def test_an_application_with_its_own_key_needs_its_own_document(entra: EntraEmulator, owner: CallerAccount) -> None:
    api = entra.add_resource_api("Orders API", "api://orders")
    own = entra.keys.add(app_id=api.app_id)
    token = entra.token_for(owner, "api://orders/.default")
    assert own.kid not in keys_of(entra, metadata(entra))
    assert verify(entra, token, V2, api.audience, f"?appid={api.app_id}")["aud"] == api.app_id


def test_national_clouds_have_their_own_names() -> None:
    entra = EntraEmulator(cloud="usgov", lag=CALM)
    url = f"https://{US_GOV.authority_hosts[0]}/{entra.tenant_id}/{V2}"
    document = entra.session().get(url).json()
    assert document["issuer"] == f"https://login.microsoftonline.us/{entra.tenant_id}/v2.0"
    assert document["msgraph_host"] == "graph.microsoft.us"
    account = entra.add_caller("bridge", ("Application.ReadWrite.OwnedBy",))
    token = entra.token_for(account, "https://graph.microsoft.us/.default")
    headers = {"Authorization": f"Bearer {token}"}
    assert entra.session().get("https://graph.microsoft.us/v1.0/applications", headers=headers).status_code == 200
    assert parts(token)[1]["aud"] == "https://graph.microsoft.us"
    assert EntraEmulator(cloud="china").tenant.v1_issuer.startswith(f"https://{CHINA.v1_issuer_host}/")


def test_national_clouds_lack_some_properties() -> None:
    graph = graph_client(EntraEmulator(cloud="china", lag=CALM), "Application.ReadWrite.OwnedBy")
    made = graph("POST", "/applications", {"displayName": "x", "uniqueName": "one"})
    assert (made.status_code, "samlMetadataUrl" in made.json()) == (201, False)
    assert graph("GET", f"/applications/{made.json()['id']}?$select=verifiedPublisher").status_code == 400
    body = {"displayName": "x", "samlMetadataUrl": "https://idp.example/metadata"}
    assert graph("POST", "/applications", body).status_code == 400


def test_issuers_can_be_those_of_the_real_cloud(owner: CallerAccount) -> None:
    entra = EntraEmulator(issuer_base="https://login.microsoftonline.com")
    assert metadata(entra)["issuer"] == f"https://login.microsoftonline.com/{entra.tenant_id}/v2.0"
    assert parts(entra.mint(audience="a"))[1]["iss"] == metadata(entra)["issuer"]


def test_the_mint_makes_right_tokens(entra: EntraEmulator) -> None:
    user, client = entra.add_user("ada@example.com"), new_id()
    token = entra.mint(audience="api", client_id=client, version=2, user=user, scopes=("Orders.Read",), lifetime=60)
    claims = verify(entra, token, V2, "api")
    assert (claims["azp"], claims["oid"], claims["scp"]) == (client, user.id, "Orders.Read")
    assert verify(entra, entra.mint(audience="api", version=1, roles=("R",)), V1, "api")["roles"] == ["R"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"algorithm": "none"}, jwt.InvalidAlgorithmError),
        ({"algorithm": "HS256"}, jwt.InvalidAlgorithmError),
        ({"algorithm": "PS256"}, jwt.InvalidAlgorithmError),
        ({"algorithm": "RS512", "header": {"alg": "RS256"}}, jwt.InvalidSignatureError),
        ({"lifetime": -1}, jwt.ExpiredSignatureError),
        ({"claims": {"nbf": 4_000_000_000}}, jwt.ImmatureSignatureError),
        ({"claims": {"iss": "https://evil.example/"}}, jwt.InvalidIssuerError),
        ({"claims": {"aud": REMOVED}}, jwt.MissingRequiredClaimError),
        ({"raw_payload": b"[1]"}, jwt.DecodeError),
    ],
)
def test_the_mint_makes_wrong_tokens(entra: EntraEmulator, arguments: dict[str, Any], problem: type[Exception]) -> None:
    with pytest.raises(problem):
        verify(entra, entra.mint(audience="api", **arguments), V2, "api")


def test_the_mint_signs_with_any_key_and_names_any(entra: EntraEmulator) -> None:
    other = entra.keys.add(published=False)
    token = entra.mint(audience="api", key=other, header={"kid": entra.keys.active.kid})
    with pytest.raises(jwt.InvalidSignatureError):
        verify(entra, token, V2, "api")
    public = other.material.private_key.public_key()
    assert isinstance(public, RSAPublicKey)
    assert jwt.decode(token, public, algorithms=["RS256"], audience="api")["aud"] == "api"


def test_the_mint_can_repeat_a_claim(entra: EntraEmulator) -> None:
    token = entra.mint(raw_payload=b'{"aud":"one","aud":"two"}')
    assert base64.urlsafe_b64decode(token.split(".")[1] + "===").count(b'"aud"') == 2
