"""POST /register: RFC 7591 section 3."""

import re
from collections.abc import Callable

import pytest

from shared.clock import read_time
from shared.errors import InvalidClientMetadata
from shared.registration.policy import Policy
from tests.functional.registration.bridge import BASE_URL, WEB, Bridge, Json, assert_error, bearer, content

type Make = Callable[..., Bridge]


# Requests


@pytest.mark.duty(1)
@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_is_taken_with_and_without_a_charset(bridge: Bridge, media_type: str) -> None:
    assert bridge.call("POST", body=WEB, headers={"content-type": media_type}).status == 201


@pytest.mark.duty(2)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jwt", "text/json"])
def test_other_media_types_get_a_json_error(bridge: Bridge, media_type: str) -> None:
    response = bridge.call("POST", body=WEB, headers={"content-type": media_type})
    assert_error(response, 415, "invalid_request", "application/json")
    assert not bridge.emulator.requests


@pytest.mark.duty(3, 62)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"{", b"1", b'{"client_name":"a","client_name":"b"}'])
def test_rejects_a_body_that_is_not_one_json_object_without_asking_graph(bridge: Bridge, body: bytes) -> None:
    assert_error(bridge.call("POST", raw=body), 400, "invalid_request")
    assert not bridge.emulator.requests


@pytest.mark.duty(34)
def test_rejects_a_body_that_is_too_large(bridge: Bridge) -> None:
    assert_error(bridge.call("POST", raw=b'{"a":"' + b"x" * 300_000 + b'"}'), 413, "invalid_request")


@pytest.mark.duty(4, 25)
def test_ignores_unknown_members_and_a_chosen_id_or_secret(bridge: Bridge) -> None:
    extra = {
        "client_id": "mine",
        "client_secret": "my-own-secret",
        "registration_access_token": "mine",
        "resource": "https://api.example",
        "metadata": {"organization": "org_acme"},
        "portal_id": "x",
        "subject_type": "public",
        "client_secret_expires_at": 0,
    }
    client = bridge.register({**WEB, **extra})
    assert client["client_id"] != "mine"
    assert client["client_secret"] != "my-own-secret"
    assert not {"resource", "metadata", "portal_id", "subject_type"} & client.keys()


