"""Registration to application object and back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidClientMetadata
from shared.registration.certificates import read_jwks
from shared.registration.metadata import ClientMetadata, FederatedIdentity
from shared.registration.policy import DEVICE_CODE, GRANT_TYPES, Policy
from shared.registration.redirect_uris import read_all
from shared.registration.registration import Registration
from shared.registration.translation import (
    Provenance,
    create_body,
    read_provenance,
    read_registration,
    read_time,
    update_body,
)
from shared.registration.validation import Rules, resolve
from tests.unit.registration.certificates import NOW, jwk

PROVENANCE = Provenance("portal", "default")
POLICY = Policy(
    grant_types=GRANT_TYPES,
    store_contacts=True,
    federated_issuers=frozenset({"https://i.example", "https://j.example/a,b c"}),
)


def create(registration: Registration, provenance: Provenance = PROVENANCE, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "mark": "entra-dcr-bridge",
        "audience": "AzureADMyOrg",
        "unique_name": "u",
        "notes": "n",
        "access": [],
        "password": None,
    }
    return create_body(registration, provenance, **{**values, **changes})


def apply(application: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What Graph's PATCH does: complex properties merge, everything else is replaced."""
    merged = dict(application)
    for name, value in body.items():
        merged[name] = apply(merged.get(name) or {}, value) if isinstance(value, dict) else value
    return merged


def registered(**sent: Any) -> Registration:
    return resolve(ClientMetadata.parse(sent), POLICY, Rules(()), NOW)


# The whole metadata space


names = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="<>"), min_size=1, max_size=40).filter(
    str.strip
)
paths = st.text("abcXYZ019-._~/?=&%20".replace("%20", ""), max_size=30)
https = st.builds("https://{}.example/{}".format, st.sampled_from(["a", "b", "xn--bcher-kva"]), paths)
loopback = st.builds("http://{}:{}/{}".format, st.sampled_from(["localhost", "127.0.0.1"]), st.integers(1, 65535), paths)
private = st.builds("com.example.app:/{}".format, paths)
urls = st.one_of(https, st.builds("http://a.example/{}".format, paths))
printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
languages = st.sampled_from(["de", "ja-Hani-JP", "zh-Hant", "en-GB"])


@st.composite
def metadata(draw: st.DrawFn) -> dict[str, Any]:
    """Any metadata that the rules accept: every client type, every member, unicode and language tags."""
    kind = draw(st.sampled_from(["web", "implicit", "keys", "federated", "browser", "native", "service", "device"]))
    sent: dict[str, Any] = {}
    uris = {
        "web": st.one_of(https, loopback),
        "implicit": https,
        "keys": https,
        "federated": https,
        "browser": st.one_of(https, loopback, private),
        "native": st.one_of(https, loopback, private),
        "service": https,
        "device": loopback,
    }[kind]
    if kind in ("service", "device"):
        sent["redirect_uris"] = draw(st.lists(uris, max_size=2))
        sent["grant_types"] = ["client_credentials"] if kind == "service" else [DEVICE_CODE, "refresh_token"]
        sent["token_endpoint_auth_method"] = "client_secret_post" if kind == "service" else "none"
    else:
        sent["redirect_uris"] = draw(st.lists(uris, min_size=1, max_size=6))
        grants = st.sampled_from(
            [["authorization_code"], ["authorization_code", "refresh_token"], ["refresh_token", "authorization_code"]]
        )
        sent["grant_types"] = draw(grants)
        methods = {"keys": "private_key_jwt", "federated": "private_key_jwt", "browser": "none", "native": "none"}
        sent["token_endpoint_auth_method"] = methods.get(kind, "client_secret_basic")
    if kind == "implicit":
        both = draw(st.booleans())
        sent["grant_types"] = ["authorization_code", "implicit"] if both else ["implicit"]
        responses = ["code id_token", "code id_token token", "code token"] if both else ["token", "id_token", "id_token token"]
        sent["response_types"] = draw(st.lists(st.sampled_from(responses), min_size=1, max_size=2, unique=True))
    if kind == "keys":
        sent["jwks"] = {
            "keys": [jwk(number, kid=draw(st.sampled_from(["a", "b" * 90]))) for number in range(draw(st.integers(1, 2)))]
        }
    if kind == "federated":
        issuers = st.sampled_from(sorted(POLICY.federated_issuers))
        pairs = draw(
            st.lists(st.tuples(issuers, printable.filter(lambda text: "*" not in text)), min_size=1, max_size=3, unique=True)
        )
        sent["federated_identities"] = [{"issuer": issuer, "subject": subject} for issuer, subject in pairs]
    types = {"browser": "browser", "native": "native", "service": "backend_to_backend", "device": "native"}
    sent["application_type"] = types.get(kind, "web")
    optional = {
        "client_name": names,
        "client_uri": urls,
        "logo_uri": urls,
        "tos_uri": urls,
        "policy_uri": urls,
        "contacts": st.lists(st.builds("{}@a.example".format, st.text("abc%+.", min_size=1, max_size=9)), max_size=3),
        "frontchannel_logout_uri": https,
        "software_id": printable,
        "software_version": printable,
        "software_statement": st.text("abcXYZ019-_.", min_size=1, max_size=2000),
        "post_logout_redirect_uris": st.lists(st.sampled_from(sent["redirect_uris"] or ["https://x.example"]), max_size=2),
    }
    for member, values in optional.items():
        if draw(st.booleans()):
            sent[member] = draw(values)
    for member, values in (("client_name", names), ("tos_uri", urls)):
        for language in draw(st.lists(languages, max_size=2, unique=True)):
            sent[f"{member}#{language}"] = draw(values)
    return sent


