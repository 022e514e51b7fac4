"""Authorization server metadata: RFC 8414, and what portals read from it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.discovery.endpoint import Discovery, EntraMetadata
from shared.discovery.server_metadata import Offer, server_metadata
from shared.errors import NotFound, TemporarilyUnavailable
from shared.http.message import Request

LOGIN = "https://login.microsoftonline.com/5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
ENTRA: dict[str, Any] = {
    "issuer": f"{LOGIN}/v2.0",
    "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
    "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
    "jwks_uri": f"{LOGIN}/discovery/v2.0/keys",
    "scopes_supported": ["openid", "profile"],
    "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
    "response_modes_supported": [],
    "kerberos_endpoint": f"{LOGIN}/kerberos",
}
OFFER = Offer(
    "https://bridge.example.com", ("authorization_code", "client_credentials"), ("code",), ("client_secret_basic", "none")
)


def document(**changes: Any) -> dict[str, Any]:
    return server_metadata(ENTRA, Offer(**{**{name: getattr(OFFER, name) for name in OFFER.__slots__}, **changes}))


@pytest.mark.duty(122)
def test_states_the_bridge_as_issuer_not_entra() -> None:
    assert document()["issuer"] == "https://bridge.example.com"


def test_names_entra_as_the_issuer_of_tokens() -> None:
    """OpenID Connect Core 1.0 section 3.1.3.7: an ID token's `iss` is compared with the issuer that a client was given."""
    assert document()["entra_issuer"] == f"{LOGIN}/v2.0"


@pytest.mark.duty(123)
def test_has_the_members_that_rfc_8414_requires_and_no_empty_array() -> None:
    found = document()
    assert found["authorization_endpoint"] == ENTRA["authorization_endpoint"]
    assert found["token_endpoint"] == ENTRA["token_endpoint"]
    assert found["response_types_supported"] == ["code"]
    assert [] not in found.values()


