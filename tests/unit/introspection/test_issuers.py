"""Trust comes from the tenants' documents, and from nowhere else."""

import json
from copy import replace
from typing import Any

import pytest

from shared.errors import TemporarilyUnavailable
from shared.http.documents import UnusableDocument, check_location
from shared.introspection.configuration import TrustedIssuer
from tests.unit.introspection.authority import CUSTOM_KEY_APPLICATION, ORIGIN, SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.deployment import NOW, configuration, introspect_request, introspection
from tests.unit.introspection.tokens import make_token

V2_METADATA = f"/{TENANT}/v2.0/.well-known/openid-configuration"
V1_METADATA = f"/{TENANT}/.well-known/openid-configuration"


def state(authority: Authority, case: dict[str, Any] | None = None) -> object:
    """True or False as the endpoint says of the token, None when it can't tell."""
    deployed = introspection(read=authority)
    try:
        return json.loads(deployed.handle(introspect_request(make_token(case or {}, NOW)), NOW).body)["active"]
    except TemporarilyUnavailable:
        return None


def overridden(path: str, **members: object) -> Authority:
    authority = Authority()
    document = authority.documents()[path]
    assert isinstance(document, dict)
    authority.overrides[path] = {name: value for name, value in {**document, **members}.items() if value is not None}
    return authority


@pytest.mark.duty(111)
def test_issuers_are_what_the_metadata_names_and_not_what_a_url_would_suggest() -> None:
    """OpenID Connect Discovery 1.0 section 3: China's v1 issuer, for one, has a host of its own."""
    authority = overridden(V1_METADATA, issuer=f"https://sts.chinacloudapi.cn/{TENANT}/")
    assert state(authority, {"template": "v1_app"}) is False
    assert state(authority, {"template": "v1_app", "claims": {"iss": f"https://sts.chinacloudapi.cn/{TENANT}/"}}) is True


def test_a_template_in_the_metadata_stands_for_the_tenant() -> None:
    """As in the documents of the common endpoint."""
    assert state(overridden(V2_METADATA, issuer=ORIGIN + "/{tenantid}/v2.0")) is True


