"""The registration settings: what is read, and what is refused with the member's name."""

import hashlib
import json
from typing import Any

import pytest

from shared.environment import Environment
from shared.registration.certificates import read_jwks
from shared.registration.configuration import StaticCredential, TokenCaller
from shared.registration.policy import IMPLICIT, Policy
from shared.registration.tokens import RegistrationAccessToken, seal_token, unseal_token
from shared.settings.registration import (
    CREDENTIALS,
    ENTRA_ROLES,
    FORBIDDEN_NAMES,
    POLICIES,
    RESOURCE_APIS,
    STATEMENT_ISSUERS,
    TOKEN_CALLERS,
    read_keys,
    read_registration,
)
from shared.settings.tenant import read_base_url, read_tag
from tests.unit.registration.certificates import NOW, jwk

TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
LITERAL = "SSWS portal-credential"
DIGEST = hashlib.sha256(LITERAL.encode()).digest()


def test_reads_policies_beside_the_two_that_are_always_there() -> None:
    policies = POLICIES.parse('{"partners":{"grant_types":["implicit"],"redirect_hosts":[".p.example"],"most_clients":5}}')
    assert policies["partners"] == Policy("partners", frozenset({IMPLICIT}), redirect_hosts=(".p.example",), most_clients=5)
    assert policies["default"] == Policy()
    assert policies["open"].urls_elsewhere == "drop"
    assert POLICIES.parse('{"default":{"loopback":false}}')["default"] == Policy(loopback=False)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "JSON"),
        ("[]", "object"),
        ('{"p":{"most_client":1}}', "p.most_client"),
        ('{"p":{"most_clients":"1"}}', "p.most_clients"),
        ('{"p":{"most_clients":0}}', "p.most_clients: must be greater than or equal to 1"),
        ('{"p":{"most_redirect_uris":257}}', "p.most_redirect_uris: must be less than or equal to 256"),
        ('{"p":{"secret_lifetime":0}}', "secret_lifetime"),
        ('{"p":{"registrations_per_minute":-1}}', "registrations_per_minute"),
        ('{"p":{"unsupported_grants":"ignore"}}', "p.unsupported_grants"),
        ('{"p":{"grant_types":["password"]}}', "p.grant_types.0: must be one of authorization_code"),
        ('{"p":{"auth_methods":["client_secret_jwt"]}}', "p.auth_methods.0"),
        ('{"p":{"grant_types":[]}}', "p.grant_types"),
        ('{"p":{"name":"q"}}', "p.name"),
        ('{"p":{"scope_names":{"plan":"a\\tb"}}}', "p.scope_names.plan"),
        ('{"a b":{}}', "a b.[key]"),
    ],
)
def test_names_what_is_wrong_with_a_policy(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        POLICIES.parse(text)
    assert named in str(caught.value)


@pytest.mark.duty(44)
def test_reads_static_credentials_and_keeps_their_digest_alone() -> None:
    entries = [
        {"name": "portal", "authorization": LITERAL},
        {"name": "portal", "authorization_sha256": DIGEST.hex().upper()},
        {"name": "kong", "api_key": LITERAL, "policy": "kong"},
        {"name": "kong", "api_key_sha256": DIGEST.hex()},
    ]
    credentials = CREDENTIALS.parse(json.dumps(entries))
    assert credentials == (
        StaticCredential("portal", DIGEST),
        StaticCredential("portal", DIGEST),
        StaticCredential("kong", DIGEST, "x-api-key", "kong"),
        StaticCredential("kong", DIGEST, "x-api-key"),
    )
    assert LITERAL not in repr(credentials)
    assert DIGEST.hex() not in repr(credentials)


@pytest.mark.duty(45)
@pytest.mark.parametrize(
    "entry",
    [
        {"name": "portal"},
        {"name": "portal", "authorization": LITERAL, "api_key": LITERAL},
        {"name": "portal", "authorization": LITERAL, "authorization_sha256": DIGEST.hex()},
        {"name": "portal", "authorization": "short"},
        {"name": "portal", "authorization": " " + LITERAL},
        {"name": "portal", "authorization_sha256": "zz"},
        {"name": "portal", "authorisation": LITERAL},
        {"name": "a:b", "authorization": LITERAL},
        {"name": "", "authorization": LITERAL},
        {"authorization": LITERAL},
    ],
)
def test_a_static_credential_that_is_wrong_is_refused_without_being_shown(entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="0") as caught:
        CREDENTIALS.parse(json.dumps([entry]))
    assert LITERAL not in str(caught.value)


def test_reads_keys_as_a_list_or_as_one_plain_secret() -> None:
    ring = read_keys(json.dumps([{"id": "b", "secret": "y" * 32}, {"id": "a", "secret": "x" * 32}]))
    assert [key.id for key in ring][:2] == ["b", "a"]
    assert ring.first.secret == "y" * 32
    plain, other = read_keys("x" * 32).first, read_keys("y" * 32).first
    assert plain.secret == "x" * 32
    assert plain.id != other.id
    both = read_keys("y" * 32 + "\n" + "x" * 32 + "\n")
    assert [key.id for key in both] == [other.id, plain.id]


def test_a_list_of_keys_opens_what_its_secret_sealed_when_it_was_a_plain_text() -> None:
    """The documented rotation: one plain text first, later a list in which it is the older key."""
    old, new = "x" * 32, "y" * 32
    token = RegistrationAccessToken("11111111-1111-4111-8111-111111111111", 1, 0)
    sealed = seal_token(token, read_keys(old))
    for later in (
        [{"id": "k2", "secret": new}, {"id": "k1", "secret": old}],
        [{"id": "k1", "secret": old}],
        [{"id": "k1", "secret": old}, {"id": "k0", "secret": old}],
    ):
        ring = read_keys(json.dumps(later))
        assert unseal_token(sealed, ring) == token
        assert seal_token(token, ring).startswith(f"dcr1.{later[0]['id']}.")
    assert unseal_token(sealed, read_keys(json.dumps([{"id": read_keys(old).first.id, "secret": new}]))) is None


@pytest.mark.parametrize(
    "text", ["short", "[]", '[{"id":"a"}]', '[{"id":"a","secret":"short"}]', '[{"id":"a","secret":"%s","x":1}]' % ("s3cret" * 8)]
)
def test_keys_that_are_wrong_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_keys(text)
    assert "s3cret" not in str(caught.value)


def test_reads_resource_apis() -> None:
    (api,) = RESOURCE_APIS.parse('[{"app_id":"11111111-1111-4111-8111-111111111111","prefix":"api://orders/","app_roles":true}]')
    assert (api.prefix, api.app_roles) == ("api://orders/", True)


@pytest.mark.parametrize(
    "apis",
    [
        [{"app_id": "x", "prefix": "api://a/"}],
        [{"app_id": "11111111-1111-4111-8111-111111111111", "prefix": ""}],
        [{"app_id": "11111111-1111-4111-8111-111111111111", "prefix": "a b"}],
        [{"app_id": "11111111-1111-4111-8111-111111111111", "prefix": "a"}] * 2,
        [{"app_id": "11111111-1111-4111-8111-111111111111"}],
    ],
)
def test_refuses_resource_apis_that_are_wrong(apis: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match=r"app_id|prefix"):
        RESOURCE_APIS.parse(json.dumps(apis))


def test_reads_statement_issuers() -> None:
    (public,) = read_jwks({"keys": [jwk()]}, NOW)
    issuers = [{"issuer": "https://i.example", "jwks": {"keys": [public.as_jwk()]}}]
    (issuer,) = STATEMENT_ISSUERS.parse(json.dumps(issuers))
    assert (issuer.issuer, issuer.algorithms) == ("https://i.example", ("RS256", "PS256", "ES256"))


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"jwks": {}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": 1}},
    ],
)
def test_refuses_statement_issuers_that_are_wrong(change: dict[str, Any]) -> None:
    issuer = {"issuer": "https://i.example", "jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}, **change}
    with pytest.raises(ValueError, match=r"0\.(algorithms|jwks)"):
        STATEMENT_ISSUERS.parse(json.dumps([issuer]))


def test_reads_roles_and_names() -> None:
    assert dict(ENTRA_ROLES.parse('{"Clients.Register":"default"}')) == {"Clients.Register": "default"}
    assert FORBIDDEN_NAMES.parse('["Contoso Pay"]') == ("Contoso Pay",)
    for setting in (ENTRA_ROLES, FORBIDDEN_NAMES):
        with pytest.raises(ValueError, match=r"."):
            setting.parse("7")


def problems(variables: dict[str, str]) -> list[str]:
    """The names of the settings that are refused, each once."""
    environment = Environment(
        {"BRIDGE_BASE_URL": "https://bridge.example.com", "REGISTRATION_SEALING_KEYS": "x" * 32, **variables}
    )
    read_registration(environment, read_base_url(environment), read_tag(environment))
    return [problem.name for problem in environment.problems]


@pytest.mark.duty(5)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BRIDGE_BASE_URL", "http://bridge.example.com"),
        ("BRIDGE_BASE_URL", ""),
        ("BRIDGE_TAG", "a b"),
        ("BRIDGE_TAG", "dcr:x"),
        ("BRIDGE_TAG", "x" * 65),
        ("REGISTRATION_SIGN_IN_AUDIENCE", "AzureADandPersonalMicrosoftAccount"),
        ("REGISTRATION_CREDENTIALS", json.dumps([{"name": "p", "authorization": LITERAL, "policy": "missing"}])),
        ("REGISTRATION_CREDENTIALS", json.dumps([{"name": "open", "authorization": LITERAL}])),
        (
            "REGISTRATION_TOKEN_CALLERS",
            json.dumps([{"name": "p", "client_id": "c", "secret": LITERAL, "policy": "missing"}]),
        ),
        ("REGISTRATION_TOKEN_CALLERS", json.dumps([{"name": "open", "client_id": "c", "secret": LITERAL}])),
        ("REGISTRATION_OPEN_POLICY", "missing"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(name: str, value: str) -> None:
    assert problems({}) == []
    assert problems({name: value}) == [name]


def test_roles_need_a_policy_and_an_audience() -> None:
    roles = '{"R":"default"}'
    assert problems({"REGISTRATION_ENTRA_ROLES": roles, "REGISTRATION_ENTRA_AUDIENCE": "api://bridge"}) == []
    assert problems({"REGISTRATION_ENTRA_ROLES": roles}) == ["REGISTRATION_ENTRA_AUDIENCE"]
    unknown = {"REGISTRATION_ENTRA_ROLES": '{"R":"missing"}', "REGISTRATION_ENTRA_AUDIENCE": "api://bridge"}
    assert problems(unknown) == ["REGISTRATION_ENTRA_ROLES"]


def test_http_serves_on_a_loopback_host_for_development() -> None:
    for base_url in ("http://127.0.0.1:7071", "http://localhost:7071", "http://[::1]:7071", "https://bridge.example.com/dcr/"):
        environment = Environment({"BRIDGE_BASE_URL": base_url, "REGISTRATION_SEALING_KEYS": "x" * 32})
        configuration = read_registration(environment, read_base_url(environment), "a-bridge")
        assert environment.problems == []
        assert configuration.client_uri("x") == f"{base_url.rstrip('/')}/register/x"


def test_a_policy_that_is_gone_is_the_default_one() -> None:
    environment = Environment({"REGISTRATION_SEALING_KEYS": "x" * 32})
    assert read_registration(environment, "https://bridge.example.com", "a-bridge").policy("gone") == Policy(protect_names=True)


def test_reads_callers_of_the_token_endpoint_and_keeps_their_secrets_digest_alone() -> None:
    entries = [
        {"name": "wso2", "client_id": "apim", "secret": LITERAL},
        {"name": "wso2", "client_id": "apim", "secret_sha256": "ab" * 32},
    ]
    callers = TOKEN_CALLERS.parse(json.dumps(entries))
    assert callers == (TokenCaller("wso2", "apim", DIGEST), TokenCaller("wso2", "apim", bytes.fromhex("ab" * 32)))
    assert LITERAL not in repr(callers)


@pytest.mark.parametrize(
    "entries",
    [
        [{"name": "a", "client_id": "c"}],
        [{"name": "a", "client_id": "c", "secret": LITERAL, "secret_sha256": "ab" * 32}],
        [{"name": "a", "client_id": "c", "secret": "short"}],
        [{"name": "a", "client_id": "c", "secret": LITERAL}, {"name": "b", "client_id": "c", "secret": LITERAL}],
        [{"name": "a", "client_id": "c", "secret": LITERAL}, {"name": "a", "client_id": "c", "secret": LITERAL, "policy": "p"}],
    ],
)
def test_refuses_callers_of_the_token_endpoint_that_are_ambiguous(entries: list[dict[str, str]]) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        TOKEN_CALLERS.parse(json.dumps(entries))
    assert LITERAL not in str(caught.value)
