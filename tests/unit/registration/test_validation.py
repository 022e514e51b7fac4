"""From metadata to what will be registered."""

from dataclasses import replace
from typing import Any

import pytest

from shared.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from shared.registration.client_name import IMPERSONATED
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import GRANT_TYPES, Policy
from shared.registration.registration import Registration
from shared.registration.validation import resolve_registration
from tests.unit.registration.certificates import NOW, jwk

WEB: dict[str, Any] = {"client_name": "Orders", "redirect_uris": ["https://a.example/cb"]}
ANY = Policy(grant_types=GRANT_TYPES)


def registered(sent: dict[str, Any], policy: Policy = ANY, impersonated: tuple[str, ...] = IMPERSONATED) -> Registration:
    return resolve_registration(ClientMetadata.parse(sent), policy, NOW, impersonated)


def shown(sent: dict[str, Any], policy: Policy = ANY) -> dict[str, Any]:
    return registered(sent, policy).as_metadata()


def refusal(sent: dict[str, Any], policy: Policy = ANY, error: type[OAuthError] = InvalidClientMetadata) -> str:
    with pytest.raises(error) as caught:
        registered(sent, policy)
    return caught.value.description


@pytest.mark.duty(12, 13, 29, 52)
def test_defaults_are_part_of_what_is_registered() -> None:
    assert shown({"redirect_uris": ["https://a.example/cb"]}) == {
        "client_name": "Unnamed client",
        "application_type": "web",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": ["https://a.example/cb"],
    }


@pytest.mark.duty(53)
def test_arrays_are_arrays_and_nothing_is_null() -> None:
    everything = shown(
        {
            **WEB,
            "client_uri": "https://a.example",
            "post_logout_redirect_uris": ["https://a.example/cb"],
            "frontchannel_logout_uri": "https://a.example/out",
            "software_id": "s",
            "software_version": "1",
            "client_name#de": "Aufträge",
        }
    )
    assert None not in everything.values()
    assert all(isinstance(everything[name], list) for name in everything if name.endswith(("_uris", "_types")))
    assert everything["client_name#de"] == "Aufträge"
    assert everything["frontchannel_logout_uri"] == "https://a.example/out"


def test_a_service_needs_no_redirect_uri() -> None:
    registration = registered({"grant_types": ["client_credentials"]}, Policy(store_contacts=True))
    empty: tuple[object, ...] = ()
    assert registration.redirect_uris == empty
    assert registration.contacts == empty
    assert registration.certificates == empty
    assert registration.federated_identities == empty
    assert registration.post_logout_redirect_uris == empty


def test_uris_come_back_platform_by_platform() -> None:
    sent = {"application_type": "browser", "redirect_uris": ["com.example.app:/cb", "https://a.example/1", "https://a.example/2"]}
    assert shown(sent)["redirect_uris"] == ["https://a.example/1", "https://a.example/2", "com.example.app:/cb"]


# Names


def test_a_prefix_of_the_policy_becomes_part_of_the_name() -> None:
    policy = Policy(name_prefix="api-")
    assert registered(WEB, policy).client_name == "api-Orders"
    assert registered({**WEB, "client_name": "api-Orders"}, policy).client_name == "api-Orders"
    assert registered({"redirect_uris": WEB["redirect_uris"]}, policy).client_name == "api-Unnamed client"


@pytest.mark.duty(33)
def test_the_prefix_counts_towards_the_length_of_a_name() -> None:
    policy = Policy(name_prefix="api-")
    assert registered({**WEB, "client_name": "x" * 116}, policy).client_name == "api-" + "x" * 116
    assert "longer than 116" in refusal({**WEB, "client_name": "x" * 117}, policy)
    assert refusal({**WEB, "client_name": " "}) == "client_name is blank"


