"""Whatever is sent to the registration endpoints: an answer or an OAuth error, and nothing else is raised."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.server import EntraEmulator
from shared.errors import OAuthError
from shared.http.message import parse_object
from shared.registration.certificates import read_jwks
from shared.registration.configuration import StatementIssuer
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import GRANT_TYPES, Policy
from shared.registration.tokens import KeyRing
from shared.registration.validation import resolve_registration
from tests.functional.registration.bridge import PORTAL, SEALING_KEY, Bridge, bearer, configuration
from tests.fuzz.strategies import bodies, bounded, encoded, fewer, jwts, nearly, objects, texts, values
from tests.unit.introspection.authority import jwk as public_jwk
from tests.unit.registration.certificates import NOW, der, jwk

POLICY = Policy(
    grant_types=GRANT_TYPES, store_contacts=True, federated_issuers=frozenset({"https://i.example"}), urls_elsewhere="refuse"
)
_URLS = st.one_of(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["https://", "http://", "com.app:/", "https:", "//", "javascript:", "data:", "HTTPS://"]),
        st.sampled_from(
            ["a.example", "localhost", "127.0.0.1", "[::1]", "[", "[::1", "[v1.x]", "xn--", "xn--a", "é.example", ""]
        ),
        st.sampled_from(["", ":1", ":65536", ":-1", ":²", ":" + "9" * 5000, "@b.example", "/", "\\", "%", "#"]),
        texts,
    ),
    texts,
)
_STATEMENTS = jwts(objects({"alg": texts, "kid": texts, "crit": values}), objects({"iss": st.just("https://s.example")}))
_METADATA: dict[str, st.SearchStrategy[Any]] = {
    "redirect_uris": st.lists(_URLS, max_size=3),
    "token_endpoint_auth_method": st.sampled_from(["none", "client_secret_basic", "private_key_jwt"]),
    "grant_types": st.lists(st.sampled_from(sorted(GRANT_TYPES)), max_size=3),
    "response_types": st.lists(st.sampled_from(["code", "token", "code id_token", " ", "code  code"]), max_size=2),
    "application_type": st.sampled_from(["web", "native", "browser", "service"]),
    **dict.fromkeys(("client_uri", "logo_uri", "tos_uri", "policy_uri", "frontchannel_logout_uri", "jwks_uri"), _URLS),
    **dict.fromkeys(("client_name", "scope", "software_id", "software_version", "client_name#de", "client_uri#x"), texts),
    "contacts": st.lists(texts, max_size=2),
    "post_logout_redirect_uris": st.lists(_URLS, max_size=2),
    "software_statement": _STATEMENTS,
    "jwks": objects({"keys": st.lists(objects({"kty": st.just("RSA"), "x5c": st.lists(texts), "kid": texts}), max_size=2)}),
    "federated_identities": st.lists(
        objects({"issuer": st.just("https://i.example"), "subject": texts, "audience": texts}), max_size=2
    ),
}
metadata = objects(_METADATA)
tame = objects(_METADATA, wild=False)


@cache
def running() -> tuple[Bridge, dict[str, Any]]:
    """A bridge on a calm directory and one client of it."""
    emulator = EntraEmulator()
    emulator.clock.freeze()
    # Guided by coverage there are more registrations than the quota takes.
    emulator.assumptions.directory_object_quota = None
    issuer = StatementIssuer(issuer="https://s.example", jwks={"keys": [public_jwk("statements")]})
    changed = configuration()._replace(initial_token_keys=KeyRing(SEALING_KEY), statement_issuers=(issuer,))
    bridge = Bridge(emulator, changed)
    client = bridge.register()
    emulator.clock.advance(60)
    return bridge, client


@bounded
@given(bodies(metadata))
@example(b"\xef\xbb\xbf{}")
@example(b'{"client_name":"\\ud800"}')
@example(b'{"client_name":' + b"9" * 5000 + b"}")
def test_a_body_is_one_object_or_an_oauth_error(body: bytes) -> None:
    try:
        assert isinstance(parse_object(body), dict)
    except OAuthError as refusal:
        assert refusal.status == 400


@bounded
@given(st.one_of(metadata, tame))
def test_metadata_is_a_registration_or_an_oauth_error(sent: dict[str, Any]) -> None:
    try:
        registration = resolve_registration(ClientMetadata.parse(sent), POLICY, NOW)
    except OAuthError as refusal:
        assert refusal.error in {"invalid_client_metadata", "invalid_redirect_uri"}
        json.dumps(refusal.description).encode()
    else:
        json.dumps(registration.as_metadata()).encode()


@bounded
@given(st.lists(nearly(st.just(der())), min_size=1, max_size=2), objects({"n": texts, "e": texts, "kid": texts, "use": texts}))
def test_a_certificate_with_other_bytes_is_taken_or_refused(certificates: list[bytes], more: dict[str, Any]) -> None:
    keys = [jwk(0, **{**more, "kty": "RSA", "x5c": [encoded(entry)]}) for entry in certificates]
    try:
        read_jwks({"keys": keys}, NOW)
    except OAuthError as refusal:
        assert refusal.error == "invalid_client_metadata"


@fewer
@given(bodies(metadata), texts)
def test_a_registration_is_answered(body: bytes, key: str) -> None:
    bridge, _ = running()
    response = bridge.call("POST", raw=body, headers={"idempotency-key": key} if key.strip() else {})
    assert response.status in {201, 400, 409, 413}, response.body
    if response.status == 201:
        assert bridge.call("DELETE", json.loads(response.body)["client_id"]).status in {204, 503}


@fewer
@given(_STATEMENTS)
def test_a_software_statement_is_refused_and_never_raises(statement: str) -> None:
    bridge, _ = running()
    response = bridge.call("POST", body={"redirect_uris": ["https://a.example"], "software_statement": statement})
    assert response.status in {400, 413} or not statement, response.body


_ACTIONS: dict[str, Callable[[Bridge, str, str | None, bytes], Any]] = {
    "read": lambda bridge, client_id, sent, body: bridge.call("GET", client_id, authorization=sent),
    "update": lambda bridge, client_id, sent, body: bridge.call("PUT", client_id, raw=body, authorization=sent),
    "rotate": lambda bridge, client_id, sent, body: bridge.call("POST", client_id, raw=body, rotate=True, authorization=sent),
}
_CLIENT_IDS = st.one_of(
    texts,
    st.uuids().map(str),
    st.sampled_from(["..", ".", "%2e%2e", "a')/owners", "me", "0" * 10_000, "K" * 36]),
    st.text("0123456789abcdefABCDEF-ſK", min_size=36, max_size=36),
)


@pytest.mark.parametrize("action", _ACTIONS)
@fewer
@given(client_id=_CLIENT_IDS, body=st.one_of(st.just(b"{}"), bodies(objects({"remove_old": st.booleans()}))))
def test_a_client_id_of_any_kind_is_answered(action: str, client_id: str, body: bytes) -> None:
    bridge, _ = running()
    response = _ACTIONS[action](bridge, client_id, PORTAL, body)
    # A POST without a client in its path has come to the registration endpoint.
    assert response.status in {400, 404, 405, 413, 503}, response.body


@fewer
@given(body=bodies(metadata.map(lambda sent: {**sent, "client_id": running()[1]["client_id"]})))
def test_an_update_is_answered(body: bytes) -> None:
    bridge, client = running()
    response = bridge.call("PUT", client["client_id"], raw=body)
    assert response.status in {200, 400, 413}, response.body


_CREDENTIALS = st.one_of(
    texts,
    st.builds("{} {}".format, st.sampled_from(["Bearer", "bearer", "Basic", "SSWS"]), texts),
    st.builds("Bearer dcr1.{}.{}".format, st.sampled_from(["k1", "k2", "", "k1.k1"]), st.text("AZaz09-_=+/é.", max_size=80)),
    st.builds("Bearer dcr1.k1.{}".format, st.binary(max_size=80).map(encoded)),
    st.builds(
        "Bearer {}".format,
        jwts(
            objects(
                {"typ": st.just("dcr-initial+jwt"), "kid": st.just("k1"), "alg": st.sampled_from(["HS256", "none", "RS256"])}
            ),
            objects({"exp": st.integers(), "jti": texts}),
        ),
    ),
)


@pytest.mark.parametrize("action", _ACTIONS)
@bounded
@given(sent=_CREDENTIALS)
def test_a_credential_that_nobody_made_is_turned_away(action: str, sent: str) -> None:
    bridge, client = running()
    response = _ACTIONS[action](bridge, client["client_id"], sent, b"{}")
    assert response.status in {400, 401, 403}, response.body


@fewer
@given(sent=nearly(st.builds(lambda: bearer(running()[1]).encode())))
def test_an_altered_registration_access_token_is_turned_away(sent: bytes) -> None:
    bridge, client = running()
    text = sent.decode("latin-1")
    response = bridge.call("GET", client["client_id"], authorization=text)
    # Spaces around it and the case of its scheme are no part of a credential.
    words = text.split()
    same = [word.lower() for word in words[:1]] == ["bearer"] and words[1:] == [client["registration_access_token"]]
    assert response.status in {400, 401} or same, response.body
