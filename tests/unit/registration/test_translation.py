"""Registration to application object and back."""

import hashlib
from typing import Any

import pytest

from shared.clock import read_time
from shared.errors import InvalidClientMetadata
from shared.registration.certificates import read_jwks
from shared.registration.entra_application import (
    Provenance,
    federated_credential,
    is_own_credential,
    read_provenance,
    read_registered,
    update_body,
)
from shared.registration.metadata import FederatedIdentity
from shared.registration.policy import DEVICE_CODE
from shared.registration.redirect_uris import read_redirect_uris
from shared.registration.registration import Registration
from tests.unit.registration.certificates import NOW, jwk
from tests.unit.registration.objects import POLICY, PROVENANCE, create, registered

WEB = {"client_name": "Orders", "redirect_uris": ["https://a.example/cb"]}


def test_a_web_client_becomes_this_application() -> None:
    registration = registered(
        **WEB, client_uri="https://a.example", tos_uri="https://a.example/tos", policy_uri="https://a.example/privacy"
    )
    assert create(registration) == {
        "displayName": "Orders",
        "web": {
            "redirectUris": ["https://a.example/cb"],
            "homePageUrl": "https://a.example",
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        },
        "info": {"termsOfServiceUrl": "https://a.example/tos", "privacyStatementUrl": "https://a.example/privacy"},
        "isFallbackPublicClient": False,
        "api": {"requestedAccessTokenVersion": 2},
        "tags": [
            "entra-dcr-bridge",
            "dcr:application_type=web",
            "dcr:token_endpoint_auth_method=client_secret_basic",
            "dcr:grant_types=authorization_code",
            "dcr:response_types=code",
            "dcr:caller=portal",
            "dcr:policy=default",
        ],
        "notes": "Registered through the Entra DCR bridge by portal; its dcr: tags are part of the registration."
        "\ndcr:generation=1",
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
    assert read_registered(application).certificates == ()
    assert read_registered(keys).certificates == (certificate,)


def test_scopes_are_a_list_that_people_can_read() -> None:
    assert "dcr:scope=openid,api://orders/read" in create(registered(**WEB)._replace(scope="openid api://orders/read"))["tags"]


def test_permissions_are_declared_and_replaced() -> None:
    access = [{"resourceAppId": "x", "resourceAccess": [{"id": "y", "type": "Scope"}]}]
    assert create(registered(**WEB), access=access)["requiredResourceAccess"] == access
    assert update_body(registered(**WEB), PROVENANCE, create(registered(**WEB)), access)["requiredResourceAccess"] == access


def test_the_record_has_200_tags_and_no_more() -> None:
    registration = registered(**WEB)
    own = len(create(registration)["tags"]) - 1

    def wide(count: int) -> Registration:
        return registration._replace(localized={f"client_name#aa-{number}": "x" for number in range(count)})

    assert len(create(wide(200 - own))["tags"]) == 201
    with pytest.raises(InvalidClientMetadata):
        create(wide(201 - own))


def test_the_record_has_bounds() -> None:
    languages = [f"aa-{number:02}" for number in range(50)]
    sent = {f"{member}#{language}": "x" * 100 for member in ("client_name",) for language in languages}
    assert create(registered(**WEB, **sent))
    urls = {f"logo_uri#{language}": "https://a.example/" + "x" * 237 for language in languages}
    full = registered(**WEB, **urls, software_statement="x" * 4096)
    full = full._replace(localized={**full.localized, **{f"client_name#{language}": "\u3042 " * 60 for language in languages}})
    with pytest.raises(InvalidClientMetadata) as caught:
        create(full)
    assert "longer than the directory can keep" in caught.value.description


# Reading what others wrote


def test_an_application_without_a_record_reads_as_the_defaults() -> None:
    application = {"displayName": "Old", "web": {"redirectUris": ["https://a.example/cb"]}, "tags": None}
    assert read_registered(application).as_metadata() == {
        "client_name": "Old",
        "application_type": "web",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": ["https://a.example/cb"],
    }
    assert read_provenance(application) == Provenance("", "")
    assert update_body(registered(**WEB), PROVENANCE, application, [])["tags"][0] == "dcr:application_type=web"


def test_an_empty_application_reads_without_a_fault() -> None:
    registration = read_registered({"web": None, "spa": None, "publicClient": None, "info": None, "keyCredentials": None})
    assert (registration.client_name, registration.redirect_uris) == ("", ())


def test_a_service_has_no_response_types_even_without_its_record_of_them() -> None:
    assert read_registered({"tags": ["dcr:grant_types=client_credentials"]}).response_types == ()


@pytest.mark.duty(52)
def test_what_an_administrator_changed_is_what_is_registered() -> None:
    application = create(registered(**WEB, post_logout_redirect_uris=["https://a.example/cb"]))
    application["displayName"] = "Renamed"
    application["web"] = {"redirectUris": ["https://b.example/cb", "https://*.example/x"], "homePageUrl": "https://b.example"}
    shown = read_registered(application).as_metadata()
    assert shown["client_name"] == "Renamed"
    assert shown["redirect_uris"] == ["https://b.example/cb", "https://*.example/x"]
    assert shown["client_uri"] == "https://b.example"
    assert "post_logout_redirect_uris" not in shown


def test_provenance_comes_back_whole() -> None:
    provenance = Provenance("initial:4d1c", "partners", 7, True, "ab12", "refuse")
    assert read_provenance(create(registered(**WEB), provenance)) == provenance


def test_a_broken_list_of_identities_loses_its_last_entry_alone() -> None:
    identity = FederatedIdentity("https://i.example", "s")
    application = {"tags": ["dcr:federated_identities=https://i.example,s,api://AzureADTokenExchange,https://j.example"]}
    assert read_registered(application).federated_identities == (identity,)


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
    moment = read_time(text)
    assert moment is not None
    assert int(moment.timestamp()) == epoch


def test_uris_of_a_registration_keep_their_order_within_a_platform() -> None:
    texts = tuple(f"https://a.example/{letter}" for letter in "zyxabc")
    registration = registered(client_name="A", redirect_uris=list(texts))
    assert registration.redirect_uris == read_redirect_uris(texts, POLICY)
    assert create(registration)["web"]["redirectUris"] == list(texts)


def test_a_federated_credential_has_the_name_that_earlier_versions_gave_it() -> None:
    """It is in directories, and tells the bridge's own from an administrator's."""
    credential = federated_credential(FederatedIdentity("https://issuer.example.com", "workload"))
    text = b'["https://issuer.example.com", "workload", "api://AzureADTokenExchange"]'
    assert credential == {
        "name": f"dcr-{hashlib.sha256(text).hexdigest()[:32]}",
        "issuer": "https://issuer.example.com",
        "subject": "workload",
        "audiences": ["api://AzureADTokenExchange"],
    }
    assert is_own_credential(credential)
    assert not is_own_credential({"name": "portal"})
