"""Public keys of clients: X.509 certificates in a JWK set (RFC 7517 section 4.7)."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import InvalidClientMetadata
from shared.registration.certificates import from_key_credentials, read_jwks, to_key_credential
from tests.unit.registration.certificates import NOW, der, jwk


def refusal(*keys: Any) -> str:
    with pytest.raises(InvalidClientMetadata) as caught:
        read_jwks({"keys": list(keys)}, NOW)
    assert caught.value.description.startswith("jwks")
    return caught.value.description


@pytest.mark.duty(18)
def test_takes_certificates_as_key_credentials() -> None:
    first, second = read_jwks({"keys": [jwk(0, kid="one"), jwk(1)]}, NOW)
    assert to_key_credential(first) == {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(der(0)).decode(),
        "displayName": "one",
        "startDateTime": "2026-11-21T10:00:00Z",
        "endDateTime": "2027-11-22T10:00:00Z",
    }
    assert second.key_id == second.as_jwk()["x5t#S256"]


def test_gives_a_key_back_as_a_full_jwk() -> None:
    (certificate,) = read_jwks({"keys": [jwk(0, kid="one")]}, NOW)
    shown = certificate.as_jwk()
    assert {"kty", "use", "kid", "x5t#S256", "n", "e", "x5c"} == shown.keys()
    assert shown["use"] == "sig"
    assert len(base64.urlsafe_b64decode(shown["n"] + "==")) == 256
    assert (shown["kid"], shown["e"], shown["x5c"]) == ("one", "AQAB", [base64.b64encode(der(0)).decode()])
    assert read_jwks({"keys": [shown]}, NOW) == (certificate,)


def test_reads_key_credentials_back_where_graph_shows_the_key() -> None:
    (certificate,) = read_jwks({"keys": [jwk(0, kid="one")]}, NOW)
    credential = to_key_credential(certificate)
    assert from_key_credentials([credential]) == (certificate,)
    assert from_key_credentials([{**credential, "key": None}]) == ()
    assert from_key_credentials([{**credential, "usage": "Sign"}]) == ()
    for kind in ("ec", "ed25519"):
        administrators = base64.b64encode(der(3, kind=kind)).decode()
        assert from_key_credentials([{**credential, "key": administrators}, credential]) == (certificate,)
    (unnamed,) = from_key_credentials([{**credential, "displayName": None}])
    assert unnamed.key_id == certificate.as_jwk()["x5t#S256"]


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": {}}, {"keys": {"kty": "RSA"}}, {"keys": "x"}, {"keys": None}])
def test_refuses_a_set_without_keys(jwks: dict[str, Any]) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        read_jwks(jwks, NOW)
    assert "array of at least one key" in caught.value.description


@pytest.mark.parametrize("key", [None, "x", {}, {"kty": "EC"}, {"kty": "oct", "k": "c2VjcmV0"}])
def test_refuses_keys_that_are_not_rsa(key: object) -> None:
    assert "not an RSA key" in refusal(key)


@pytest.mark.parametrize("private", ["d", "p", "q", "dp", "dq", "qi", "k", "oth"])
def test_refuses_a_private_key(private: str) -> None:
    assert "private key" in refusal(jwk(0, **{private: "x"}))


@pytest.mark.duty(18)
@pytest.mark.parametrize("chain", [None, [], "x", [1]])
def test_refuses_a_key_without_a_certificate(chain: object) -> None:
    assert "without x5c" in refusal(jwk(0, x5c=chain))


@pytest.mark.parametrize(
    "entry", ["%%%", "AAAA", "", base64.b64encode(der(0)).decode()[:76] + "\n" + base64.b64encode(der(0)).decode()[76:]]
)
def test_refuses_an_entry_that_is_not_a_certificate(entry: str) -> None:
    assert "not an X.509 certificate" in refusal(jwk(0, x5c=[entry]))


def test_refuses_keys_that_entra_does_not_verify_with() -> None:
    for weak in (der(2, 1024), der(3, kind="ec"), der(3, kind="ed25519")):
        assert "2048 bits" in refusal(jwk(0, x5c=[base64.b64encode(weak).decode()]))


def test_refuses_a_certificate_of_another_key() -> None:
    shown = read_jwks({"keys": [jwk(0)]}, NOW)[0].as_jwk()
    other = base64.b64encode(der(1)).decode()
    assert "not the certificate of its key" in refusal({**shown, "x5c": [other]})
    assert "not the certificate of its key" in refusal(jwk(0, e="Aw"))


def test_refuses_a_certificate_that_is_over() -> None:
    assert "no longer valid" in refusal(jwk(0, x5c=[base64.b64encode(der(4, days=0)).decode()]))
    (certificate,) = read_jwks({"keys": [jwk(0)]}, NOW)
    assert read_jwks({"keys": [jwk(0)]}, certificate.parsed.not_valid_after_utc - timedelta(seconds=1))
    with pytest.raises(InvalidClientMetadata):
        read_jwks({"keys": [jwk(0)]}, certificate.parsed.not_valid_after_utc)


@pytest.mark.parametrize("key_id", ["", "x" * 91, 7, "ü", "a\nb"])
def test_refuses_a_key_id_that_the_directory_cannot_keep(key_id: object) -> None:
    assert "kid" in refusal(jwk(0, kid=key_id))


def test_takes_a_key_id_as_long_as_the_directory_keeps() -> None:
    for key_id in ("x", "x" * 90):
        assert read_jwks({"keys": [jwk(0, kid=key_id)]}, NOW)[0].key_id == key_id


def test_refuses_the_same_certificate_twice() -> None:
    assert "twice" in refusal(jwk(0, kid="one"), jwk(0, kid="two"))


def test_takes_ten_keys_and_no_more() -> None:
    assert "more than 10" in refusal(*[jwk(0)] * 11)
    assert "twice" in refusal(*[jwk(0)] * 10)


def test_a_repr_shows_no_certificate() -> None:
    assert "der" not in repr(read_jwks({"keys": [jwk(0)]}, NOW)[0])