@pytest.mark.duty(124)
def test_names_the_bridges_own_registration_and_introspection_endpoints() -> None:
    found = document()
    assert found["registration_endpoint"] == "https://bridge.example.com/register"
    assert found["introspection_endpoint"] == "https://bridge.example.com/introspect"
    assert found["introspection_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]


@pytest.mark.duty(125)
def test_says_that_s256_is_supported_which_entra_does_not_say() -> None:
    assert document()["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.duty(126)
def test_lists_the_grant_types_from_which_anypoint_fills_its_form() -> None:
    assert document()["grant_types_supported"] == ["authorization_code", "client_credentials"]


@pytest.mark.duty(128)
def test_advertises_no_endpoint_that_is_off() -> None:
    found = document(registration=False, introspection=False)
    assert not [name for name in found if "registration" in name or "introspection" in name]


def test_passes_on_nothing_of_entra_that_is_not_an_oauth_member() -> None:
    assert "kerberos_endpoint" not in document()


def test_lists_the_scopes_of_configured_apis_behind_the_standard_ones() -> None:
    found = document(scopes=("api://orders/Orders.Read", "openid"))
    assert found["scopes_supported"] == ["openid", "profile", "api://orders/Orders.Read"]


@pytest.mark.parametrize("missing", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_refuses_entra_metadata_that_lack_an_endpoint(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        server_metadata({name: value for name, value in ENTRA.items() if name != missing}, OFFER)


@pytest.mark.duty(121)
def test_serves_json_that_may_be_cached_for_minutes() -> None:
    answer = Discovery(OFFER, lambda: ENTRA).read(Request("GET", "/.well-known/oauth-authorization-server"))
    assert answer.status == 200
    assert answer.headers == {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}
    assert json.loads(answer.body)["issuer"] == OFFER.base_url


@pytest.mark.duty(121)
@pytest.mark.parametrize(
    "params", [{"path": "api"}, {"path": "api/"}, {"prefix": "api"}, {"prefix": "api", "path": ""}, {}], ids=str
)
def test_serves_an_issuer_with_a_path_behind_and_before_the_well_known_name(params: dict[str, str]) -> None:
    """RFC 8414 section 3.1 and OpenID Connect Discovery 1.0 section 4.1; without either where a proxy took the path off."""
    offer = Offer("https://h.example/api", OFFER.grant_types, OFFER.response_types, OFFER.auth_methods)
    answer = Discovery(offer, lambda: ENTRA).read(Request("GET", "/x", params=params))
    assert json.loads(answer.body)["issuer"] == "https://h.example/api"


@pytest.mark.parametrize(
    "params",
    [{"path": "other"}, {"path": "api/more"}, {"prefix": "other"}, {"prefix": "api", "path": "api"}, {"path": "API"}],
    ids=str,
)
def test_describes_no_other_issuer(params: dict[str, str]) -> None:
    """RFC 8414 section 3.3: the issuer is the one that the address was made of."""
    offer = Offer("https://h.example/api", OFFER.grant_types, OFFER.response_types, OFFER.auth_methods)
    with pytest.raises(NotFound):
        Discovery(offer, lambda: ENTRA).read(Request("GET", "/x", params=params))


@pytest.mark.parametrize("params", [{"path": "api"}, {"prefix": "api"}], ids=str)
def test_an_issuer_without_a_path_has_one_address(params: dict[str, str]) -> None:
    with pytest.raises(NotFound):
        Discovery(OFFER, lambda: ENTRA).read(Request("GET", "/x", params=params))


def test_says_how_client_assertions_may_be_signed_where_they_are_taken() -> None:
    """RFC 8414 section 2: required with private_key_jwt; Entra takes RS256 and PS256."""
    found = document(auth_methods=("client_secret_basic", "private_key_jwt"))
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS256", "PS256"]
    assert "token_endpoint_auth_signing_alg_values_supported" not in document()


def test_says_how_introspection_answers_are_signed_where_a_key_is_set() -> None:
    """RFC 9701 section 7."""
    assert document(signs_introspection=True)["introspection_signing_alg_values_supported"] == ["ES256"]
    assert "introspection_signing_alg_values_supported" not in document()
    assert "introspection_signing_alg_values_supported" not in document(signs_introspection=True, introspection=False)


@pytest.mark.parametrize("failure", [OSError("no route"), ValueError("not JSON")])
def test_asks_to_come_back_while_entra_can_not_be_read(failure: Exception) -> None:
    def fail() -> dict[str, object]:
        raise failure

    with pytest.raises(TemporarilyUnavailable) as raised:
        Discovery(OFFER, fail).read(Request("GET", "/.well-known/openid-configuration"))
    assert raised.value.headers["Retry-After"] == "5"


@pytest.mark.duty(128)
@pytest.mark.parametrize(
    ("offered", "scopes"), [(True, ["openid", "offline_access", "api://a/x"]), (False, ["openid", "api://a/x"])]
)
def test_lists_offline_access_unless_the_operator_says_otherwise(offered: bool, scopes: list[str]) -> None:
    """MCP clients that see it force a consent page at each sign-in."""
    entra = {**ENTRA, "scopes_supported": ["openid", "offline_access"]}
    offer = replace(OFFER, scopes=("api://a/x",), offline_access=offered)
    assert server_metadata(entra, offer)["scopes_supported"] == scopes


@pytest.mark.duty(128)
def test_does_not_promise_an_issuer_in_authorization_responses() -> None:
    """RFC 9207: Entra sends none, and would name itself."""
    entra = {**ENTRA, "authorization_response_iss_parameter_supported": True}
    assert "authorization_response_iss_parameter_supported" not in server_metadata(entra, OFFER)


def test_names_what_a_tenant_without_client_secrets_allows() -> None:
    every = replace(OFFER, auth_methods=("client_secret_basic", "none", "private_key_jwt"))
    found = server_metadata(ENTRA, every, secrets=False)
    assert found["token_endpoint_auth_methods_supported"] == ["none", "private_key_jwt"]
    public = replace(
        every, auth_methods=("client_secret_basic", "none"), grant_types=("authorization_code", "client_credentials")
    )
    found = server_metadata(ENTRA, public, secrets=False)
    assert found["token_endpoint_auth_methods_supported"] == ["none"]
    assert found["grant_types_supported"] == ["authorization_code"]
    alone = replace(every, auth_methods=("client_secret_basic",))
    assert server_metadata(ENTRA, alone, secrets=False)["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]


def test_reads_the_tenants_document_once_and_serves_it_from_memory() -> None:
    asked: list[tuple[str, str]] = []

    def read(url: str, host: str) -> object:
        asked.append((url, host))
        return ENTRA

    metadata = EntraMetadata("https://login.example.com", "contoso", read, SystemClock())
    assert metadata.document() == metadata.document() == ENTRA
    assert asked == [("https://login.example.com/contoso/v2.0/.well-known/openid-configuration", "login.example.com")]


def test_what_is_no_json_object_is_not_the_tenants_document() -> None:
    metadata = EntraMetadata("https://login.example.com", "contoso", lambda url, host: ["issuer"], SystemClock())
    with pytest.raises(ValueError, match="not a JSON object"):
        metadata.document()


def test_a_document_that_can_not_be_had_is_a_failure_of_the_connection() -> None:
    def read(url: str, host: str) -> object:
        raise OSError("unreachable")

    with pytest.raises(ConnectionError, match="the tenant's metadata can't be read"):
        EntraMetadata("https://login.example.com", "contoso", read, SystemClock()).document()
