"""The bridge's own keys, and the tokens sealed and signed with them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.registration import tokens
from shared.registration.tokens import (
    InitialAccess,
    Key,
    KeyRing,
    RegistrationAccessToken,
    SealedSecret,
    seal_token,
    unseal_token,
)
from shared.settings.registration import read_keys

OLD = Key("old", "an-old-secret-0123456789-0123456789")
NEW = Key("new", "a-new-secret-9876543210-9876543210")
CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
TOKEN = RegistrationAccessToken(CLIENT, 3, 1_795_341_600, SealedSecret("9b8a7c6d-6666-4777-8888-e99900011122", "ex4~secret"))
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
BASE = "https://bridge.example.com"


def test_a_key_has_an_id_and_enough_characters() -> None:
    def read(key_id: str, secret: str) -> None:
        read_keys(json.dumps([{"id": key_id, "secret": secret}]))

    for key_id in ("", "a b", "a.b", "x" * 33, "ü"):
        with pytest.raises(ValueError, match="id"):
            read(key_id, "x" * 32)
    with pytest.raises(ValueError, match="at least 32"):
        read("k", "x" * 31)
    read("x" * 32, "x" * 32)


def test_a_ring_has_keys_with_different_ids() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KeyRing()
    with pytest.raises(ValueError, match="same id"):
        KeyRing(OLD, Key("old", NEW.secret))


@pytest.mark.duty(45)
def test_no_repr_shows_a_secret() -> None:
    shown = repr([OLD, KeyRing(OLD, NEW), TOKEN])
    assert "secret-" not in shown
    assert "ex4~secret" not in shown


def test_one_secret_gives_different_keys_for_different_purposes() -> None:
    assert OLD.derive("a") != OLD.derive("b")
    assert OLD.derive("a") != NEW.derive("a")
    assert len(OLD.derive("a")) == 32


# Registration access tokens


@pytest.mark.parametrize(
    "token", [TOKEN._replace(secret=None), *(TOKEN._replace(secret=SealedSecret("k", "x" * n, n, n)) for n in range(1, 5))]
)
def test_what_is_sealed_can_be_opened(token: RegistrationAccessToken) -> None:
    text = seal_token(token, KeyRing(NEW, OLD))
    assert tokens.is_registration_token(text)
    assert unseal_token(text, KeyRing(NEW, OLD)) == token


def test_a_token_can_be_sent_as_a_bearer_token() -> None:
    text = seal_token(TOKEN, KeyRing(NEW))
    assert text.isascii()
    assert all(char.isalnum() or char in "-._~+/" for char in text)
    assert len(text) < 400


@pytest.mark.duty(69)
def test_a_token_shows_neither_the_client_nor_its_secret() -> None:
    text = seal_token(TOKEN, KeyRing(NEW))
    raw = base64.urlsafe_b64decode(text.rpartition(".")[2] + "==")
    assert CLIENT.encode() not in raw
    assert b"ex4~secret" not in raw
    assert seal_token(TOKEN, KeyRing(NEW)) != text


@pytest.mark.duty(69)
def test_keys_rotate() -> None:
    text = seal_token(TOKEN, KeyRing(OLD))
    assert unseal_token(text, KeyRing(NEW, OLD)) == TOKEN
    assert unseal_token(text, KeyRing(NEW)) is None
    assert seal_token(TOKEN, KeyRing(NEW, OLD)).startswith("dcr1.new.")


@pytest.mark.duty(69)
def test_no_changed_token_opens() -> None:
    text = seal_token(TOKEN, KeyRing(NEW, OLD))
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        changed = text[:place] + other + text[place + 1 :]
        opened = unseal_token(changed, KeyRing(NEW, OLD))
        # The last character of base64 may carry bits that mean nothing.
        assert opened is None or (place == len(text) - 1 and opened == TOKEN)


def test_a_token_with_something_in_between_does_not_open() -> None:
    text = seal_token(TOKEN, KeyRing(NEW))
    for junk in ("%", "\n", " ", "=", "+", "ü"):
        assert unseal_token(text[:-5] + junk + text[-5:], KeyRing(NEW)) is None


def test_tokens_of_earlier_releases_open() -> None:
    text = (
        "dcr1.new.QcrSm5qPKRMu1elfHQKnMSKKipRHWsiQNvPL_uefUv18QLUvw9LGzYn5hi13YkLBcegjAw5bMNWxILFIi232ZYjQDPB"
        "gsYwqnVR-RIzGJJQ58KRLKPE-ZKYLlyxXxbqJy5zMOUzkMetBihfzBUPDF0V1jyZPKc3k1ZP62DCpR77Dtl3kQzINnWVqissPm_L"
        "0GtfM2HCyIvNQ"
    )
    assert unseal_token(text, KeyRing(NEW)) == TOKEN


def test_a_token_under_the_id_of_another_key_does_not_open() -> None:
    text = seal_token(TOKEN, KeyRing(NEW))
    assert unseal_token(text.replace("dcr1.new.", "dcr1.old."), KeyRing(NEW, Key("old", NEW.secret))) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dcr1",
        "dcr1.",
        "dcr1.new",
        "dcr1.new.",
        "dcr1.new.%",
        "dcr1.new.AAAA",
        "dcr1.new.ü",
        "dcr2.new.AAAA",
        ".",
        "new.AAAA",
        "x" * 5000,
    ],
)
def test_what_is_no_token_does_not_open(text: str) -> None:
    assert unseal_token(text, KeyRing(NEW)) is None


@given(st.text(max_size=80))
def test_opening_never_fails_otherwise(text: str) -> None:
    assert unseal_token(f"dcr1.new.{text}", KeyRing(NEW)) is None


@pytest.mark.duty(70)
def test_a_token_has_no_expiry() -> None:
    assert unseal_token(seal_token(TOKEN._replace(sealed_at=0), KeyRing(NEW)), KeyRing(NEW)) == TOKEN._replace(sealed_at=0)


# Initial access tokens

ACCESS = InitialAccess("j1", "partner", "partners", NOW + timedelta(days=30), 5)


def minted(**changes: Any) -> str:
    return tokens.mint_initial_token(ACCESS._replace(**changes), BASE, KeyRing(OLD), NOW)


@pytest.mark.parametrize("most", [5, None])
def test_what_is_minted_is_believed(most: int | None) -> None:
    token = minted(most_clients=most)
    assert tokens.is_initial_token(token)
    assert tokens.verify_initial_token(token, BASE, KeyRing(NEW, OLD), NOW) == ACCESS._replace(most_clients=most)


def test_an_initial_access_token_is_a_jwt_that_clients_leave_as_it_is() -> None:
    header, claims, _ = minted().split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "typ": "dcr-initial+jwt", "kid": "old"}
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"] == int(ACCESS.expires.timestamp())


@pytest.mark.duty(37)
def test_an_initial_access_token_ends() -> None:
    token = minted()
    assert tokens.verify_initial_token(token, BASE, KeyRing(OLD), ACCESS.expires - timedelta(seconds=1))
    assert tokens.verify_initial_token(token, BASE, KeyRing(OLD), ACCESS.expires) is None
    # By the clock that is given, which need not be the machine's.
    later = datetime.now(UTC) + timedelta(days=1000)
    access = ACCESS._replace(expires=later + timedelta(days=1))
    token = tokens.mint_initial_token(access, BASE, KeyRing(OLD), later)
    assert tokens.verify_initial_token(token, BASE, KeyRing(OLD), later)


@pytest.mark.duty(37)
def test_an_initial_access_token_is_for_one_bridge_and_one_key() -> None:
    assert tokens.verify_initial_token(minted(), "https://other.example.com", KeyRing(OLD), NOW) is None
    assert tokens.verify_initial_token(minted(), BASE, KeyRing(NEW), NOW) is None
    assert tokens.verify_initial_token(minted(), BASE, KeyRing(Key("old", NEW.secret)), NOW) is None


@pytest.mark.duty(37)
@pytest.mark.parametrize("text", ["", "a.b.c", "dcr1.x.y", "eyJhbGciOiJub25lIn0.e30."])
def test_other_text_is_no_initial_access_token(text: str) -> None:
    assert not tokens.is_initial_token(text)
    assert tokens.verify_initial_token(text, BASE, KeyRing(OLD), NOW) is None


@pytest.mark.parametrize("missing", ["exp", "jti", "sub", "policy", "iss", "aud"])
def test_an_initial_access_token_says_everything(missing: str) -> None:
    claims = jwt.decode(minted(), options={"verify_signature": False})
    del claims[missing]
    key = OLD.derive("initial access token")
    token = jwt.encode(claims, key, "HS256", headers={"typ": tokens.INITIAL_TYPE, "kid": "old"})
    assert tokens.verify_initial_token(token, BASE, KeyRing(OLD), NOW) is None


def test_an_unsigned_initial_access_token_is_not_believed() -> None:
    claims = jwt.decode(minted(), options={"verify_signature": False})
    token = jwt.encode(claims, "", "none", headers={"typ": tokens.INITIAL_TYPE, "kid": "old"})
    assert tokens.verify_initial_token(token, BASE, KeyRing(OLD), NOW) is None


def test_a_key_that_got_another_id_still_opens_what_it_sealed() -> None:
    """A setting that was a list of keys became one plain text, or the other way round."""
    renamed = Key("renamed", OLD.secret)
    text = seal_token(TOKEN, KeyRing(OLD))
    assert unseal_token(text, KeyRing(NEW, renamed)) == TOKEN
    assert unseal_token(text, KeyRing(NEW)) is None