@pytest.mark.duty(63, 65)
@pytest.mark.parametrize(
    ("change", "error", "member"),
    [
        ({"redirect_uris": ["https://a.example/#x"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": None}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": "https://a.example/"}, "invalid_redirect_uri", "redirect_uris"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "grant_types"),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata", "token_endpoint_auth_method"),
        ({"application_type": "toaster"}, "invalid_client_metadata", "application_type"),
        ({"client_name": "x" * 121}, "invalid_client_metadata", "client_name"),
        ({"client_uri": "javascript:1"}, "invalid_client_metadata", "client_uri"),
        ({"jwks_uri": "https://a.example", "jwks": {}}, "invalid_client_metadata", "jwks"),
        ({"scope": "api://unknown/read"}, "invalid_client_metadata", "scope"),
        ({"contacts": 1}, "invalid_client_metadata", "contacts"),
    ],
)
def test_wrong_metadata_is_400_with_the_code_and_the_members_name_and_no_graph_call(
    bridge: Bridge, change: Json, error: str, member: str
) -> None:
    assert_error(bridge.call("POST", body={**WEB, **change}), 400, error, member)
    assert not bridge.emulator.requests


@pytest.mark.duty(64, 67)
def test_an_error_has_both_members_in_the_characters_of_rfc_6749(bridge: Bridge) -> None:
    for body in (b'{"grant_types":["\\u00fc\\"\\\\\\n\xe2\x80\xae"]}', b'{"scope":"\\"quoted\\""}', b"nonsense"):
        error = content(bridge.call("POST", raw=body))
        assert set(error) == {"error", "error_description"}
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", error["error_description"])
        assert re.fullmatch(r"[a-z_]+", error["error"])
    assert InvalidClientMetadata('"\\\x00ü').description == "''??"


# Answers


@pytest.mark.duty(46, 47, 50, 51, 55, 74)
def test_a_registration_is_answered_with_201_and_everything_a_client_needs(bridge: Bridge) -> None:
    now = int(bridge.clock.now().timestamp())
    response = bridge.call("POST", body=WEB)
    assert response.status == 201
    client = content(response)
    application = bridge.application(client["client_id"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", client["client_id"])
    assert client["client_id"] == application["appId"] != application["id"]
    assert client["client_id_issued_at"] == now
    assert client["registration_client_uri"] == f"{BASE_URL}/register/{client['client_id']}"
    assert client["registration_access_token"]
    assert client["client_secret_expires_at"] == now + 182 * 86_400
    assert type(client["client_secret_expires_at"]) is type(client["client_id_issued_at"]) is int
    assert {name: client[name] for name in WEB} == WEB
    assert client["application_type"] == "web"
    assert None not in client.values()


@pytest.mark.duty(56)
def test_no_answer_is_stored_by_caches(bridge: Bridge) -> None:
    client = bridge.register()
    client_id = client["client_id"]
    answers = [
        bridge.call("POST", body=WEB),
        bridge.call("GET", client_id),
        bridge.call("PUT", client_id, {**WEB, "client_id": client_id}),
        bridge.call("POST", client_id, rotate=True),
        bridge.call("DELETE", client_id),
        bridge.call("GET", client_id),
        bridge.call("POST", body=WEB, authorization=None),
    ]
    assert [answer.status for answer in answers] == [201, 200, 200, 200, 204, 404, 401]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"
    assert answers[0].headers["Content-Type"] == "application/json"


@pytest.mark.duty(48, 49)
def test_every_client_has_an_id_and_a_secret_of_its_own(bridge: Bridge) -> None:
    clients = [bridge.register() for _ in range(3)]
    assert len({client["client_id"] for client in clients}) == 3
    assert len({client["client_secret"] for client in clients}) == 3


@pytest.mark.duty(50)
def test_the_secrets_end_is_its_true_end_in_whole_seconds(bridge: Bridge) -> None:
    bridge.emulator.clock.advance(0.9)
    client = bridge.register()
    (password,) = bridge.application(client["client_id"])["passwordCredentials"]
    assert password["endDateTime"].endswith("Z")
    end = read_time(password["endDateTime"])
    assert end is not None
    assert client["client_secret_expires_at"] == int(end.timestamp())


@pytest.mark.duty(54)
def test_the_refresh_token_grant_is_kept_where_it_was_asked_for(bridge: Bridge) -> None:
    assert bridge.register()["grant_types"] == ["authorization_code", "refresh_token"]


@pytest.mark.duty(60)
@pytest.mark.parametrize("sent", [None, "web", "browser", "native", "backend_to_backend"])
def test_the_application_type_is_always_in_the_answer(bridge: Bridge, sent: str | None) -> None:
    body = {"client_name": "A", "redirect_uris": ["https://a.example/cb"], "application_type": sent}
    assert bridge.register(body)["application_type"] == (sent or "web")


# What the directory gets


def test_the_application_carries_the_bridges_mark_and_a_note_for_people(bridge: Bridge) -> None:
    application = bridge.application(bridge.register()["client_id"])
    assert "entra-dcr-bridge" in application["tags"]
    assert "dcr:caller=portal" in application["tags"]
    assert "portal" in application["notes"]
    assert application["uniqueName"].startswith("entra-dcr-bridge-")
    assert application["signInAudience"] == "AzureADMyOrg"
    assert application["api"]["requestedAccessTokenVersion"] == 2


@pytest.mark.usefixtures("calm")
def test_a_registration_is_two_calls(bridge: Bridge) -> None:
    bridge.register()
    graph = [(call.method, call.path) for call in bridge.emulator.requests if call.path.startswith("/v1.0")]
    assert graph == [("POST", "/v1.0/applications"), ("POST", "/v1.0/servicePrincipals")]


@pytest.mark.parametrize(
    ("sent", "platform"),
    [
        (WEB, "web"),
        ({"application_type": "browser", "redirect_uris": ["https://a.example/cb"]}, "spa"),
        ({"token_endpoint_auth_method": "none", "redirect_uris": ["https://a.example/cb"]}, "spa"),
        ({"application_type": "native", "redirect_uris": ["com.example.app:/cb"]}, "publicClient"),
        ({"token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1:33418/"]}, "publicClient"),
    ],
)
@pytest.mark.duty(19, 32)
def test_each_kind_of_client_is_on_its_platform_and_public_ones_have_no_secret(bridge: Bridge, sent: Json, platform: str) -> None:
    client = bridge.register(sent)
    application = bridge.application(client["client_id"])
    platforms = {name: application[name]["redirectUris"] for name in ("web", "spa", "publicClient")}
    assert platforms.pop(platform) == sent["redirect_uris"]
    assert list(platforms.values()) == [[], []]
    public = client["token_endpoint_auth_method"] == "none"
    assert ("client_secret" in client) is not public
    assert ("client_secret_expires_at" in client) is not public
    assert bool(application["passwordCredentials"]) is not public


def test_a_service_client_gets_a_token_with_its_secret(bridge: Bridge) -> None:
    sent = {"client_name": "svc", "grant_types": ["client_credentials"], "application_type": "backend_to_backend"}
    client = bridge.register(sent)
    assert client["response_types"] == client["redirect_uris"] == []
    assert bridge.token_status(client["client_id"], client["client_secret"]) == 200


@pytest.mark.usefixtures("calm")
def test_the_life_of_secrets_is_up_to_settings_and_policy(make: Make) -> None:
    bridge = make(secret_lifetime=3600)
    now = int(bridge.clock.now().timestamp())
    assert bridge.register()["client_secret_expires_at"] == now + 3600
    bridge = make(policies={"default": Policy(secret_lifetime=7200)})
    assert bridge.register()["client_secret_expires_at"] == now + 7200


@pytest.mark.duty(16)
def test_dropped_grants_are_seen_in_the_answer(make: Make) -> None:
    bridge = make(policies={"default": Policy(unsupported_grants="drop")})
    asked = {**WEB, "grant_types": ["authorization_code", "implicit", "password"], "response_types": ["code", "token"]}
    client = bridge.register(asked)
    assert (client["grant_types"], client["response_types"]) == (["authorization_code"], ["code"])
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert read["grant_types"] == ["authorization_code"]


@pytest.mark.duty(22, 52)
def test_everything_registered_comes_back_on_a_read(make: Make) -> None:
    bridge = make(policies={"default": Policy(store_contacts=True)})
    sent = {
        **WEB,
        "client_name": "Büro 株式会社",
        "client_name#ja": "注文 アプリ",
        "client_uri": "https://orders.example.com",
        "logo_uri": "https://orders.example.com/" + "l" * 220,
        "tos_uri": "https://orders.example.com/tos",
        "policy_uri": "https://orders.example.com/privacy",
        "contacts": ["ops@orders.example.com"],
        "scope": "openid offline_access",
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1 beta",
        "frontchannel_logout_uri": "https://orders.example.com/logout",
        "post_logout_redirect_uris": ["https://orders.example.com/callback"],
    }
    client = bridge.register(sent)
    assert {name: client[name] for name in sent} == sent
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    del read["registration_access_token"], client["registration_access_token"]
    assert read == client


@pytest.mark.duty(74)
def test_urls_in_answers_do_not_follow_the_host_header(bridge: Bridge) -> None:
    client = bridge.register(headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert client["registration_client_uri"].startswith(BASE_URL)