@pytest.mark.duty(111, 112)
@pytest.mark.parametrize(
    "members",
    [
        {"issuer": None},
        {"issuer": 7},
        {"issuer": "http://login.microsoftonline.com/" + TENANT},
        {"issuer": f"{ORIGIN}/{SECOND_TENANT}/v2.0"},
        {"issuer": f"https://attacker.example/{SECOND_TENANT}?{TENANT}"},
        {"jwks_uri": None},
        {"jwks_uri": 7},
        {"jwks_uri": f"http://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"},
        {"jwks_uri": f"https://attacker.example/{TENANT}/discovery/v2.0/keys"},
        {"jwks_uri": f"https://login.microsoftonline.com@attacker.example/{TENANT}"},
        {"jwks_uri": f"https://login.microsoftonline.com:444/{TENANT}/discovery/v2.0/keys"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_metadata_that_leads_elsewhere_is_not_followed(members: dict[str, object]) -> None:
    """RFC 8725 section 3.10: the configured authority is the only host; a bad document is an outage, not a verdict."""
    assert state(overridden(V2_METADATA, **members)) is None


def test_documents_that_are_no_objects_are_an_outage() -> None:
    """An error page is neither trust nor distrust."""
    for path in (V2_METADATA, V1_METADATA, f"/{TENANT}/discovery/v2.0/keys"):
        authority = Authority()
        authority.overrides[path] = ["not", "an", "object"]
        assert state(authority) is None


@pytest.mark.duty(111)
def test_a_tenant_limited_to_one_version_trusts_no_other() -> None:
    """An API with requestedAccessTokenVersion 2 never gets v1 tokens."""
    usual = configuration()
    tenants = (replace(usual.tenants[0], versions=("2.0",)),)
    authority = Authority()
    deployed = introspection(replace(usual, tenants=tenants), authority)
    assert json.loads(deployed.handle(introspect_request(make_token({}, NOW)), NOW).body)["active"] is True
    assert deployed.handle(introspect_request(make_token({"template": "v1_app"}, NOW)), NOW).body == b'{"active":false}'
    assert V1_METADATA not in authority.fetched


@pytest.mark.duty(111)
def test_v1_tokens_are_verified_with_the_keys_that_say_whose_they_are() -> None:
    """Entra's v1 key document doesn't, so a consumer key in it would vouch for any tenant."""
    authority = Authority()
    assert state(authority, {"template": "v1_app"}) is True
    assert authority.fetched["/common/discovery/keys"] == 0


def test_no_document_is_fetched_for_a_tenant_that_no_token_names() -> None:
    """Each tenant's documents are read when its first token comes."""
    authority = Authority()
    assert state(authority) is True
    assert not [path for path in authority.fetched if SECOND_TENANT in path]


def test_an_outage_of_one_tenant_leaves_the_others_alone() -> None:
    """Each source has its own store."""
    authority = Authority()
    authority.overrides[f"/{SECOND_TENANT}/discovery/v2.0/keys"] = None
    assert state(authority) is True
    other = {
        "claims": {"iss": f"{ORIGIN}/{SECOND_TENANT}/v2.0", "tid": SECOND_TENANT},
        "header": {"kid": "second_tenant"},
        "key": "second_tenant",
    }
    assert state(authority, other) is None


@pytest.mark.duty(111)
def test_an_explicit_issuer_is_trusted_as_spelt_out() -> None:
    """External ID: issuer, tenant and key location are the operator's word, and only keys without another owner fit."""
    host = f"https://{TENANT}.ciamlogin.com/{TENANT}"
    issuer, keys = f"{host}/v2.0", f"{host}/discovery/v2.0/keys"
    trusted = TrustedIssuer(issuer, TENANT, keys)
    authority = Authority()
    unmarked = [
        {name: value for name, value in key.items() if name not in ("issuer", "cloud_instance_name")} for key in authority.keys
    ]
    authority.overrides[keys] = {"keys": unmarked}
    deployed = introspection(replace(configuration(), tenants=(), issuers=(trusted,)), authority)
    for claims, active in (
        ({"iss": issuer}, True),
        ({"iss": issuer, "tid": SECOND_TENANT}, False),
        ({"iss": issuer, "ver": "1.0"}, False),
        ({"iss": f"https://contoso.ciamlogin.com/{TENANT}/v2.0"}, False),
    ):
        token = make_token({"claims": claims}, NOW)
        assert json.loads(deployed.handle(introspect_request(token), NOW).body)["active"] is active
    authority.overrides[keys] = {"keys": authority.keys}
    marked = introspection(replace(configuration(), tenants=(), issuers=(trusted,)), authority)
    assert marked.handle(introspect_request(make_token({"claims": {"iss": issuer}}, NOW)), NOW).body == b'{"active":false}'


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_token_of_a_b2c_user_flow_is_none_that_can_be_judged(version: str) -> None:
    """It has neither `tid` nor `azpacr`, by which access tokens are told from others; `tfp` names the user flow."""
    host = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_sign_in"
    issuer, keys = f"https://contoso.b2clogin.com/{TENANT}/v2.0/", f"{host}/discovery/v2.0/keys"
    authority = Authority()
    authority.overrides[keys] = {
        "keys": [
            {name: value for name, value in key.items() if name not in ("issuer", "cloud_instance_name")}
            for key in authority.keys
        ]
    }
    trusted = TrustedIssuer(issuer, TENANT, keys, version)
    deployed = introspection(replace(configuration(), tenants=(), issuers=(trusted,)), authority)
    flow = {"iss": issuer, "ver": "1.0", "tfp": "B2C_1_sign_in", "scp": "Orders.Read"}
    for without in (["claims.tid", "claims.azpacr"], ["claims.tid"], ["claims.azpacr"]):
        token = make_token({"claims": flow, "without": without}, NOW)
        assert deployed.handle(introspect_request(token), NOW).body == b'{"active":false}'


def test_an_applications_own_key_document_is_found_by_its_id() -> None:
    """Microsoft, signing key rollover: ?appid= on the metadata address of an application with claims mapping."""
    authority = Authority()
    case = {"header": {"kid": "application"}, "key": "application", "claims": {"aud": CUSTOM_KEY_APPLICATION}}
    assert state(authority, case) is True
    assert authority.fetched[f"{V2_METADATA}?appid={CUSTOM_KEY_APPLICATION}"] == 1


@pytest.mark.parametrize(
    "url",
    ["http://h/x", "https://h:8443/x", "https://u@h/x", "https://h.example/x", "ftp://h/x", "//h/x", "h/x", "https://h/x#f", ""],
)
def test_only_https_on_the_configured_host_is_a_location(url: str) -> None:
    """Port, user and scheme are part of it."""
    check_location("https://H/x?y=1", "h")
    with pytest.raises(UnusableDocument):
        check_location(url, "h")


def test_warming_up_fetches_all_documents_without_waiting() -> None:
    """At the start of a worker, so that the first token finds the keys there."""
    authority = Authority()
    deployed = introspection(read=authority)
    deployed.warm(NOW)
    fetched = authority.fetched.copy()
    assert authority.key_fetches == 1
    deployed.handle(introspect_request(make_token({}, NOW)), NOW)
    assert authority.fetched == fetched
