"""Software statements: RFC 7591 sections 2.3, 3.1.1 and 3.2.2."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from shared.registration.configuration import StatementIssuer
from shared.registration.policy import Policy
from tests.functional.registration.bridge import WEB, Bridge, Json, assert_error, bearer, content

type Make = Callable[..., Bridge]
ISSUER = "https://directory.example"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(name: str, **members: Any) -> Json:
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key())), **members}


def statement(claims: Json, *, name: str = "one", kid: str | None = "one", algorithm: str = "RS256") -> str:
    headers = {"kid": kid} if kid else {}
    return jwt.encode({"iss": ISSUER, **claims}, key(name), algorithm=algorithm, headers=headers)


@pytest.fixture
def trusting(make: Make) -> Bridge:
    elliptic_key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(elliptic().public_key()))
    keys = {"keys": [{**elliptic_key, "kid": "ec"}, public("one", kid="one"), public("two")]}
    return make(statement_issuers=(StatementIssuer(ISSUER, keys),))


@pytest.mark.duty(27)
def test_the_claims_of_a_statement_win_over_plain_members_and_it_comes_back_unmodified(trusting: Bridge) -> None:
    sent = statement(
        {
            "client_name": "Certified",
            "software_id": "s-1",
            "redirect_uris": ["https://certified.example/cb"],
            "software_statement": "x",
        }
    )
    client = trusting.register({**WEB, "software_statement": sent, "software_version": "7"})
    assert client["client_name"] == "Certified"
    assert client["redirect_uris"] == ["https://certified.example/cb"]
    assert (client["software_id"], client["software_version"]) == ("s-1", "7")
    assert client["software_statement"] == sent
    read = content(trusting.call("GET", client["client_id"], authorization=bearer(client)))
    assert read["software_statement"] == sent


@pytest.mark.duty(27)
def test_keys_without_an_id_and_other_algorithms_serve_too(trusting: Bridge) -> None:
    assert trusting.register({**WEB, "software_statement": statement({}, name="two", kid=None)})
    assert trusting.register({**WEB, "software_statement": statement({}, algorithm="PS256")})
    signed = jwt.encode({"iss": ISSUER}, elliptic(), algorithm="ES256", headers={"kid": "ec"})
    assert trusting.register({**WEB, "software_statement": signed})


def test_an_issuer_may_sign_with_edwards_curves(make: Make) -> None:
    signing = ed25519.Ed25519PrivateKey.generate()
    keys = {"keys": [json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(signing.public_key())), public("one")]}
    bridge = make(statement_issuers=(StatementIssuer(ISSUER, keys, ("EdDSA",)),))
    signed = jwt.encode({"iss": ISSUER}, signing, algorithm="EdDSA")
    assert bridge.register({**WEB, "software_statement": signed})
    assert_error(bridge.call("POST", body={**WEB, "software_statement": statement({})}), 400, "invalid_software_statement")


@pytest.mark.duty(27)
@pytest.mark.parametrize("wrong", [7, ["a"], {"a": 1}, True])
def test_a_statement_is_a_string(trusting: Bridge, wrong: object) -> None:
    response = trusting.call("POST", body={**WEB, "software_statement": wrong})
    assert_error(response, 400, "invalid_software_statement", "must be a string")


def unsigned(claims: Json) -> str:
    def part(value: Json) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


@pytest.mark.duty(27, 63)
@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "a.b.c",
        7,
        ["a"],
        unsigned({"iss": ISSUER}),
        jwt.encode({"iss": ISSUER}, "a-shared-secret-that-is-long-enough-0123", algorithm="HS256"),
    ],
)
def test_a_statement_that_is_not_signed_is_invalid(trusting: Bridge, bad: object) -> None:
    assert_error(
        trusting.call("POST", body={**WEB, "software_statement": bad}), 400, "invalid_software_statement", "software_statement"
    )


@pytest.mark.duty(27)
def test_a_statement_with_another_key_or_an_algorithm_that_is_not_allowed_is_invalid(trusting: Bridge) -> None:
    for bad in (statement({}, name="three"), statement({}, algorithm="RS512")):
        assert_error(trusting.call("POST", body={**WEB, "software_statement": bad}), 400, "invalid_software_statement")


@pytest.mark.duty(27)
def test_a_statement_that_was_altered_is_invalid(trusting: Bridge) -> None:
    header, _, signature = statement({"client_name": "A"}).split(".")
    claims = base64.urlsafe_b64encode(json.dumps({"iss": ISSUER, "client_name": "B"}).encode()).rstrip(b"=").decode()
    response = trusting.call("POST", body={**WEB, "software_statement": f"{header}.{claims}.{signature}"})
    assert_error(response, 400, "invalid_software_statement")


@pytest.mark.duty(27)
def test_a_statement_without_an_issuer_is_invalid_and_one_of_a_stranger_is_unapproved(trusting: Bridge) -> None:
    nameless = jwt.encode({"client_name": "A"}, key("one"), algorithm="RS256")
    assert_error(trusting.call("POST", body={**WEB, "software_statement": nameless}), 400, "invalid_software_statement", "iss")
    for issuer in ("https://stranger.example", ISSUER + "/"):
        foreign = statement({"iss": issuer})
        assert_error(trusting.call("POST", body={**WEB, "software_statement": foreign}), 400, "unapproved_software_statement")


@pytest.mark.duty(27)
@pytest.mark.usefixtures("calm")
def test_a_statement_is_good_between_its_times(trusting: Bridge) -> None:
    trusting.emulator.clock.set(trusting.clock.now().replace(microsecond=0) + timedelta(seconds=1))
    now = int(trusting.clock.now().timestamp())
    for good in ({"exp": now - 60}, {"nbf": now + 60}, {"exp": now + 99, "nbf": now - 99, "iat": now + 99, "aud": "anyone"}):
        assert trusting.register({**WEB, "software_statement": statement(good)})
    for bad in ({"exp": now - 61}, {"nbf": now + 61}, {"exp": "soon"}, {"nbf": True}):
        response = trusting.call("POST", body={**WEB, "software_statement": statement(bad)})
        assert_error(response, 400, "invalid_software_statement")


@pytest.mark.duty(41)
def test_what_a_statement_says_is_judged_like_plain_members(trusting: Bridge) -> None:
    bad = statement({"redirect_uris": ["http://evil.example/"]})
    assert_error(trusting.call("POST", body={**WEB, "software_statement": bad}), 400, "invalid_redirect_uri")


@pytest.mark.duty(23, 41)
@pytest.mark.parametrize("name", ["\ud800", "Orders \udfff", "Micr\u043esoft"])
def test_a_statement_carries_no_text_that_a_body_could_not(trusting: Bridge, name: str) -> None:
    bad = statement({"client_name": name})
    assert_error(trusting.call("POST", body={**WEB, "software_statement": bad}), 400, "invalid_client_metadata", "client_name")


@pytest.mark.duty(41)
def test_a_policy_may_need_a_statement(make: Make) -> None:
    policy = Policy(require_software_statement=True)
    issuers = (StatementIssuer(ISSUER, {"keys": [public("one", kid="one")]}),)
    bridge = make(policies={"default": policy}, statement_issuers=issuers)
    assert_error(bridge.call("POST", body=WEB), 400, "invalid_client_metadata", "software_statement is missing")
    client = bridge.register({**WEB, "software_statement": statement({})})
    body = {**WEB, "client_id": client["client_id"]}
    assert bridge.call("PUT", client["client_id"], body).status == 400
    assert bridge.call("PUT", client["client_id"], {**body, "software_statement": statement({"client_name": "B"})}).status == 200


@pytest.mark.duty(26)
def test_without_trusted_issuers_a_statement_is_ignored_and_not_given_back(bridge: Bridge) -> None:
    for sent in (statement({"client_name": "Certified"}), "nonsense", 7):
        client = bridge.register({**WEB, "software_statement": sent})
        assert client["client_name"] == WEB["client_name"]
        assert "software_statement" not in client
