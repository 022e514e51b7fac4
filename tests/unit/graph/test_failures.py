"""What an answer of Graph or the token service means, by its code; and what the log says of it."""

from typing import Any

import pytest
import requests

from shared.graph.client import GraphClient, follow_pages
from shared.graph.clouds import Cloud
from shared.graph.credential import PERMISSION_CODES
from shared.graph.directory import Directory
from shared.graph.errors import (
    GraphFailure,
    NotReplicated,
    PermissionRefused,
    Unavailable,
    ValueRefused,
    as_line,
    failure_of,
    root_cause,
)
from shared.graph.secret_probe import SecretProbe
from shared.retry import Deadline
from shared.secret import Secret
from tests.unit.graph.test_client import BASE, MovedClock, Tokens, Wire, graph_error, refused_connection, wire_answer

ABSENT = "does not reference a valid application object."


def failure(status: int, body: Any) -> GraphFailure:
    return failure_of("PATCH /v1.0/applications/1", status, body, "r-1", None)


def test_the_log_gets_call_status_code_sentence_and_request_id() -> None:
    found = failure(400, {"error": {"code": "Request_BadRequest", "message": "Invalid value\nspecified."}})
    expected = "PATCH /v1.0/applications/1 answered 400 Request_BadRequest: Invalid value specified. (request-id r-1)"
    assert str(found) == expected
    assert found.reason == "Invalid value\nspecified."
    silent = failure_of("GET /v1.0/x", 502, "<html>", "", 3.0)
    assert str(silent) == "GET /v1.0/x answered 502 without a Graph error (request-id none)"
    assert (silent.retry_after, silent.code) == (3.0, "")
    assert str(failure(400, {"error": {"code": "X"}})) == "PATCH /v1.0/applications/1 answered 400 X (request-id r-1)"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "Request_BadRequest", NotReplicated),
        (403, "Authorization_RequestDenied", NotReplicated),
        (503, "Service_ServiceUnavailable", Unavailable),
    ],
)
def test_an_object_that_replicas_lack_is_told_by_its_sentence_where_a_refusal_says_it(
    status: int, code: str, kind: type[GraphFailure]
) -> None:
    assert type(failure(status, {"error": {"code": code, "message": ABSENT}})) is kind
    other = failure(status, {"error": {"code": code, "message": "something else"}})
    assert type(other) is not NotReplicated


def test_a_long_text_is_cut() -> None:
    assert as_line("x" * 300) == "x" * 300
    assert as_line("x" * 301) == "x" * 300 + "..."
    assert as_line("a\x1b[2Jb") == "a [2Jb"


@pytest.mark.parametrize(
    "body", [{"value": "no list"}, {"value": [], "@odata.nextLink": 7}, {"value": {}, "@odata.nextLink": None}]
)
def test_a_page_that_is_none_is_an_outage(body: dict[str, Any]) -> None:
    graph = GraphClient(BASE, Tokens(), Wire(wire_answer(200, body)), clock := MovedClock())
    pages = follow_pages(lambda link, query: graph.call("GET", link, Deadline.after(clock, 5), query=query), "applications", {})
    with pytest.raises(Unavailable, match="is no list"):
        list(pages)


def test_json_and_text_are_sent_as_what_they_are() -> None:
    wire, clock = Wire(wire_answer(200, {}), wire_answer(200, {})), MovedClock()
    graph = GraphClient(BASE, Tokens(), wire, clock)
    graph.call("POST", "applications", Deadline.after(clock, 5), body={"displayName": "x"})
    graph.call("POST", "users/a/sendMail", Deadline.after(clock, 5), text="bWFpbA==")
    (_, _, json_call), (_, _, text_call) = wire.sent
    assert "Content-Type" not in json_call["headers"]
    assert json_call["json"] == {"displayName": "x"}
    assert (text_call["headers"]["Content-Type"], text_call["data"], text_call["json"]) == ("text/plain", "bWFpbA==", None)
    assert json_call["headers"]["Accept"] == "application/json"
    assert json_call["headers"]["client-request-id"] != text_call["headers"]["client-request-id"]


