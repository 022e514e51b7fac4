"""Held against two libraries written by others: what the bridge calls active, PyJWT and joserfc verify too.

The other way round they accept more, since they know nothing of Entra: the corpus says of each such token which of them takes it
(`taken_by`), and STRICTER says why the bridge doesn't.
"""

import json
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk as jose_jwk
from joserfc import jws as jose_jws
from joserfc.errors import JoseError

from shared.introspection.endpoint import Introspection
from shared.introspection.jws import encode_segment
from tests.unit.introspection.authority import jwk, rsa_key
from tests.unit.introspection.deployment import AUDIENCES, NOW, configuration, introspect_request, introspection
from tests.unit.introspection.tokens import CASES, Case, make_token, sign

KEYS = frozenset(
    {"current", "previous", "second_tenant", "consumer", "government", "application", "small", "cubic", "encryption", "ambiguous"}
)
# Both libraries take any issuer; trust in issuers is the bridge's own matter. Times are compared below, against the test's clock.
LENIENT: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
# RFC 7515 section 4: header members that aren't understood are ignored, which joserfc does on request.
REGISTRY = jose_jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)

# Tokens that at least one library takes and the bridge doesn't, by reason: rules of Entra or of introspection that libraries
# don't know. What isn't listed must be refused by the libraries as well.
STRICTER: dict[str, str] = {
    "too_large": "libraries have no limit on size, so a stranger chooses what a check costs",
    "token_kind": "other kinds of JWT signed by the same issuer must not pass for access tokens (RFC 8725 section 3.12)",
    "header_extension": "joserfc and PyJWT know b64 and ignore zip and enc in a signed token",
    "issuer_malformed": "libraries check iss only when they are told one issuer",
    "issuer_not_trusted": "likewise",
    "key_unknown": "the key was in the set and not fit for use, or of another tenant",
    "key_of_another_issuer": "the key set says whose key it is; no library reads that",
    "key_of_another_application": "likewise for an application's own key",
    "tenant": "no library knows tid",
    "version": "no library knows ver",
    "time_malformed": "PyJWT turns text and fractions into integers; joserfc's registry isn't asked here",
    "expired": "joserfc checks a signature here, not claims",
    "not_yet_valid": "likewise",
    "issued_in_the_future": "likewise",
    "lifetime": "no library limits lifetimes",
    "not_an_access_token": "an id_token is as well signed as an access token",
    "subject_malformed": "sub is optional to libraries",
    "scope_malformed": "scp and roles are Entra's",
    "audience": "joserfc checks a signature here; a library takes one list for all callers",
    "audience_malformed": "Entra writes one audience; libraries take lists",
    "graph_audience": "tokens for Graph without a header nonce are plain JWTs to a library",
    "header_nonce": "no library knows the header nonce",
    "proof_of_possession": "libraries ignore cnf",
    "tenant_not_allowed": "tenants are the operator's list",
    "client_not_allowed": "clients are the operator's list",
    "signature": "a token for Graph whose raw nonce was signed over: to a library that is plain, to Graph it is not its own",
    "too_many_claims": "libraries parse as much as a stranger sends before they verify",
    "claims_malformed": "libraries parse claims leniently: NaN, surrogates, deep nesting",
    "header_malformed": "libraries parse headers leniently: NaN, deep nesting, padding",
    "signature_malformed": "PyJWT takes a signature with padding, which makes two texts of one token",
}
# Refused by the bridge for reasons that both libraries must agree with.
AGREED = {"not_a_jwt", "algorithm", "key_id_malformed"}


def pyjwt_takes(token: str, now: float = NOW) -> bool:
    """Whether PyJWT verifies signature, times and audience, with the key that the header names."""
    try:
        name = jwt.get_unverified_header(token)["kid"]
        key = rsa_key(name).public_key() if name in KEYS else rsa_key("foreign").public_key()
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=sorted(AUDIENCES), options=LENIENT)
        return bool(claims["exp"] > now and claims["nbf"] <= now + 60 and claims["iat"] <= now + 60)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError):
        return False


