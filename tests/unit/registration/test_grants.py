"""Grant types and response types (RFC 7591 sections 2 and 2.1)."""

import pytest

from shared.errors import InvalidClientMetadata
from shared.registration.client_type import choose_grants, uses_redirects
from shared.registration.policy import DEVICE_CODE, GRANT_TYPES, JWT_BEARER, Policy

DEFAULT = Policy()
ALL = Policy(grant_types=GRANT_TYPES)
DROPPING = Policy(unsupported_grants="drop")


@pytest.mark.duty(13)
@pytest.mark.parametrize("absent", [None, ()])
def test_without_either_member_the_code_grant_is_registered(absent: tuple[str, ...] | None) -> None:
    assert choose_grants(absent, absent, DEFAULT) == (("authorization_code",), ("code",))


@pytest.mark.duty(14)
@pytest.mark.parametrize(
    ("grants", "responses"),
    [
        (("authorization_code",), ("code",)),
        (("authorization_code", "refresh_token"), ("code",)),
        (("implicit",), ("id_token", "token")),
        (("authorization_code", "implicit"), ("code", "id_token", "token")),
        (("client_credentials",), ()),
        ((DEVICE_CODE, "refresh_token"), ()),
        ((JWT_BEARER,), ()),
    ],
)
def test_response_types_follow_from_grant_types_where_they_are_left_out(
    grants: tuple[str, ...], responses: tuple[str, ...]
) -> None:
    assert choose_grants(grants, None, ALL) == (grants, responses)


@pytest.mark.duty(14)
@pytest.mark.parametrize(
    ("responses", "grants"),
    [
        (("code",), ("authorization_code",)),
        (("token",), ("implicit",)),
        (("id_token",), ("implicit",)),
        (("code id_token",), ("authorization_code", "implicit")),
        (("code", "id_token token"), ("authorization_code", "implicit")),
    ],
)
def test_grant_types_follow_from_response_types_where_they_are_left_out(
    responses: tuple[str, ...], grants: tuple[str, ...]
) -> None:
    assert choose_grants(None, responses, ALL) == (grants, responses)


@pytest.mark.duty(14)
@pytest.mark.parametrize(
    ("grants", "responses", "named"),
    [
        (("authorization_code",), ("token",), "response_types needs the grant type implicit"),
        (("authorization_code",), ("code", "id_token"), "response_types needs the grant type implicit"),
        (("implicit",), ("code",), "response_types needs the grant type authorization_code"),
        (("authorization_code", "implicit"), ("code",), "grant_types has implicit"),
        (("authorization_code", "implicit"), ("token",), "grant_types has authorization_code"),
    ],
)
def test_grant_and_response_types_that_contradict_each_other_are_refused(
    grants: tuple[str, ...], responses: tuple[str, ...], named: str
) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(grants, responses, ALL)
    assert named in caught.value.description


def test_response_types_mean_nothing_without_a_redirect_grant() -> None:
    # WSO2's Keycloak connector sends "token" with client_credentials.
    assert choose_grants(("client_credentials",), ("token",), DEFAULT) == (("client_credentials",), ())


def test_each_value_is_registered_once_and_in_the_order_asked_for() -> None:
    grants, responses = choose_grants(("refresh_token", "authorization_code", "refresh_token"), ("code", "code"), DEFAULT)
    assert grants == ("refresh_token", "authorization_code")
    assert responses == ("code",)


@pytest.mark.parametrize("response", ["id_token code", "code id_token"])
def test_the_parts_of_a_response_type_have_no_order(response: str) -> None:
    assert choose_grants(None, (response,), ALL)[1] == ("code id_token",)
    assert choose_grants(None, (f"token {response}",), ALL)[1] == ("code id_token token",)


def test_authorization_code_and_implicit_alone_redirect() -> None:
    assert [grant for grant in sorted(GRANT_TYPES) if uses_redirects((grant, "refresh_token"))] == [
        "authorization_code",
        "implicit",
    ]
    assert not uses_redirects(())


@pytest.mark.parametrize("response", ["codes", "", "code  token", "code code", "none"])
def test_an_unknown_response_type_is_refused(response: str) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(None, (response,), ALL)
    assert caught.value.description.startswith("response_types")


@pytest.mark.duty(15)
def test_implicit_is_refused_unless_a_policy_allows_it() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(("authorization_code", "implicit"), None, DEFAULT)
    assert "grant_types has implicit, which is not allowed" in caught.value.description
    assert "authorization_code, client_credentials, refresh_token" in caught.value.description
    assert choose_grants(("implicit",), None, ALL)[0] == ("implicit",)


@pytest.mark.duty(16)
def test_the_password_grant_is_refused_by_name() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(("authorization_code", "password"), None, ALL)
    assert "password" in caught.value.description


@pytest.mark.duty(16)
def test_a_policy_may_drop_grants_that_it_does_not_allow() -> None:
    asked = ("authorization_code", "implicit", "refresh_token", "password", "client_credentials", "bearer")
    grants, responses = choose_grants(asked, ("code", "token", "id_token", "code id_token"), DROPPING)
    assert grants == ("authorization_code", "refresh_token", "client_credentials")
    assert responses == ("code",)


def test_dropping_everything_but_a_refresh_token_is_a_refusal() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(("password", "refresh_token"), None, DROPPING)
    assert "grant_types has password" in caught.value.description


def test_a_refresh_token_alone_is_refused() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(("refresh_token",), None, DEFAULT)
    assert "no grant that yields a refresh token" in caught.value.description


def test_a_long_unknown_grant_is_cut_short_in_the_answer() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants(("x" * 1000,), None, DEFAULT)
    assert "x" * len(DEVICE_CODE) + "..." in caught.value.description
    assert "x" * (len(DEVICE_CODE) + 1) not in caught.value.description
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_grants((DEVICE_CODE,), None, DEFAULT)
    assert f"grant_types has {DEVICE_CODE}, which" in caught.value.description


def test_a_contradiction_does_not_vanish_by_dropping_another_grant() -> None:
    with pytest.raises(InvalidClientMetadata):
        choose_grants(("authorization_code", "password"), ("code", "token"), DROPPING)
