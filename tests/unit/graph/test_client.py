"""The Graph client: what it repeats, what it never repeats, and how it names what went wrong."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from shared.graph.client import GraphClient
from shared.graph.directory import Directory
from shared.graph.errors import (
    AlreadyExists,
    ConcurrentWrite,
    DeadlineExceeded,
    GraphFailure,
    NotReplicated,
    ObjectMissing,
    OutcomeUnknown,
    PermissionRefused,
    PolicyRefused,
    QuotaExceeded,
    SizeExceeded,
    Throttled,
    Unavailable,
    UniqueNameTaken,
    ValueRefused,
)
from shared.retry import Deadline

BASE = "https://graph.example/v1.0"


class MovedClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Tokens:
    """A credential that counts how it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def token(self, deadline: Deadline, *, rejected: str = "", claims_challenge: str | None = None) -> str:
        self.asked.append((rejected, claims_challenge))
        return f"token-{len(self.asked)}"


class Wire(requests.Session):
    """A session whose answers are written beforehand."""

    def __init__(self, *answers: requests.Response | Exception) -> None:
        super().__init__()
        self.answers: Iterator[requests.Response | Exception] = iter(answers)
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        self.sent.append((str(method), str(url), kwargs))
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def wire_answer(status: int, body: object = None, **headers: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer._content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


def graph_error(status: int, code: str, message: str = "", **headers: str) -> requests.Response:
    return wire_answer(status, {"error": {"code": code, "message": message}}, **headers)


def refused_connection() -> requests.ConnectionError:
    pool = HTTPSConnectionPool("graph.example")
    return requests.ConnectionError(MaxRetryError(pool, "/", NewConnectionError(pool, "refused")))  # type: ignore[arg-type]


def client(*answers: requests.Response | Exception) -> tuple[GraphClient, Wire, Tokens, MovedClock]:
    wire, tokens, clock = Wire(*answers), Tokens(), MovedClock()
    return GraphClient(BASE, tokens, wire, clock), wire, tokens, clock


def read(*answers: requests.Response | Exception, seconds: float = 30) -> dict[str, Any]:
    graph, _, _, clock = client(*answers)
    return graph.call("GET", "applications", Deadline.after(clock, seconds)).body


def create(*answers: requests.Response | Exception, seconds: float = 30) -> dict[str, Any]:
    graph, _, _, clock = client(*answers)
    return graph.call("POST", "applications", Deadline.after(clock, seconds), body={}, creates=True).body


OK = {"id": "1"}


@pytest.mark.parametrize(
    "failed",
    [
        graph_error(429, "TooManyRequests", Retry_After="1"),
        graph_error(503, "Service_ServiceUnavailable"),
        wire_answer(502, b"<html>bad gateway</html>"),
        wire_answer(504),
        wire_answer(404, b"<html>"),
        graph_error(404, "Directory_ObjectNotFound", "Unable to read the company information from the directory."),
        wire_answer(200, b'{"cut off'),
        requests.ConnectionError("reset"),
        requests.ReadTimeout(),
        graph_error(409, "Directory_ConcurrencyViolation"),
    ],
)
def test_repeats_a_read_after_a_passing_failure(failed: requests.Response | Exception) -> None:
    assert read(failed, wire_answer(200, OK)) == OK


def test_waits_as_long_as_graph_asks_even_a_fraction() -> None:
    graph, _, _, clock = client(graph_error(429, "TooManyRequests", Retry_After="2.5"), wire_answer(200, OK))
    graph.call("GET", "applications", Deadline.after(clock, 30))
    assert clock.seconds == 2.5


def test_gives_up_at_once_when_graph_asks_for_more_time_than_the_caller_has() -> None:
    graph, wire, _, clock = client(graph_error(429, "TooManyRequests", Retry_After="60"))
    with pytest.raises(Throttled) as raised:
        graph.call("GET", "applications", Deadline.after(clock, 5))
    assert (raised.value.retry_after, clock.seconds, len(wire.sent)) == (60, 0, 1)


def test_what_takes_several_writes_is_not_begun_while_graph_throttles_them() -> None:
    graph, wire, _, clock = client(graph_error(429, "TooManyRequests", Retry_After="20"), wire_answer(201, OK))
    with pytest.raises(Throttled):
        graph.call("PATCH", "applications/1", Deadline.after(clock, 5), body={})
    clock.sleep(8)
    with pytest.raises(Throttled) as raised:
        graph.await_writes(Deadline.after(clock, 5))
    assert (raised.value.retry_after, clock.seconds, len(wire.sent)) == (12, 8, 1)
    graph.await_writes(Deadline.after(clock, 15))
    assert clock.seconds == 20
    graph.await_writes(Deadline.after(clock, 0))


@pytest.mark.parametrize(("method", "path"), [("GET", "applications"), ("POST", "users/audit@contoso.com/sendMail")])
def test_throttled_reads_and_mails_keep_no_write_waiting(method: str, path: str) -> None:
    graph, _, _, clock = client(graph_error(429, "TooManyRequests", Retry_After="20"))
    with pytest.raises(Throttled):
        graph.call(method, path, Deadline.after(clock, 5))
    graph.await_writes(Deadline.after(clock, 1))
    assert clock.seconds == 0


@pytest.mark.duty(58)
def test_never_works_past_the_deadline() -> None:
    graph, wire, _, clock = client(*[wire_answer(503) for _ in range(20)])
    with pytest.raises(Unavailable):
        graph.call("GET", "applications", Deadline.after(clock, 5))
    assert clock.seconds < 5
    assert all(sent[2]["timeout"][0] <= 5 for sent in wire.sent)


def test_makes_no_call_when_no_time_is_left() -> None:
    graph, wire, _, clock = client(wire_answer(200, OK))
    with pytest.raises(DeadlineExceeded):
        graph.call("GET", "applications", Deadline.after(clock, 0))
    assert wire.sent == []


@pytest.mark.duty(57)
@pytest.mark.parametrize(
    "lost",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout(),
        wire_answer(500),
        wire_answer(502, b"<html>"),
        wire_answer(201, b"{"),
        wire_answer(400, b'{"error": {"code": "Request_Bad'),
        wire_answer(404, b"<html>"),
    ],
)
def test_never_repeats_a_creation_whose_answer_was_lost(lost: requests.Response | Exception) -> None:
    with pytest.raises(OutcomeUnknown):
        create(lost, wire_answer(201, OK))


