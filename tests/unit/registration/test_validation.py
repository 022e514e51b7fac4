"""From metadata to what will be registered."""

from typing import Any

import pytest

from shared.errors import InvalidClientMetadata, OAuthError
from shared.registration.client_name import IMPERSONATED
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import GRANT_TYPES, Policy
from shared.registration.registration import Registration
from shared.registration.validation import resolve_registration
from tests.unit.registration.certificates import NOW

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
    assert registered(WEB)._replace(scope="openid").as_metadata()["scope"] == "openid"


def test_a_repr_shows_no_contacts() -> None:
    assert "ops@a.example" not in repr(registered({**WEB, "contacts": ["ops@a.example"]}, Policy(store_contacts=True)))