@pytest.mark.duty(22, 23)
def test_names_in_other_languages_obey_the_same_rules() -> None:
    assert "client_name#de is blank" in refusal({**WEB, "client_name#de": " "})
    assert "client_name#de reads like" in refusal({**WEB, "client_name#de": "Microsoft"})
    with pytest.raises(InvalidClientMetadata):
        registered({**WEB, "client_name": "Contoso pay"}, impersonated=("Contoso",))
    with pytest.raises(InvalidClientMetadata):
        registered({**WEB, "client_name#de": "Contoso pay"}, impersonated=("Contoso",))
    assert registered({**WEB, "client_name": "Microsoft"}, impersonated=("Contoso",)).client_name == "Microsoft"


@pytest.mark.duty(22)
def test_a_name_with_a_language_tag_does_not_take_the_place_of_the_plain_one() -> None:
    assert shown({"redirect_uris": WEB["redirect_uris"], "client_name#en": "Orders"})["client_name"] == "Unnamed client"


# URLs


@pytest.mark.parametrize("name", ["SAP to Office 365 calendar sync", "Backup for Microsoft 365", "Entra ID group sync"])
def test_a_trusted_caller_may_name_a_client_after_what_it_works_with(name: str) -> None:
    trusted = Policy(protect_names=False)
    assert shown({**WEB, "client_name": name, "client_name#de": name}, trusted)["client_name"] == name
    for policy in (ANY, Policy(protect_names=True)):
        assert refusal({**WEB, "client_name": name}, policy).startswith("client_name")
        assert refusal({**WEB, "client_name#de": name}, policy).startswith("client_name#de")


def test_names_that_the_operator_forbade_are_forbidden_to_all() -> None:
    metadata = ClientMetadata.parse({**WEB, "client_name": "Contoso Bank login"})
    with pytest.raises(InvalidClientMetadata):
        resolve_registration(metadata, Policy(protect_names=False), NOW, (*IMPERSONATED, "Contoso Bank"))


@pytest.mark.duty(24)
@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "tos_uri", "policy_uri", "logo_uri#de"])
def test_urls_that_people_see_are_http_or_https(member: str) -> None:
    for good in ("https://a.example", "http://a.example/x?y=z#top", "https://[2001:db8::1]/", "https://a.example/!$'()*,;"):
        assert shown({**WEB, member: good})[member] == good
    for bad in (
        "a.example",
        "javascript:alert(1)",
        "data:x",
        "ftp://a.example",
        "https://",
        "https://u@a.example",
        "https://a b",
    ):
        assert refusal({**WEB, member: bad}).startswith(member)


@pytest.mark.duty(24)
def test_a_url_has_255_characters_and_no_more() -> None:
    stem = "https://a.example/"
    assert shown({**WEB, "logo_uri": stem + "x" * (255 - len(stem))})["logo_uri"]
    assert "longer than 255" in refusal({**WEB, "logo_uri": stem + "x" * (256 - len(stem))})


def test_an_empty_url_with_a_language_tag_is_left_out() -> None:
    assert "logo_uri#de" not in shown({**WEB, "logo_uri#de": ""})


@pytest.mark.duty(24)
@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "tos_uri", "policy_uri", "tos_uri#de"])
def test_a_policy_may_bind_urls_to_the_hosts_of_redirect_uris(member: str) -> None:
    policy = Policy(urls_elsewhere="refuse")
    sent = {**WEB, "redirect_uris": ["https://a.example/cb", "http://localhost/cb"], "client_name#de": "Aufträge"}
    for good in ("https://a.example/x", "https://A.EXAMPLE/x", "http://localhost:99/x"):
        assert shown({**sent, member: good}, policy)[member] == good
    for bad in ("https://b.example/", "http://a.example/", "https://x.a.example/"):
        assert refusal({**sent, member: bad}, policy).startswith(member)
        assert member not in shown({**sent, member: bad}, Policy(urls_elsewhere="drop"))
        assert shown({**sent, member: bad})[member] == bad


@pytest.mark.duty(52)
@pytest.mark.parametrize("uri", ["http://a.example/out", "https://a.example/out#x"])
def test_a_logout_url_that_entra_does_not_take_is_left_out(uri: str) -> None:
    assert shown({**WEB, "frontchannel_logout_uri": uri}) == shown(WEB)


def test_a_logout_url_is_a_web_url() -> None:
    assert refusal({**WEB, "frontchannel_logout_uri": "out"}) == "frontchannel_logout_uri is not an http or https URL"