@pytest.mark.parametrize(
    "nothing_happened",
    [
        graph_error(429, "TooManyRequests"),
        graph_error(409, "Directory_ConcurrencyViolation"),
        graph_error(503, "Directory_ConcurrencyViolation"),
        refused_connection(),
        requests.ConnectTimeout(),
    ],
)
def test_repeats_a_creation_that_surely_did_not_happen(nothing_happened: requests.Response | Exception) -> None:
    assert create(nothing_happened, wire_answer(201, OK)) == OK


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (graph_error(400, "Request_BadRequest", "Invalid value specified for property 'web'."), ValueRefused),
        (
            graph_error(400, "Request_BadRequest", "Another object with the same value for property uniqueName already exists."),
            UniqueNameTaken,
        ),
        (graph_error(400, "CredentialInvalidLifetimeAsPerAppPolicy"), PolicyRefused),
        (graph_error(400, "CredentialTypeNotAllowedAsPerAppPolicy"), PolicyRefused),
        (graph_error(403, "Authorization_RequestDenied"), PermissionRefused),
        (graph_error(403, "Directory_QuotaExceeded"), QuotaExceeded),
        (graph_error(400, "Directory_QuotaExceeded"), QuotaExceeded),
        (graph_error(400, "Directory_ResourceSizeExceeded"), SizeExceeded),
        (graph_error(404, "Request_ResourceNotFound"), ObjectMissing),
        (graph_error(409, "Request_MultipleObjectsWithSameKeyValue"), AlreadyExists),
        (graph_error(400, "Request_BadRequest", "x does not reference a valid application object."), NotReplicated),
        (wire_answer(400, {"error": "odd"}), ValueRefused),
        (wire_answer(400, {"error": {"code": "X", "message": {"value": "legacy"}, "details": {"code": "Y"}}}), ValueRefused),
    ],
)
def test_tells_final_failures_apart_by_code_before_status(answer: requests.Response, failure: type[GraphFailure]) -> None:
    graph, wire, _, clock = client(answer)
    with pytest.raises(failure) as raised:
        graph.call("PATCH", "applications(appId='x')", Deadline.after(clock, 30), body={})
    assert type(raised.value) is failure
    assert len(wire.sent) == 1