def with_scope(sent: dict[str, Any]) -> Registration:
    """The registration, half of the time with a scope, which the directory has to know otherwise."""
    registration = registered(**sent)
    return replace(registration, scope="openid api://orders/read" if len(registration.client_name) % 2 else None)


quick = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)


@quick
@given(metadata())
def test_what_is_created_comes_back_as_it_was_registered(sent: dict[str, Any]) -> None:
    registration = with_scope(sent)
    application = create(registration)
    assert read_registration(application) == registration
    assert read_registration(application).as_metadata() == registration.as_metadata()
    assert read_provenance(application) == PROVENANCE
    for tag in application["tags"]:
        assert 1 <= len(tag.encode("utf-16-le")) // 2 <= 256
        assert not any(char.isspace() for char in tag)


@quick
@given(metadata())
def test_what_comes_back_may_be_registered_again_and_is_the_same(sent: dict[str, Any]) -> None:
    registration = with_scope(sent)
    again = registered(**registration.as_metadata())
    assert replace(again, scope=registration.scope) == registration


@quick
@given(metadata(), metadata())
def test_an_update_leaves_nothing_of_what_was_before(first: dict[str, Any], second: dict[str, Any]) -> None:
    before, after = with_scope(first), with_scope(second)
    application = create(before)
    body = update_body(after, PROVENANCE, application, [])
    assert read_registration(apply(application, body)) == after


# Shapes that Graph sees

WEB = {"client_name": "Orders", "redirect_uris": ["https://a.example/cb"]}


def test_a_web_client_becomes_this_application() -> None:
    password = {"displayName": "dcr 2026-11-22", "endDateTime": "2027-05-23T10:00:00Z"}
    registration = registered(
        **WEB, client_uri="https://a.example", tos_uri="https://a.example/tos", policy_uri="https://a.example/privacy"
    )
    assert create(registration, password=password) == {
        "displayName": "Orders",
        "signInAudience": "AzureADMyOrg",
        "uniqueName": "u",
        "notes": "n",
        "web": {
            "redirectUris": ["https://a.example/cb"],
            "homePageUrl": "https://a.example",
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        },
        "info": {"termsOfServiceUrl": "https://a.example/tos", "privacyStatementUrl": "https://a.example/privacy"},
        "isFallbackPublicClient": False,
        "api": {"requestedAccessTokenVersion": 2},
        "passwordCredentials": [password],
        "tags": [
            "entra-dcr-bridge",
            "dcr:application_type=web",
            "dcr:token_endpoint_auth_method=client_secret_basic",
            "dcr:grant_types=authorization_code",
            "dcr:response_types=code",
            "dcr:caller=portal",
            "dcr:policy=default",
            "dcr:generation=1",
        ],
    }


