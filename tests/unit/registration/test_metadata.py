"""Client metadata as callers send it."""

from typing import Any

import pytest

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.registration.metadata import ClientMetadata, FederatedIdentity


def test_reads_every_member_that_it_knows() -> None:
    sent: dict[str, Any] = {
        "redirect_uris": ["https://a.example/cb"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "application_type": "native",
        "client_name": "A",
        "client_uri": "https://a.example",
        "logo_uri": "https://a.example/logo",
        "tos_uri": "https://a.example/tos",
        "policy_uri": "https://a.example/policy",
        "scope": "openid",
        "contacts": ["ops@a.example"],
        "jwks": {"keys": []},
        "jwks_uri": "https://a.example/keys",
        "post_logout_redirect_uris": ["https://a.example/cb"],
        "frontchannel_logout_uri": "https://a.example/out",
        "software_id": "id",
        "software_version": "1",
        "software_statement": "x.y.z",
        "federated_identities": [{"issuer": "https://i.example", "subject": "s"}],
    }
    metadata = ClientMetadata.parse(sent)
    for name, value in sent.items():
        expected = tuple(value) if isinstance(value, list) else value
        if name == "federated_identities":
            expected = (FederatedIdentity("https://i.example", "s", "api://AzureADTokenExchange"),)
        assert getattr(metadata, name) == expected, name


@pytest.mark.duty(4)
def test_ignores_members_that_it_does_not_know_whatever_they_hold() -> None:
    extras = {
        "resource": "https://a.example",
        "example_extension_parameter": [{"deep": [1]}],
        "portal_id": "11111111-1111-4111-8111-111111111111",
        "metadata": {"organization": "org_acme"},
        "subject_type": "public",
        "token_endpoint_auth_signing_alg": "RS256",
        "tls_client_certificate_bound_access_tokens": False,
        "scopes": 7,
    }
    assert ClientMetadata.parse(extras) == ClientMetadata()


def test_reads_a_federated_identity_with_an_audience() -> None:
    sent = {"issuer": "https://i.example", "subject": "s", "audience": "api://other"}
    assert ClientMetadata.parse({"federated_identities": [sent]}).federated_identities == (FederatedIdentity(**sent),)


def test_takes_null_for_absent() -> None:
    names = ["redirect_uris", "client_name", "jwks", "scope", "contacts", "client_name#de", "federated_identities"]
    assert ClientMetadata.parse(dict.fromkeys(names)) == ClientMetadata()


def test_takes_an_empty_string_for_absent_except_in_the_name() -> None:
    metadata = ClientMetadata.parse({"client_uri": "", "scope": "", "software_id": "", "client_name": ""})
    assert metadata == ClientMetadata(client_name="")


def test_keeps_an_empty_array_apart_from_an_absent_one() -> None:
    assert ClientMetadata.parse({"redirect_uris": []}).redirect_uris == ()
    assert ClientMetadata.parse({}).redirect_uris is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("grant_types", "authorization_code"),
        ("grant_types", ["authorization_code", 1]),
        ("response_types", {}),
        ("client_name", 7),
        ("client_name", ["A"]),
        ("scope", ["openid", 1]),
        ("scope", {"openid": True}),
        ("contacts", "ops@a.example"),
        ("contacts", [None]),
        ("jwks", [{"kty": "RSA"}]),
        ("client_uri", False),
        ("client_name#de", 1),
        ("federated_identities", {}),
        ("federated_identities", ["x"]),
        ("federated_identities", [{"issuer": "x"}]),
        ("federated_identities", [{"issuer": "x", "subject": "y", "more": "z"}]),
        ("federated_identities", [{"issuer": "x", "subject": 1}]),
    ],
)
def test_names_the_member_whose_type_is_wrong(member: str, value: object) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        ClientMetadata.parse({member: value})
    assert caught.value.description.startswith(member)


@pytest.mark.parametrize("value", ["https://a.example/cb", [1], {"0": "https://a.example"}])
def test_redirect_uris_of_the_wrong_type_have_an_error_code_of_their_own(value: object) -> None:
    with pytest.raises(InvalidRedirectUri) as caught:
        ClientMetadata.parse({"redirect_uris": value})
    assert caught.value.description in ("redirect_uris must be an array", "redirect_uris.0 must be a string")


@pytest.mark.parametrize(("sent", "scope"), [("openid email", "openid email"), (["openid", "email"], "openid email"), ([], None)])
def test_scope_may_come_as_an_array_of_strings(sent: object, scope: str | None) -> None:
    assert ClientMetadata.parse({"scope": sent}).scope == scope


@pytest.mark.duty(22)
def test_keeps_members_with_a_language_tag_apart_from_plain_ones() -> None:
    members = ("client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri")
    tagged = {f"{member}#ja-Hani-JP": "名" for member in members}
    metadata = ClientMetadata.parse({"unknown#de": "x", **tagged, "redirect_uris#de": "x"})
    assert metadata.client_name is None
    assert metadata.localized == tagged


@pytest.mark.duty(22)
def test_compares_language_tags_without_case() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        ClientMetadata.parse({"client_name#DE": "A", "client_name#de": "B"})
    assert "client_name#de is given twice" in caught.value.description


@pytest.mark.parametrize(
    "name", ["client_name#", "client_name#d", "client_name#de_AT", "client_name#de-", "redirect_uris#de", "x#de"]
)
def test_ignores_what_only_looks_like_a_language_tag(name: str) -> None:
    assert ClientMetadata.parse({name: "A"}) == ClientMetadata()


def test_refuses_more_languages_than_the_record_has_room_for() -> None:
    names = [f"client_name#aa-{number:02}" for number in range(51)]
    assert len(ClientMetadata.parse(dict.fromkeys(names[:50], "A")).localized) == 50
    with pytest.raises(InvalidClientMetadata):
        ClientMetadata.parse(dict.fromkeys(names, "A"))


@pytest.mark.duty(25)
def test_takes_no_notice_of_an_id_or_secret_that_a_client_chose() -> None:
    chosen = {"client_id": "mine", "client_secret": "mine", "client_secret_expires_at": 0, "registration_access_token": "mine"}
    assert ClientMetadata.parse(chosen) == ClientMetadata()


@pytest.mark.duty(153)
def test_a_repr_shows_no_key_set_and_no_statement() -> None:
    shown = repr(ClientMetadata.parse({"jwks": {"keys": ["k3y"]}, "software_statement": "st4tement"}))
    assert "k3y" not in shown
    assert "st4tement" not in shown