def test_gives_a_concurrent_write_as_such_when_it_does_not_pass() -> None:
    with pytest.raises(ConcurrentWrite):
        read(*[graph_error(409, "Directory_ConcurrencyViolation") for _ in range(10)])


def test_takes_a_fresh_token_once_after_401() -> None:
    graph, wire, tokens, clock = client(graph_error(401, "InvalidAuthenticationToken"), wire_answer(200, OK))
    graph.call("GET", "applications", Deadline.after(clock, 5))
    assert tokens.asked == [("", None), ("token-1", None)]
    assert [sent[2]["headers"]["Authorization"] for sent in wire.sent] == ["Bearer token-1", "Bearer token-2"]


def test_answers_a_claims_challenge_with_the_claims_that_graph_demands() -> None:
    challenge = 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="'
    graph, _, tokens, clock = client(
        graph_error(401, "InvalidAuthenticationToken", WWW_Authenticate=challenge), wire_answer(200, OK)
    )
    graph.call("GET", "applications", Deadline.after(clock, 5))
    assert tokens.asked[1] == ("token-1", '{"a":1}')


def test_gives_up_when_a_fresh_token_is_refused_too() -> None:
    with pytest.raises(PermissionRefused):
        read(*[graph_error(401, "InvalidAuthenticationToken") for _ in range(2)])


def test_follows_pages_some_of_them_empty() -> None:
    graph, wire, _, clock = client(
        wire_answer(200, {"value": [{"id": "1"}], "@odata.nextLink": f"{BASE}/applications?$skiptoken=a"}),
        wire_answer(200, {"value": [], "@odata.nextLink": f"{BASE}/applications?$skiptoken=b"}),
        wire_answer(200, {"value": [{"id": "2"}]}),
    )
    pages = list(Directory(graph).pages("applications", {"$top": "1"}, Deadline.after(clock, 30)))
    assert pages == [[{"id": "1"}], [], [{"id": "2"}]]
    assert [sent[2]["params"] for sent in wire.sent] == [{"$top": "1"}, None, None]


@pytest.mark.parametrize("link", ["https://evil.example/v1.0/applications", "https://graph.example:444/v1.0/applications"])
def test_takes_no_token_to_another_host_that_a_page_points_to(link: str) -> None:
    graph, wire, _, clock = client(wire_answer(200, {"value": [], "@odata.nextLink": link}))
    with pytest.raises(Unavailable):
        list(Directory(graph).pages("applications", {}, Deadline.after(clock, 30)))
    assert len(wire.sent) == 1


def test_keeps_token_body_and_query_out_of_what_it_says() -> None:
    graph, _, _, clock = client(graph_error(403, "Authorization_RequestDenied"))
    with pytest.raises(PermissionRefused) as raised:
        graph.call("GET", "users", Deadline.after(clock, 5), body={"secretText": "s3cret"}, query={"$filter": "mail eq 'ada'"})
    assert (
        str(raised.value)
        == "GET /v1.0/users answered 403 Authorization_RequestDenied (request-id " + str(raised.value.request_id) + ")"
    )