def test_each_uri_is_on_one_platform() -> None:
    browser = create(registered(application_type="browser", redirect_uris=["com.example.app:/cb", "https://a.example/cb"]))
    assert browser["spa"] == {"redirectUris": ["https://a.example/cb"]}
    assert browser["publicClient"] == {"redirectUris": ["com.example.app:/cb"]}
    assert "redirectUris" not in browser["web"]
    native = create(registered(application_type="native", redirect_uris=["com.example.app:/cb", "http://localhost/cb"]))
    assert native["publicClient"] == {"redirectUris": ["com.example.app:/cb", "http://localhost/cb"]}
    assert "spa" not in native
    assert "passwordCredentials" not in native


@pytest.mark.parametrize(
    ("sent", "public"),
    [
        ({"application_type": "native", "redirect_uris": ["com.example.app:/cb"]}, True),
        ({"grant_types": [DEVICE_CODE], "token_endpoint_auth_method": "none"}, True),
        ({"application_type": "browser", "redirect_uris": ["https://a.example/cb"]}, False),
        (WEB, False),
    ],
)
def test_native_clients_alone_are_public_where_no_uri_decides(sent: dict[str, Any], public: bool) -> None:
    assert create(registered(**sent))["isFallbackPublicClient"] is public


@pytest.mark.duty(15)
@pytest.mark.parametrize(
    ("responses", "access_token", "id_token"),
    [
        (["code"], False, False),
        (["id_token"], False, True),
        (["token"], True, False),
        (["id_token token"], True, True),
        (["code id_token"], False, True),
        (["code token"], True, False),
    ],
)
def test_implicit_issuance_is_switched_on_for_what_is_asked_for(responses: list[str], access_token: bool, id_token: bool) -> None:
    issuance = create(registered(**WEB, response_types=responses))["web"]["implicitGrantSettings"]
    assert issuance == {"enableAccessTokenIssuance": access_token, "enableIdTokenIssuance": id_token}


@pytest.mark.duty(84)
def test_an_update_names_every_member_that_the_bridge_owns_and_no_other() -> None:
    application = create(registered(**WEB))
    body = update_body(registered(application_type="native", redirect_uris=["com.example.app:/cb"]), PROVENANCE, application, [])
    assert body == {
        "displayName": "Unnamed client",
        "web": {
            "redirectUris": [],
            "homePageUrl": None,
            "logoutUrl": None,
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        },
        "spa": {"redirectUris": []},
        "publicClient": {"redirectUris": ["com.example.app:/cb"]},
        "info": {"termsOfServiceUrl": None, "privacyStatementUrl": None},
        "isFallbackPublicClient": True,
        "requiredResourceAccess": [],
        "tags": [
            "entra-dcr-bridge",
            "dcr:application_type=native",
            "dcr:token_endpoint_auth_method=none",
            "dcr:grant_types=authorization_code",
            "dcr:response_types=code",
            "dcr:caller=portal",
            "dcr:policy=default",
            "dcr:generation=1",
        ],
    }


def test_an_update_keeps_the_tags_of_administrators() -> None:
    application = {**create(registered(**WEB)), "tags": ["entra-dcr-bridge", "team:orders", "dcr:scope=old", "HideApp"]}
    tags = update_body(registered(**WEB), PROVENANCE, application, [])["tags"]
    assert tags[:3] == ["entra-dcr-bridge", "team:orders", "HideApp"]
    assert "dcr:scope=old" not in tags


def test_certificates_are_replaced_where_the_client_has_or_had_them_and_else_left_alone() -> None:
    keys = registered(**WEB, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [jwk(0)]})
    web = registered(**WEB)
    assert len(update_body(keys, PROVENANCE, create(web), [])["keyCredentials"]) == 1
    assert update_body(web, PROVENANCE, create(keys), [])["keyCredentials"] == []
    assert "keyCredentials" not in update_body(web, PROVENANCE, create(web), [])
    assert len(create(keys)["keyCredentials"]) == 1


def test_an_administrators_certificate_is_not_shown_as_the_clients() -> None:
    (certificate,) = read_jwks({"keys": [jwk(0)]}, NOW)
    keys = create(registered(**WEB, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [jwk(0)]}))
    application = {**create(registered(**WEB)), "keyCredentials": keys["keyCredentials"]}
    assert read_registration(application).certificates == ()
    assert read_registration(keys).certificates == (certificate,)


