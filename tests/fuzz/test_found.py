"""What fuzzing found, one plain test each: before, every one of these inputs ended in a 500, or was read without a bound."""

import base64
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.discovery.server_metadata import REQUIRED, Offer, server_metadata
from shared.errors import InvalidClientMetadata, OAuthError
from shared.graph import session as sessions
from shared.graph.client import GraphClient, follow_pages
from shared.graph.errors import GraphFailure, Throttled, Unavailable
from shared.graph.session import DirectorySession
from shared.introspection.signed_answer import read_signing_key
from shared.registration.certificates import from_key_credentials, read_jwks
from shared.registration.configuration import StatementIssuer
from shared.registration.notes import read_generation
from shared.registration.policy import Policy
from shared.registration.software_statement import apply_statement
from shared.registration.tokens import INITIAL_TYPE, KeyRing, verify_initial_token
from shared.retry import Deadline, read_retry_after
from tests.functional.registration.bridge import SEALING_KEY
from tests.fuzz.raw_server import RawServer
from tests.unit.graph.test_client import BASE, MovedClock, Tokens, Wire, graph_error, wire_answer
from tests.unit.introspection.authority import jwk as public_jwk
from tests.unit.introspection.authority import rsa_key
from tests.unit.registration.certificates import der

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def call(*answers: requests.Response, deadline: float = 5) -> Any:
    clock = MovedClock()
    graph = GraphClient(BASE, Tokens(), Wire(*answers), clock)
    return graph.call("GET", "applications", Deadline.after(clock, deadline)).body


