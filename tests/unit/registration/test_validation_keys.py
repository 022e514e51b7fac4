"""The rules for keys, federated identities and software."""

import pytest

from shared.errors import InvalidRedirectUri
from shared.registration.policy import Policy
from tests.unit.registration.certificates import jwk
from tests.unit.registration.test_validation import WEB, refusal, registered, shown

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