def test_permissions_are_declared_and_replaced() -> None:
    access = [{"resourceAppId": "x", "resourceAccess": [{"id": "y", "type": "Scope"}]}]
    assert create(registered(**WEB), access=access)["requiredResourceAccess"] == access
    assert update_body(registered(**WEB), PROVENANCE, create(registered(**WEB)), access)["requiredResourceAccess"] == access


def test_the_record_has_200_tags_and_no_more() -> None:
    registration = registered(**WEB)
    own = len(create(registration)["tags"]) - 1

    def wide(count: int) -> Registration:
        return replace(registration, localized={f"client_name#aa-{number}": "x" for number in range(count)})

    assert len(create(wide(200 - own))["tags"]) == 201
    with pytest.raises(InvalidClientMetadata):
        create(wide(201 - own))


def test_the_record_has_bounds() -> None:
    languages = [f"aa-{number:02}" for number in range(50)]
    sent = {f"{member}#{language}": "x" * 100 for member in ("client_name",) for language in languages}
    assert create(registered(**WEB, **sent))
    urls = {f"logo_uri#{language}": "https://a.example/" + "x" * 237 for language in languages}
    full = registered(**WEB, **urls, software_statement="x" * 4096)
    full = replace(full, localized={**full.localized, **{f"client_name#{language}": "\u3042 " * 60 for language in languages}})
    with pytest.raises(InvalidClientMetadata) as caught:
        create(full)
    assert "longer than the directory can keep" in caught.value.description


# Reading what others wrote


def test_an_application_without_a_record_reads_as_the_defaults() -> None:
    application = {"displayName": "Old", "web": {"redirectUris": ["https://a.example/cb"]}, "tags": None}
    assert read_registration(application).as_metadata() == {
        "client_name": "Old",
        "application_type": "web",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": ["https://a.example/cb"],
    }
    assert read_provenance(application) == Provenance("", "")


def test_an_empty_application_reads_without_a_fault() -> None:
    registration = read_registration({"web": None, "spa": None, "publicClient": None, "info": None, "keyCredentials": None})
    assert (registration.client_name, registration.redirect_uris) == ("", ())


def test_a_service_has_no_response_types_even_without_its_record_of_them() -> None:
    assert read_registration({"tags": ["dcr:grant_types=client_credentials"]}).response_types == ()


@pytest.mark.duty(52)
def test_what_an_administrator_changed_is_what_is_registered() -> None:
    application = create(registered(**WEB, post_logout_redirect_uris=["https://a.example/cb"]))
    application["displayName"] = "Renamed"
    application["web"] = {"redirectUris": ["https://b.example/cb", "https://*.example/x"], "homePageUrl": "https://b.example"}
    shown = read_registration(application).as_metadata()
    assert shown["client_name"] == "Renamed"
    assert shown["redirect_uris"] == ["https://b.example/cb", "https://*.example/x"]
    assert shown["client_uri"] == "https://b.example"
    assert "post_logout_redirect_uris" not in shown


def test_provenance_comes_back_whole() -> None:
    provenance = Provenance("initial:4d1c", "partners", 7, 1_795_341_600, True, "ab12")
    assert read_provenance(create(registered(**WEB), provenance)) == provenance


def test_a_broken_list_of_identities_loses_its_last_entry_alone() -> None:
    identity = FederatedIdentity("https://i.example", "s")
    application = {"tags": ["dcr:federated_identities=https://i.example,s,api://AzureADTokenExchange,https://j.example"]}
    assert read_registration(application).federated_identities == (identity,)


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2026-11-22T10:00:00Z", 1_795_341_600),
        ("2026-11-22T10:00:00.1234567Z", 1_795_341_600),
        ("2026-11-22T10:00:00.9999999Z", 1_795_341_600),
        ("2026-11-22T11:00:00+01:00", 1_795_341_600),
    ],
)
def test_reads_times_as_graph_writes_them(text: str, epoch: int) -> None:
    assert int(read_time(text).timestamp()) == epoch


def test_uris_of_a_registration_keep_their_order_within_a_platform() -> None:
    texts = tuple(f"https://a.example/{letter}" for letter in "zyxabc")
    registration = registered(client_name="A", redirect_uris=list(texts))
    assert registration.redirect_uris == read_all(texts, POLICY)
    assert create(registration)["web"]["redirectUris"] == list(texts)