@pytest.mark.parametrize(("sentence", "done"), [("No password credential found with keyId.", True), ("Invalid value.", False)])
def test_a_secret_that_is_not_there_counts_as_removed_and_nothing_else_does(sentence: str, done: bool) -> None:
    clock = MovedClock()
    directory = Directory(GraphClient(BASE, Tokens(), Wire(graph_error(400, "Request_BadRequest", sentence)), clock))
    if done:
        directory.remove_password("a", "k", Deadline.after(clock, 5))
        return
    with pytest.raises(ValueRefused):
        directory.remove_password("a", "k", Deadline.after(clock, 5))


def test_a_name_is_quoted_for_the_path() -> None:
    clock = MovedClock()
    wire = Wire(wire_answer(200, {"id": "1"}))
    Directory(GraphClient(BASE, Tokens(), wire, clock)).read_application_by_unique_name("o'clock/5", Deadline.after(clock, 5))
    assert wire.sent[0][1] == f"{BASE}/applications(uniqueName='o%27%27clock%2F5')"


# learn.microsoft.com/entra/identity-platform/reference-error-codes
RIGHT_SECRET = (50105, 53000, 53003, 65001, 500011, 501051)
NO_HOPE = (
    *(50034, 53003, 65001, 70011, 90002, 500011, 700016, 700027, 700030),
    *(7000112, 7000215, 7000216, 7000222, 7000229),
)


def test_refusals_that_waiting_does_not_mend() -> None:
    assert frozenset(NO_HOPE) == PERMISSION_CODES


def probe(answer: requests.Response | Exception) -> str:
    cloud = Cloud("public", "https://login.example", "https://graph.example")
    return SecretProbe(Wire(answer), cloud, "tenant").refusal("client", Secret("s"), Deadline.after(MovedClock(), 5))


@pytest.mark.parametrize("code", RIGHT_SECRET)
def test_a_refusal_that_only_a_right_secret_gets_proves_it(code: int) -> None:
    assert probe(wire_answer(400, {"error": "invalid_grant", "error_codes": [code]})) == ""


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (wire_answer(200, {"access_token": "t"}), ""),
        (wire_answer(200, {"access_token": ""}), "status 200"),
        (wire_answer(401, {"error_codes": [7000215]}), "AADSTS7000215"),
        (wire_answer(401, {"error_codes": []}), "status 401"),
        (wire_answer(401, {"error_codes": "7000215"}), "AADSTS7"),
        (wire_answer(502, b"<html>"), "status 502"),
        (wire_answer(200, b"[]"), "status 200"),
        (requests.ConnectTimeout(), "ConnectTimeout"),
    ],
)
def test_a_probe_says_what_kept_the_secret_from_being_taken(answer: requests.Response | Exception, refusal: str) -> None:
    assert probe(answer) == refusal


def test_a_permission_that_is_refused_is_one() -> None:
    assert isinstance(failure(403, {"error": {"code": "Authorization_RequestDenied", "message": "no"}}), PermissionRefused)


def test_what_is_at_the_bottom_of_a_failure_is_told() -> None:
    assert root_cause(refused_connection()).startswith("NewConnectionError: ")
    deep = ValueError("top")
    deep.__cause__ = OSError("bottom")
    assert root_cause(deep) == "OSError: bottom"
    assert root_cause(requests.ConnectionError(OSError("inside"))) == "OSError: inside"
    assert root_cause(ValueError("alone\nwith a line")) == "ValueError: alone with a line"
    hidden = ValueError("told")
    hidden.__context__, hidden.__suppress_context__ = OSError("hidden"), True
    assert root_cause(hidden) == "ValueError: told"
    before = ValueError("told")
    before.__context__ = OSError("before")
    assert root_cause(before) == "OSError: before"
