"""Whatever Graph, the token service or something between them and the bridge answers: an answer or a GraphFailure."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from shared.audit.clients import read_client
from shared.graph.client import GraphClient, follow_pages, read_claims_challenge
from shared.graph.clouds import CLOUDS
from shared.graph.credential import MsalCredential
from shared.graph.errors import GraphFailure
from shared.graph.identity import ClientSecretIdentity
from shared.graph.session import DirectorySession
from shared.registration.entra_application import read_provenance, read_registered
from shared.registration.notes import read_generation, read_principal_notes
from shared.registration.scopes import read_permissions
from shared.registration.secrets import read_secrets
from shared.registration.tags import Record, foreign_tags
from shared.retry import Deadline, read_retry_after
from shared.secret import Secret
from tests.fuzz.raw_server import RawServer
from tests.fuzz.strategies import bodies, bounded, encoded, fewer, nearly, numbers, objects, segment, texts, values
from tests.unit.graph.test_client import BASE, MovedClock, Tokens, Wire, wire_answer
from tests.unit.registration.certificates import der
from tests.unit.registration.objects import create, registered

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_ERRORS = objects(
    {
        "error": objects(
            {
                "code": st.sampled_from(["Request_ResourceNotFound", "Directory_QuotaExceeded", "a\nb" * 300]),
                "message": texts,
                "details": st.one_of(st.lists(objects({"code": texts})), objects({"code": texts})),
                "innerError": values,
            }
        )
    }
)
_LINKS = st.one_of(
    texts, st.builds("https://{}/{}".format, st.sampled_from(["graph.example", "[", "x:²", "é", "a@graph.example"]), texts)
)
_PAGES = objects({"value": st.lists(st.one_of(objects({"id": texts}), values), max_size=3), "@odata.nextLink": _LINKS})
_HEADER_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
_DATES = st.builds(
    "{} {} {} {}:00:00 {}".format,
    st.sampled_from(["Mon, 01", "1", "Mon,", "32", "9" * 30]),
    st.sampled_from(["Jan", "Feb", "x", ""]),
    st.sampled_from(["2026", "0", "99999", "9" * 30, ""]),
    st.sampled_from(["10", "99", "-1"]),
    st.sampled_from(["GMT", "-0000", "+9999", "+" + "9" * 30, "EST", ""]),
)
_RETRY_AFTER = st.one_of(_HEADER_TEXTS, numbers.map(str), _DATES, st.sampled_from(["nan", "inf", "-1", "1e3", "1_0", "٣"]))


def client(*answers: requests.Response) -> GraphClient:
    return GraphClient(BASE, Tokens(), Wire(*answers), MovedClock())


@bounded
@given(
    st.integers(200, 599),
    bodies(st.one_of(_ERRORS, _PAGES, values)),
    st.fixed_dictionaries(
        {}, optional={"Retry_After": _RETRY_AFTER, "WWW_Authenticate": _HEADER_TEXTS, "request_id": _HEADER_TEXTS}
    ),
    st.booleans(),
)
@example(503, b"{}", {"Retry_After": "Mon, 01 Jan 2026 00:00:00 +" + "9" * 20}, False)
@example(200, b"[" * 100_000, {}, False)
@example(400, b'{"error":{"code":"\\u2028a\\nb"}}', {"request_id": "x" * 2000}, True)
def test_an_answer_is_one_or_a_failure_with_a_short_text_on_one_line(
    status: int, body: bytes, headers: dict[str, str], creates: bool
) -> None:
    answers = [wire_answer(status, body, **headers) for _ in range(8)]
    graph, clock = client(*answers), MovedClock()
    try:
        found = graph.call("POST", "applications", Deadline.after(clock, 5), body={}, creates=creates)
    except GraphFailure as failure:
        text = str(failure)
        assert text.isprintable()
        assert len(text) < 1500
    else:
        json.dumps(found.body).encode()


@bounded
@given(st.lists(_PAGES, min_size=1, max_size=2))
@example([{"value": None}])
@example([{"value": [], "@odata.nextLink": 5}])
@example([{"value": [], "@odata.nextLink": "https://["}])
def test_pages_are_followed_or_a_failure(pages: list[dict[str, Any]]) -> None:
    graph, clock = client(*(wire_answer(200, page) for page in pages), *[wire_answer(400, {})] * 9), MovedClock()
    deadline = Deadline.after(clock, 5)
    try:
        for page in follow_pages(lambda link, query: graph.call("GET", link, deadline, query=query), "applications", {}):
            assert all(isinstance(entry, dict) for entry in page)
    except GraphFailure as failure:
        assert str(failure).isprintable()


@bounded
@given(_RETRY_AFTER)
def test_a_retry_after_is_seconds_or_none(value: str) -> None:
    found = read_retry_after(value, _NOW)
    assert found is None or 0 <= found <= 86_400


@bounded
@given(st.one_of(_HEADER_TEXTS, st.builds('Bearer realm="", claims="{}"'.format, bodies(values).map(segment))))
def test_a_claims_challenge_is_text_or_none(header: str) -> None:
    found = read_claims_challenge(header)
    assert found is None or found.encode() is not None


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


_HEADS = st.builds(
    lambda version, status, headers: f"{version} {status} x\r\n{headers}\r\n\r\n".encode("latin-1", "replace"),
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/9", "http/1.1", ""]),
    st.sampled_from(["200", "204", "302", "401", "429", "503", "99", "1000", "x", "-1"]),
    st.lists(
        st.builds(
            "{}: {}".format,
            st.sampled_from(
                [
                    "Content-Length",
                    "Transfer-Encoding",
                    "Content-Encoding",
                    "Location",
                    "Set-Cookie",
                    "Content-Type",
                    "Retry-After",
                ]
            ),
            st.one_of(
                _HEADER_TEXTS,
                st.sampled_from(
                    ["3", "-1", "9" * 30, "chunked", "gzip", "gzip, gzip", "deflate", "br", "https://[", "//[", "a=b; Max-Age=x"]
                ),
            ),
        ),
        max_size=4,
    ).map("\r\n".join),
)


@fewer
@given(
    data=st.one_of(
        st.binary(max_size=80), st.builds(bytes.__add__, _HEADS, st.one_of(st.binary(max_size=40), st.just(b"zz\r\n{}")))
    )
)
@example(data=b"HTTP/1.1 302 x\r\nLocation: https://[\r\nContent-Length: 2\r\n\r\n{}")
@example(data=b"HTTP/1.1 302 x\r\nLocation: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}")
@example(data=b"HTTP/1.1 200 x\r\n" + b"A: b\r\n" * 200 + b"\r\n")
@example(data=b"HTTP/1.1 100 x\r\n\r\n" * 100)
@example(data=b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 70_000)
def test_bytes_that_a_server_sends_are_an_answer_or_a_request_exception(server: RawServer, data: bytes) -> None:
    server.data = data
    with DirectorySession(verify=True, timeout=5) as session:
        try:
            answer = session.get(server.url)
        except requests.RequestException:
            return
        assert isinstance(answer.content, bytes)


@fewer
@given(
    st.integers(200, 599),
    bodies(
        objects(
            {
                "access_token": texts,
                "expires_in": numbers,
                "refresh_in": values,
                "token_type": st.just("Bearer"),
                "error": texts,
                "error_description": texts,
                "error_codes": st.lists(st.one_of(st.integers(), values), max_size=3),
                "id_token": texts,
                "scope": texts,
            }
        )
    ),
    st.one_of(st.none(), bodies(values).map(lambda text: text.decode("utf-8", "replace"))),
)
def test_whatever_the_token_service_says_is_a_token_or_a_failure(status: int, body: bytes, claims: str | None) -> None:
    host, tenant = "https://login.microsoftonline.com", "11111111-2222-4333-8444-555555555555"
    metadata = wire_answer(
        200, {"issuer": f"{host}/{tenant}/v2.0", "authorization_endpoint": f"{host}/a", "token_endpoint": f"{host}/t"}
    )
    session = Wire(metadata, *[wire_answer(status, body)] * 3)
    credential = MsalCredential(ClientSecretIdentity(tenant, Secret("s" * 20)), tenant, CLOUDS["public"], session)
    try:
        token = credential.token(Deadline.after(MovedClock(), 5), claims_challenge=claims)
    except GraphFailure as failure:
        assert str(failure).isprintable()
    else:
        assert token or token == ""


_TIMES = st.one_of(
    st.sampled_from(
        ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.1234567Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:60Z", None]
    ),
    texts,
)
_CERTIFICATES = st.one_of(st.none(), texts, st.just(der()).map(encoded), nearly(st.just(der())).map(encoded))
_TAGS = st.one_of(
    texts,
    st.builds(
        "dcr:{}{}={}".format,
        st.sampled_from(["grant_types", "caller", "scope", "federated_identities", "logo_uri", "generation", "client_name#de"]),
        st.sampled_from(["", ".1", ".2", ".9999", ".0", ".²"]),
        texts,
    ),
)
_URIS = objects({"redirectUris": st.one_of(st.none(), st.lists(texts, max_size=3))}, wild=False)
_APPLICATION = registered(redirect_uris=["https://a.example"], client_name="a")


@st.composite
def applications(draw: st.DrawFn) -> dict[str, Any]:
    """Applications of Graph's own types (each of its properties may be null), with contents of any kind."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "displayName": texts,
        "tags": st.lists(_TAGS, max_size=6),
        "notes": st.one_of(texts, st.builds("x\ndcr:generation={}".format, texts), st.just("dcr:generation=" + "9" * 5000)),
        "web": _URIS,
        "spa": _URIS,
        "publicClient": _URIS,
        "createdDateTime": _TIMES,
        "passwordCredentials": st.lists(
            st.fixed_dictionaries({"keyId": texts}, optional={"startDateTime": _TIMES, "endDateTime": _TIMES, "hint": texts}),
            max_size=3,
        ),
        "keyCredentials": st.lists(
            st.fixed_dictionaries({"keyId": texts, "usage": st.just("Verify"), "key": _CERTIFICATES, "displayName": texts}),
            max_size=2,
        ),
    }
    members = {name: st.one_of(st.none(), value) for name, value in optional.items()}
    drawn = draw(st.fixed_dictionaries({}, optional=members))
    return {**create(_APPLICATION), "appId": "11111111-2222-4333-8444-555555555555", **drawn}


