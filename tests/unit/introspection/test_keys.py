"""Which keys of a JWK set may verify an access token."""

import pytest

from shared.http.documents import UnusableDocument
from shared.introspection.keys import fits_issuer, read_key_set
from tests.unit.introspection.authority import CONSUMER_TENANT, TENANT, ec_jwk, jwk, rsa_key, unsigned

HOST = "https://login.microsoftonline.com"
ISSUER = f"{HOST}/{TENANT}/v2.0"
CLOUD = "microsoftonline.com"


def usable(*keys: object) -> set[str]:
    return set(read_key_set({"keys": [jwk("sound"), *keys]}, ISSUER, TENANT, CLOUD)) - {"sound"}


@pytest.mark.parametrize(
    "members",
    [{}, {"use": None}, {"alg": "RS256"}, {"key_ops": ["verify"]}, {"x5c": ["AAAA"]}, {"unknown": {"nested": 1}}],
    ids=str,
)
def test_takes_rsa_keys_for_signatures(members: dict[str, object]) -> None:
    """RFC 7517 section 4: Entra's keys have use sig and no alg."""
    assert usable(jwk("current", members)) == {"current"}


@pytest.mark.duty(110, 108)
@pytest.mark.parametrize(
    "members",
    [
        {"kty": "EC"},
        {"kty": "oct"},
        {"kty": None},
        {"use": "enc"},
        {"use": 1},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": "HS256"},
        {"key_ops": ["encrypt"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"kid": "k" * 129},
        {"n": None},
        {"n": ""},
        {"n": 7},
        {"n": "é"},
        {"n": "AQAB"},
        {"n": "===="},
        {"n": unsigned(rsa_key("current").public_key().public_numbers().n + 1)},
        {"n": unsigned((1 << 8193) + 1)},
        {"e": None},
        {"e": "Aw"},
        {"e": "AQ"},
        {"e": "AQAC"},
        {"e": unsigned((1 << 32) + 1)},
    ],
    ids=lambda members: str(members)[:60],
)
def test_e26_never_uses_a_key_that_is_not_for_rs256(members: dict[str, object]) -> None:
    """RFC 7517 section 4, RFC 7518 section 3.3 and 6.3: kind, use, algorithm, size, exponent, encoding."""
    assert usable(jwk("current", members)) == set()


@pytest.mark.duty(110)
@pytest.mark.parametrize("name", ["small", "cubic"])
def test_e26_never_uses_a_weak_key(name: str) -> None:
    """RFC 7518 section 3.3: at least 2048 bits; exponent 3 has a history of forgeries."""
    assert usable(jwk(name)) == set()


def test_e26_never_uses_keys_of_other_kinds_or_a_kid_that_is_there_twice() -> None:
    """Which of the two signed can't be told; three are no better than two."""
    assert usable(ec_jwk("elliptic"), {"kty": "oct", "kid": "symmetric", "k": "AAAA"}, "text", None, [], 7) == set()
    twins = [jwk("twin", None, name) for name in ("first", "second", "third")]
    assert usable(*twins[:2]) == set()
    assert usable(*twins) == set()


def test_an_equal_entry_that_is_listed_twice_counts_once() -> None:
    """Nothing is ambiguous about it; a third entry that differs makes it so, wherever it stands."""
    twin, other = jwk("twin"), jwk("twin", None, "second")
    assert usable(twin, dict(twin)) == {"twin"}
    for entries in ((twin, twin, other), (twin, other, twin), (other, twin, twin), (twin, other, twin, twin)):
        assert usable(*entries) == set()
    assert usable(twin, {**twin, "issuer": "https://elsewhere.example/"}) == set()


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"keys": None},
        {"keys": {}},
        {"keys": []},
        {"keys": [ec_jwk("elliptic")]},
        {"keys": [{"kid": str(index)} for index in range(101)]},
        "<html></html>",
    ],
    ids=lambda document: str(document)[:40],
)
def test_a_document_without_a_usable_key_is_a_failure(document: object) -> None:
    """So that the last good set stays in use."""
    with pytest.raises(UnusableDocument):
        read_key_set(document, ISSUER, TENANT, CLOUD)


@pytest.mark.duty(111)
@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ({}, True),
        ({"issuer": ISSUER}, True),
        ({"issuer": HOST + "/{tenantid}/v2.0"}, True),
        ({"issuer": f"{HOST}/{CONSUMER_TENANT}/v2.0"}, False),
        ({"issuer": "https://login.microsoftonline.us/{tenantid}/v2.0"}, False),
        ({"issuer": ISSUER + "/"}, False),
        ({"issuer": ISSUER.upper()}, False),
        ({"issuer": ""}, False),
        ({"issuer": ["x"]}, False),
        ({"cloud_instance_name": CLOUD}, True),
        ({"cloud_instance_name": "microsoftonline.us"}, False),
        ({"cloud_instance_name": None}, True),
    ],
    ids=str,
)
def test_a_key_fits_only_the_issuer_and_cloud_that_it_is_published_for(members: dict[str, object], fits: bool) -> None:
    """Microsoft, access tokens, "Validate the signing key issuer": the pattern of the 2023 consumer key forgeries."""
    assert fits_issuer(members, ISSUER, TENANT, CLOUD) is fits
