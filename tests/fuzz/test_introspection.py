"""Whatever is sent to introspection, and whatever issuers publish: an answer, an OAuth error, or a document that isn't used."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from shared.discovery.server_metadata import Offer, server_metadata
from shared.errors import OAuthError
from shared.http.documents import check_location
from shared.http.message import Request, json_response
from shared.introspection.callers import FORM, read_basic, read_form
from shared.introspection.configuration import TrustedTenant
from shared.introspection.issuers import TenantDocuments
from shared.introspection.jws import read_claims, read_header, signed_header_of_graph, split_token
from shared.introspection.keys import read_key_set
from shared.introspection.reasons import Refused
from shared.introspection.signed_answer import wants_signed_answer
from shared.strict_json import loads
from tests.fuzz.strategies import bodies, bounded, encoded, fewer, jwts, numbers, objects, segment, texts, values
from tests.unit.introspection.authority import API, ORIGIN, TENANT, jwk, rsa_key
from tests.unit.introspection.deployment import NOW, basic, configuration, introspection
from tests.unit.introspection.tokens import make_token

_GOOD_HEADER = {"alg": "RS256", "typ": "JWT", "kid": "tenant-1"}
_HEADERS = objects(
    {
        "alg": st.just("RS256"),
        "typ": st.just("JWT"),
        "kid": texts,
        "nonce": texts,
        **dict.fromkeys(("crit", "jwk", "b64"), values),
    }
)
_CLAIMS = objects(
    {
        "iss": st.sampled_from([f"{ORIGIN}/{TENANT}/v2.0", f"https://sts.windows.net/{TENANT}/"]),
        "tid": st.just(TENANT),
        "aud": st.just(API),
        "ver": st.sampled_from(["1.0", "2.0"]),
        **dict.fromkeys(("exp", "nbf", "iat"), numbers),
        **dict.fromkeys(("azp", "azpacr", "sub", "scp", "idtyp", "oid"), texts),
        "roles": st.lists(texts, max_size=3),
        "cnf": values,
    }
)
_TOKENS = jwts(_HEADERS, _CLAIMS)
_INTROSPECTION = introspection()


def answered(**parts: Any) -> int:
    """The status of the answer or of the OAuth error."""
    headers = {"content-type": FORM, "authorization": basic(), **parts.pop("headers", {})}
    try:
        response = _INTROSPECTION.handle(Request("POST", "/introspect", headers, **parts), NOW)
    except OAuthError as refusal:
        return refusal.status
    assert response.body == b'{"active":false}'
    return response.status


@bounded
@given(_TOKENS)
def test_a_made_up_token_is_inactive(token: str) -> None:
    assert answered(body=b"token=" + token.encode()) in {200, 400, 413}


@fewer
@given(st.dictionaries(st.sampled_from(["alg", "typ", "kid", "nonce", "x"]), values), objects({"exp": numbers, "roles": values}))
def test_a_signed_token_with_any_claims_is_answered(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """What Entra would have to sign for it: the signature is good, the rest isn't to be relied on."""
    token = make_token({"header": {**_GOOD_HEADER, **header}, "claims": claims, "key": "tenant-1"}, NOW)
    try:
        response = _INTROSPECTION.handle(
            Request("POST", "/", {"content-type": FORM, "authorization": basic()}, body=b"token=" + token.encode()), NOW
        )
    except OAuthError as refusal:
        assert refusal.status in {400, 413, 503}
    else:
        json.loads(response.body)


@bounded
@given(
    st.one_of(
        st.binary(max_size=300), st.lists(st.tuples(texts, texts)).map(lambda pairs: "&".join(map("=".join, pairs)).encode())
    )
)
@example(b"token=%")
@example(b"&" * 40)
@example(b"token=" + b"%ff" * 1000)
def test_a_form_is_read_or_an_oauth_error(body: bytes) -> None:
    try:
        assert all(isinstance(value, bytes) for value in read_form(body).values())
    except OAuthError as refusal:
        assert refusal.status == 400
    assert answered(body=body) in {200, 400}