@bounded
@given(applications())
@example({"notes": "dcr:generation=²"})
def test_an_application_of_any_content_is_read(application: dict[str, Any]) -> None:
    read_registered({**application, "tags": ["dcr:token_endpoint_auth_method=private_key_jwt", *(application.get("tags") or [])]})
    json.dumps(read_registered(application).as_metadata()).encode()
    read_provenance(application)
    read_client(application)
    assert all(secret.expires_at >= 0 or secret.ends.year < 1970 for secret in read_secrets(application))
    assert read_generation(application) >= 1
    read_principal_notes(application)


@bounded
@given(st.lists(_TAGS, max_size=20))
def test_tags_of_any_kind_are_a_record_and_others(tags: list[str]) -> None:
    record = Record.from_tags(tags)
    for name in ("grant_types", "generation", "caller"):
        record.text(name), record.texts(name), record.number(name)
    record.localized(("client_name",))
    assert not any(tag.startswith("dcr:") for tag in foreign_tags(tags))


_ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"id": texts, "isEnabled": st.booleans()},
        optional={"value": st.one_of(st.none(), texts), "allowedMemberTypes": st.lists(texts, max_size=2)},
    ),
    max_size=3,
)


@fewer
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("oauth2PermissionScopes", "appRoles"), st.one_of(st.none(), _ENTRIES))))
def test_permissions_of_any_content_are_read(principal: dict[str, Any]) -> None:
    read_permissions(principal)
