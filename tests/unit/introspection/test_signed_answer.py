"""Signed answers: RFC 9701, verified by PyJWT with the keys that the bridge publishes."""

import json
from copy import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.introspection.endpoint import Introspection
from shared.introspection.signed_answer import SIGNED_ANSWER, read_signing_key, wants_signed_answer
from tests.unit.introspection.authority import ec_key, rsa_key
from tests.unit.introspection.deployment import GATEWAY, NOW, configuration, introspect_request, introspection
from tests.unit.introspection.tokens import make_token

BRIDGE = "https://bridge.example"


def pem(key: Any) -> str:
    encoded: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()


@pytest.fixture(scope="module")
def deployed() -> Introspection:
    usual = configuration()
    keys = (pem(ec_key("answers")), pem(ec_key("answers-next")))
    return introspection(replace(usual, signing_keys=keys, options=replace(usual.options, issuer=BRIDGE)))


def verified(deployed: Introspection, text: bytes) -> dict[str, Any]:
    assert deployed.signer is not None
    header = jwt.get_unverified_header(text.decode())
    key = next(key for key in deployed.signer.key_set()["keys"] if key["kid"] == header["kid"])
    claims: dict[str, Any] = jwt.decode(
        text, jwt.PyJWK(dict(key)), algorithms=["ES256"], audience=GATEWAY, issuer=BRIDGE, options={"verify_iat": False}
    )
    assert header["typ"] == "token-introspection+jwt"
    return claims


@pytest.mark.duty(120)
def test_signs_the_answer_for_a_caller_that_accepts_it(deployed: Introspection) -> None:
    """RFC 9701 sections 4 and 5: iss, aud, iat, the answer inside, and neither sub nor exp outside."""
    token = make_token({}, NOW)
    for _ in range(3):
        answer = deployed.handle(introspect_request(token, accept=SIGNED_ANSWER), NOW)
        assert answer.headers["Content-Type"] == SIGNED_ANSWER
        assert answer.headers["Cache-Control"] == "no-store"
        claims = verified(deployed, answer.body)
        assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
        assert claims["iat"] == int(NOW)
        assert claims["token_introspection"] == json.loads(deployed.handle(introspect_request(token), NOW).body)


@pytest.mark.duty(120, 103)
def test_a_signed_inactive_answer_holds_active_alone(deployed: Introspection) -> None:
    """RFC 9701 section 5."""
    answer = deployed.handle(introspect_request("nonsense", accept=SIGNED_ANSWER), NOW)
    assert verified(deployed, answer.body)["token_introspection"] == {"active": False}


@pytest.mark.duty(120)
def test_answers_plain_json_without_a_key() -> None:
    """A media type that can't be had is no error (RFC 9110 section 12.4.1)."""
    answer = introspection().handle(introspect_request(make_token({}, NOW), accept=SIGNED_ANSWER), NOW)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        (SIGNED_ANSWER, True),
        ("Application/Token-Introspection+JWT", True),
        (f"application/json, {SIGNED_ANSWER};q=0.5", True),
        (f"{SIGNED_ANSWER} ; q=0", False),
        (f"{SIGNED_ANSWER};q=0.000", False),
        (f"{SIGNED_ANSWER}x", False),
    ],
)
def test_reads_the_accept_header(accept: str | None, wanted: bool) -> None:
    """RFC 9110 section 12.5.1: only a caller that names the type gets it."""
    assert wants_signed_answer(accept) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        pem(rsa_key("current")),
        pem(ec.generate_private_key(ec.SECP384R1())),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "é",
    ],
    ids=["nonsense", "RSA", "P-384", "broken", "not ASCII"],
)
def test_refuses_a_key_that_cannot_sign_es256_without_repeating_it(text: str) -> None:
    """RFC 7518 section 3.4."""
    with pytest.raises(ValueError, match="signing key") as caught:
        read_signing_key(text)
    assert text[-20:] not in str(caught.value)


def test_reads_a_key_whose_line_breaks_are_escaped() -> None:
    """As it comes out of an app setting on one line."""
    key = ec_key("answers")
    assert read_signing_key(pem(key).replace("\n", "\\n")).key_id == read_signing_key(pem(key)).key_id