@bounded
@given(st.one_of(texts, st.binary(max_size=60).map(encoded), st.text("AZaz09+/=: ", max_size=60)))
def test_credentials_are_read_or_refused(sent: str) -> None:
    found = read_basic(sent)
    assert found is None or len(found) == 2
    for scheme in ("Basic", "Bearer", "basic ", ""):
        assert answered(body=b"token=x", headers={"authorization": f"{scheme} {sent}"}) in {400, 401}


@bounded
@given(st.one_of(texts, st.lists(texts).map(",".join), st.builds("application/token-introspection+jwt;{}".format, texts)))
def test_an_accept_header_is_a_wish_or_none(accept: str) -> None:
    assert wants_signed_answer(accept) in {True, False}


@bounded
@given(st.one_of(_TOKENS.map(str.encode), st.binary(max_size=200)))
def test_the_parts_of_a_token_are_read_or_refused(token: bytes) -> None:
    try:
        header, payload, _, _ = split_token(token)
        read_claims(payload)
        signed_header_of_graph(read_header(header))
    except Refused as refused:
        assert refused.reason


_KEY = jwk("tenant-1")
_KEYS = objects(
    {"keys": st.lists(st.one_of(objects({**{k: st.just(v) for k, v in _KEY.items()}, "key_ops": values}), values), max_size=4)}
)


@bounded
@given(bodies(st.one_of(_KEYS, values)))
@example(json.dumps({"keys": [{**_KEY, "n": segment(b"\0" * 400 + b"\xff" * 200)}]}).encode())
@example(json.dumps({"keys": [{**_KEY, "n": "é"}, {**_KEY, "kid": "b", "e": "\ud800"}]}).encode())
def test_a_key_document_is_keys_or_unusable(document: bytes) -> None:
    try:
        keys = read_key_set(loads(document), f"{ORIGIN}/{TENANT}/v2.0", TENANT, "microsoftonline.com")
    except ValueError:  # UnusableDocument is one, as is what isn't JSON
        return
    assert all(key.public_key.key_size >= 2048 for key in keys.values())


_LINKS = st.one_of(
    texts, st.builds("https://{}{}".format, st.sampled_from(["login.microsoftonline.com", "[", "a@b", "x:²"]), texts)
)
_METADATA = objects(
    {
        **dict.fromkeys(("issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "userinfo_endpoint"), _LINKS),
        **dict.fromkeys(("scopes_supported", "claims_supported", "response_modes_supported"), st.lists(texts, max_size=2)),
        "cloud_instance_name": texts,
    }
)


@bounded
@given(bodies(_METADATA))
def test_a_metadata_document_is_taken_or_unusable(document: bytes) -> None:
    try:
        found = loads(document)
        TenantDocuments(TrustedTenant(TENANT, ORIGIN), lambda url, host: found)()
    except ValueError:
        pass


@bounded
@given(_METADATA)
def test_the_bridges_metadata_is_made_of_any_of_entras_or_unusable(entra: dict[str, Any]) -> None:
    offer = Offer("https://bridge.example.com", ("authorization_code",), ("code",), ("none",), scopes=("a",))
    try:
        document = server_metadata(loads(json.dumps(entra)), offer)
    except ValueError:
        return
    json_response(200, document)


@bounded
@given(_LINKS)
def test_a_location_is_on_its_host_or_unusable(url: str) -> None:
    try:
        check_location(url, "login.microsoftonline.com")
    except ValueError:
        return
    assert url.lower().startswith("https://login.microsoftonline.com")


def test_the_fixtures_are_what_the_strategies_build_on() -> None:
    """Otherwise every example would be refused by its first member."""
    assert read_key_set({"keys": [_KEY]}, f"{ORIGIN}/{TENANT}/v2.0", TENANT)["tenant-1"].size == rsa_key("tenant-1").key_size // 8
    assert configuration().tenants[0].tenant_id == TENANT