@pytest.mark.parametrize("zone", ["+99999999999999999999", "-99999999999999999999"])
@pytest.mark.parametrize("year", ["2026", "99999999999999"])
def test_a_retry_after_with_a_date_that_no_calendar_has_is_passed_over(year: str, zone: str) -> None:
    value = f"Mon, 01 Jan {year} 00:00:00 {zone}"
    assert read_retry_after(value, NOW) is None
    with pytest.raises(Throttled) as raised:
        call(graph_error(429, "TooManyRequests", Retry_After=value), deadline=0.1)
    assert raised.value.retry_after is None


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"displayName":"\\ud800"}', b'{"a":NaN}', b'{"a":' + b"9" * 5000 + b"}"])
def test_an_answer_that_is_no_json_to_a_strict_reader_is_no_answer(body: bytes) -> None:
    with pytest.raises(Unavailable):
        call(*[wire_answer(200, body)] * 9)


@pytest.mark.parametrize("page", [{"value": None}, {"value": {}}, {"@odata.nextLink": 5}, {"@odata.nextLink": "https://["}])
def test_a_page_that_is_none_is_an_outage(page: dict[str, Any]) -> None:
    clock = MovedClock()
    graph = GraphClient(BASE, Tokens(), Wire(wire_answer(200, page)), clock)
    deadline = Deadline.after(clock, 5)
    with pytest.raises(Unavailable):
        list(follow_pages(lambda link, query: graph.call("GET", link, deadline, query=query), "applications", {}))


def test_an_error_code_and_a_request_id_stay_on_their_line_of_the_log() -> None:
    with pytest.raises(GraphFailure) as raised:
        call(graph_error(400, "a\nERROR forged" + "x" * 5000, request_id="b\u2028" + "y" * 5000))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("location", [b"https://[", b"\xff\xfe", b"https://a:\xb2/"])
def test_where_a_redirect_leads_is_not_looked_at(location: bytes) -> None:
    with RawServer() as server, DirectorySession(verify=True) as session:
        server.data = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 2\r\n\r\n{}"
        assert session.get(server.url).status_code == 302


def test_the_body_of_a_redirect_is_bounded_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests reads it whole before it asks whether redirects are to be followed."""
    monkeypatch.setattr(sessions, "LARGEST_ANSWER", 1000)
    with RawServer() as server, DirectorySession(verify=True) as session:
        server.data = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n" + b"x" * 2000
        with pytest.raises(sessions.AnswerTooLarge):
            session.get(server.url)


def test_a_flood_is_not_asked_for_again() -> None:
    """Eight requests that each repeated a flood of 16 MB five times kept the worker from answering in time."""
    wire = Wire(*[sessions.AnswerTooLarge("larger than 16 MB")] * 5)
    clock = MovedClock()
    with pytest.raises(Unavailable):
        GraphClient(BASE, Tokens(), wire, clock).call("GET", "applications", Deadline.after(clock, 5))
    assert len(wire.sent) == 1


@pytest.mark.parametrize("length", ["400000000", "9" * 5000])
def test_a_flood_that_announces_itself_is_not_read(length: str) -> None:
    with RawServer() as server, DirectorySession(verify=True) as session:
        server.data = b"HTTP/1.1 200 OK\r\nContent-Length: " + length.encode() + b"\r\n\r\nx"
        with pytest.raises((sessions.AnswerTooLarge, requests.ConnectionError)):
            session.get(server.url)


@pytest.mark.parametrize("expires", ["tomorrow", 1e99, -1e18, float("nan"), [1]])
def test_an_initial_access_token_with_an_expiry_that_is_no_time_is_not_good(expires: object) -> None:
    claims = {"iss": "b", "aud": "b", "jti": "1", "sub": "x", "policy": "default", "exp": expires}
    key = SEALING_KEY.derive("initial access token")
    token = jwt.encode(claims, key, algorithm="HS256", headers={"typ": INITIAL_TYPE, "kid": SEALING_KEY.id})
    assert verify_initial_token(token, "b", KeyRing(SEALING_KEY), NOW) is None


@pytest.mark.parametrize(("claims", "good"), [({"exp": 10**400}, True), ({"nbf": 10**400}, False), ({"exp": -(10**400)}, False)])
def test_a_software_statement_with_a_time_beyond_a_double_is_judged(claims: dict[str, int], good: bool) -> None:
    issuer = StatementIssuer(issuer="https://s.example", jwks={"keys": [public_jwk("one")]})
    statement = jwt.encode({"iss": issuer.issuer, **claims}, rsa_key("one"), algorithm="RS256", headers={"kid": "one"})
    document = {"software_statement": statement}
    if good:
        assert apply_statement(document, Policy(), (issuer,), NOW)["iss"] == issuer.issuer
    else:
        with pytest.raises(OAuthError, match="not valid at this time"):
            apply_statement(document, Policy(), (issuer,), NOW)


def test_scopes_of_entras_metadata_that_are_no_texts_are_left_out() -> None:
    entra = {**dict.fromkeys(REQUIRED, "https://login.example/x"), "scopes_supported": [[], {}, 5, "openid"]}
    offer = Offer("https://bridge.example.com", (), (), (), scopes=("api://orders/read",))
    assert server_metadata(entra, offer)["scopes_supported"] == ["openid", "api://orders/read"]


@pytest.mark.parametrize("written", ["\u00b2", "\u0663", "9" * 5000, "-1", "1_0", ""])
def test_a_generation_that_an_administrator_wrote_over_is_passed_over(written: str) -> None:
    assert read_generation({"notes": f"dcr:generation={written}"}) == 1


def unknown_curve() -> str:
    """A certificate whose key is on a curve that has never been defined."""
    known, unknown = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030177")
    return base64.b64encode(der(kind="ec").replace(known, unknown)).decode()


def test_a_certificate_with_a_key_on_an_unknown_curve_is_refused_and_one_of_an_administrator_passed_over() -> None:
    with pytest.raises(InvalidClientMetadata, match="not an X"):
        read_jwks({"keys": [{"kty": "RSA", "x5c": [unknown_curve()]}]}, NOW)
    stored = [{"usage": "Verify", "key": key, "displayName": "a"} for key in (unknown_curve(), "AAA", "AAAA")]
    good = {"usage": "Verify", "key": base64.b64encode(der()).decode(), "displayName": "good"}
    assert [certificate.key_id for certificate in from_key_credentials([*stored, good])] == ["good"]


def test_a_signing_key_on_an_unknown_curve_is_named_as_such() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    changed = key.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030177"))
    text = f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(changed).decode()}-----END PRIVATE KEY-----\n"
    with pytest.raises(ValueError, match="the signing key is not"):
        read_signing_key(text)