def joserfc_takes(token: str) -> bool:
    """Whether joserfc verifies the signature, with the key that the header names."""
    try:
        name = jwt.get_unverified_header(token)["kid"]
        if name not in KEYS:
            return False
        key = jose_jwk.RSAKey.import_key(json.loads(json.dumps(jwk(name, {"use": "sig"}))))
        jose_jws.deserialize_compact(token, key, registry=REGISTRY)
    except (JoseError, jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError):
        return False
    return True


@pytest.fixture(scope="module")
def deployments() -> dict[str, Introspection]:
    return {settings: introspection(configuration(settings)) for settings in ("default", "graph", "strict")}


def active(deployed: Introspection, token: str) -> bool:
    answer: dict[str, Any] = json.loads(deployed.handle(introspect_request(token), NOW).body)
    return answer["active"] is True


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning", "ignore::joserfc.errors.SecurityWarning")
@pytest.mark.duty(108, 110)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_active_both_libraries_verify_and_what_they_take_beyond_is_listed(
    case: Case, deployments: dict[str, Introspection]
) -> None:
    """RFC 7515 section 5.2, by three implementations."""
    if case.get("nonce_rule"):
        # No library can apply the nonce rule; the token that it stands for is verified in its stead.
        case = {**case, "nonce_rule": False, "header": {**case.get("header", {}), "nonce": None}, "without": ["header.nonce"]}
        if "nonce_shown" in case:
            return
    token = make_token(case, NOW)
    if active(deployments[case.get("settings", "default")], token):
        graph = case.get("template") == "graph"
        assert joserfc_takes(token)
        assert graph or pyjwt_takes(token)
    else:
        taken = [name for name, takes in (("PyJWT", pyjwt_takes), ("joserfc", joserfc_takes)) if takes(token)]
        assert taken == case["expect"].get("taken_by", [])
        assert not taken or case["expect"]["reason"] in STRICTER


def test_reasons_are_either_agreed_or_listed() -> None:
    """Every reason of the corpus has its place in one of the two lists."""
    reasons = {case["expect"]["reason"] for case in CASES if not case["expect"]["active"]}
    assert reasons <= AGREED | set(STRICTER)


HEADERS = st.fixed_dictionaries(
    {
        "alg": st.sampled_from(["RS256", "RS256", "RS256", "PS256", "none", "HS256"]),
        "kid": st.sampled_from(["current", "previous", "x"]),
    },
    optional={
        "typ": st.sampled_from(["JWT", "at+jwt", "pop", 1]),
        "crit": st.just(["exp"]),
        "b64": st.booleans(),
        "x": st.recursive(st.none() | st.text(max_size=5), st.lists, max_leaves=5),
    },
)
CHANGES = st.dictionaries(
    st.sampled_from(["iss", "aud", "tid", "ver", "exp", "nbf", "iat", "azp", "azpacr", "sub", "scp", "roles", "extra"]),
    st.none()
    | st.booleans()
    | st.integers(0, 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.lists(st.text(max_size=4), max_size=2),
    max_size=3,
)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning", "ignore::joserfc.errors.SecurityWarning")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=HEADERS, changes=CHANGES, key=st.sampled_from(["current", "previous"]), data=st.data())
def test_no_made_up_token_is_active_that_a_library_would_refuse(
    deployments: dict[str, Introspection], header: dict[str, Any], changes: dict[str, Any], key: str, data: st.DataObject
) -> None:
    """Headers and claims at random, then the text changed at random: active only if both libraries agree."""
    text = encode_segment(json.dumps(header).encode()) + b"." + make_token({"claims": changes}, NOW).split(".")[1].encode()
    token = (text + b"." + encode_segment(sign(text, "RS256", rsa_key(key)))).decode()
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(token)))
        removed = data.draw(st.integers(0, 2))
        token = token[:place] + data.draw(st.text(alphabet="ABab01-_=.+/ é", max_size=2)) + token[place + removed :]
    if active(deployments["default"], token):
        assert pyjwt_takes(token)
        assert joserfc_takes(token)