@pytest.mark.duty(52)
def test_only_redirect_uris_are_targets_after_a_logout() -> None:
    sent = {**WEB, "post_logout_redirect_uris": ["https://a.example/cb", "https://a.example/bye", "https://a.example/cb"]}
    assert shown(sent)["post_logout_redirect_uris"] == ["https://a.example/cb"]
    assert "post_logout_redirect_uris" not in shown({**WEB, "post_logout_redirect_uris": ["https://a.example/bye"]})


# Contacts


@pytest.mark.duty(153)
def test_contacts_are_left_out_unless_the_operator_wants_them() -> None:
    sent = {**WEB, "contacts": ["ops@a.example", "ops@a.example", "dev@a.example"]}
    assert "contacts" not in shown(sent)
    assert shown(sent, Policy(store_contacts=True))["contacts"] == ["ops@a.example", "dev@a.example"]


@pytest.mark.parametrize(
    "contact", ["", "ops", "@a", "a@", "a b@c.example", "a@b@c", "<a@b.example>", "a@b.example\x00", "a@" + "b" * 254]
)
def test_contacts_are_e_mail_addresses(contact: str) -> None:
    policy = Policy(store_contacts=True)
    assert "contacts" in refusal({**WEB, "contacts": [contact]}, policy)
    assert "contacts" in refusal({**WEB, "contacts": ["ops@a.example", contact]}, policy)


def test_contacts_are_ten_at_most_and_255_characters_long() -> None:
    policy = Policy(store_contacts=True)
    ten = [f"c{number}@a.example" for number in range(10)]
    assert shown({**WEB, "contacts": ten}, policy)["contacts"] == ten
    assert "more than 10" in refusal({**WEB, "contacts": [*ten, "x@a.example"]}, policy)
    assert shown({**WEB, "contacts": ["a@" + "b" * 253]}, policy)["contacts"]


def test_a_repr_shows_no_statement() -> None:
    assert "st4tement" not in repr(registered({**WEB, "software_statement": "st4tement"}))


def test_a_scope_that_was_chosen_is_shown() -> None:
    assert replace(registered(WEB), scope="openid").as_metadata()["scope"] == "openid"


def test_a_repr_shows_no_contacts() -> None:
    assert "ops@a.example" not in repr(registered({**WEB, "contacts": ["ops@a.example"]}, Policy(store_contacts=True)))


# Keys


@pytest.mark.duty(17)
def test_jwks_and_jwks_uri_exclude_each_other() -> None:
    both = {**WEB, "jwks": {"keys": [jwk()]}, "jwks_uri": "https://a.example/keys"}
    assert refusal(both) == "jwks and jwks_uri are both given"
    assert refusal({**both, "token_endpoint_auth_method": "private_key_jwt"}) == "jwks and jwks_uri are both given"


@pytest.mark.duty(18)
def test_private_key_jwt_needs_certificates() -> None:
    sent = {**WEB, "token_endpoint_auth_method": "private_key_jwt"}
    assert "private_key_jwt needs jwks" in refusal(sent)
    (key,) = shown({**sent, "jwks": {"keys": [jwk(0, kid="one")]}})["jwks"]["keys"]
    assert (key["kid"], key["x5c"]) == ("one", jwk(0)["x5c"])


@pytest.mark.duty(18)
def test_jwks_uri_is_refused_where_it_would_be_needed() -> None:
    sent = {**WEB, "jwks_uri": "https://a.example/keys"}
    assert "jwks_uri cannot be used" in refusal({**sent, "token_endpoint_auth_method": "private_key_jwt"})
    for method in ("client_secret_basic", "client_secret_post", "none"):
        assert "jwks_uri" not in shown({**sent, "token_endpoint_auth_method": method})
    assert registered(sent).certificates == ()


def test_keys_are_left_out_where_nothing_is_verified_with_them() -> None:
    assert registered({**WEB, "jwks": {"keys": [{"kty": "EC"}]}}).certificates == ()


# Federated identities

IDENTITY = {"issuer": "https://token.actions.example", "subject": "repo:acme/orders:ref:refs/heads/main"}
TRUSTING = Policy(federated_issuers=frozenset({"https://token.actions.example"}))
KEYLESS = {**WEB, "token_endpoint_auth_method": "private_key_jwt"}


def test_a_federated_identity_stands_in_for_keys() -> None:
    full = {**IDENTITY, "audience": "api://AzureADTokenExchange"}
    assert shown({**KEYLESS, "federated_identities": [IDENTITY]}, TRUSTING)["federated_identities"] == [full]
    assert (
        shown({**KEYLESS, "federated_identities": [{**IDENTITY, "audience": "x"}]}, TRUSTING)["federated_identities"][0][
            "audience"
        ]
        == "x"
    )


def test_a_federated_identity_needs_an_issuer_that_the_policy_names() -> None:
    assert "issuer that is not allowed" in refusal({**KEYLESS, "federated_identities": [IDENTITY]})
    other = {**IDENTITY, "issuer": "https://token.actions.example/"}
    assert "issuer that is not allowed" in refusal({**KEYLESS, "federated_identities": [other]}, TRUSTING)


def test_a_federated_identity_needs_private_key_jwt() -> None:
    assert "private_key_jwt" in refusal({**WEB, "federated_identities": [IDENTITY]}, TRUSTING)
    assert shown({**WEB, "federated_identities": []}, TRUSTING)


@pytest.mark.parametrize("member", ["subject", "audience"])
def test_a_federated_identity_is_plain_text_of_bounded_length(member: str) -> None:
    good = {**IDENTITY, member: "x" * 600}
    assert shown({**KEYLESS, "federated_identities": [good]}, TRUSTING)
    for bad in ("", "x" * 601, "a*", "a\nb"):
        assert "federated_identities" in refusal({**KEYLESS, "federated_identities": [{**IDENTITY, member: bad}]}, TRUSTING)


def test_federated_identities_are_twenty_at_most_and_none_twice() -> None:
    many = [{**IDENTITY, "subject": str(number)} for number in range(21)]
    assert "more than 20" in refusal({**KEYLESS, "federated_identities": many}, TRUSTING)
    assert len(shown({**KEYLESS, "federated_identities": many[:20]}, TRUSTING)["federated_identities"]) == 20
    twice = [IDENTITY, {**IDENTITY, "audience": "x"}]
    assert "twice" in refusal({**KEYLESS, "federated_identities": twice}, TRUSTING)


# Software


@pytest.mark.parametrize("member", ["software_id", "software_version"])
def test_software_members_are_printable_text_of_bounded_length(member: str) -> None:
    assert shown({**WEB, member: "x" * 255})[member] == "x" * 255
    for bad in ("x" * 256, "a\nb", "\u202e"):
        assert refusal({**WEB, member: bad}).startswith(member)


def test_a_software_statement_has_4096_characters_and_no_more() -> None:
    assert registered({**WEB, "software_statement": "x" * 4096}).software_statement == "x" * 4096
    assert refusal({**WEB, "software_statement": "x" * 4097}).startswith("software_statement")


# The order of errors


def test_redirect_uris_have_their_own_error_code() -> None:
    assert refusal({"redirect_uris": []}, error=InvalidRedirectUri)
    assert refusal({"redirect_uris": ["http://a.example"]}, error=InvalidRedirectUri)


def test_more_redirect_uris_than_the_policy_allows_are_refused() -> None:
    many = [f"https://a.example/{number}" for number in range(51)]
    assert refusal({"redirect_uris": many}, error=InvalidRedirectUri)
    assert shown({"redirect_uris": many[:50]})


def test_a_client_with_keys_and_no_method_uses_them_where_secrets_are_not_allowed() -> None:
    policy = Policy(auth_methods=frozenset({"private_key_jwt", "none"}))
    keyed = registered({**WEB, "jwks": {"keys": [jwk()]}}, policy)
    assert keyed.token_endpoint_auth_method == "private_key_jwt"
    assert keyed.certificates
    assert registered(WEB, policy).token_endpoint_auth_method == "none"
