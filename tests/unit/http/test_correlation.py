"""One correlation id a request: where it comes from, and where it shows."""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import azure.functions as func
import pytest

from shared.correlation import JOURNEY, LOGGERS
from shared.event_log import log_event
from shared.http.door import answer
from shared.http.exchange import Exchange
from shared.http.message import Response, json_response
from tests.unit.http.test_door import Context

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SHARED = Path(__file__).parents[3] / "shared"


def call(endpoint: Callable[[Exchange], Response], **headers: str) -> func.HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = func.HttpRequest("POST", "https://bridge.example.com/register", headers=named, body=b"{}")
    return asyncio.run(answer(request, Context(), {"POST": endpoint}, budget=5))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Context.invocation_id),
        ({"x_correlation_id": "0-mule-1234"}, "0-mule-1234"),
        ({"traceparent": PARENT}, TRACE),
        ({"traceparent": PARENT, "x_correlation_id": "0-mule-1234"}, "0-mule-1234"),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, Context.invocation_id),
        ({"traceparent": "x"}, Context.invocation_id),
        ({"x_correlation_id": 'an "id" with blanks'}, Context.invocation_id),
        ({"x_correlation_id": "a" * 65}, Context.invocation_id),
        ({"x_correlation_id": "line\nend-of-it"}, Context.invocation_id),
    ],
)
def test_the_answer_carries_the_callers_id_or_the_invocations(headers: dict[str, str], expected: str) -> None:
    assert call(lambda _: json_response(200, {}), **headers).headers["x-correlation-id"] == expected


def test_every_line_of_a_request_names_it_once(caplog: pytest.LogCaptureFixture) -> None:
    def endpoint(_: Exchange) -> Response:
        logging.getLogger("bridge.graph").warning("trying again: %s", "POST")
        log_event(logging.getLogger("bridge.registration"), logging.WARNING, "registration", {"action": "register"})
        raise RuntimeError("disk on fire")

    with caplog.at_level(logging.INFO):
        call(endpoint, x_correlation_id="0-mule-1234")
    own = [record.getMessage() for record in caplog.records if record.name.startswith("bridge.")]
    assert len(own) == 3
    assert all(line.count("0-mule-1234") == 1 for line in own)
    assert json.loads(own[1])["correlation_id"] == "0-mule-1234"
    assert isinstance(json.loads(own[1])["milliseconds"], int)


def test_an_event_names_the_calls_of_graph(caplog: pytest.LogCaptureFixture) -> None:
    def endpoint(_: Exchange) -> Response:
        journey = JOURNEY.get()
        assert journey is not None
        journey.note_call("POST /v1.0/applications", 201, "request-1", 0.25)
        log_event(logging.getLogger("bridge.registration"), logging.WARNING, "registration", {})
        return json_response(201, {})

    call(endpoint)
    [record] = [record for record in caplog.records if record.name == "bridge.registration"]
    expected = {"call": "POST /v1.0/applications", "status": 201, "request_id": "request-1", "milliseconds": 250}
    assert json.loads(record.getMessage())["graph"] == [expected]


def test_outside_of_a_request_lines_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("bridge.audit").warning("alone")
    assert caplog.messages == ["alone"]


def test_two_requests_at_once_have_an_id_each() -> None:
    seen: list[str] = []

    def endpoint(_: Exchange) -> Response:
        journey = JOURNEY.get()
        assert journey is not None
        seen.append(journey.id)
        return json_response(200, {})

    async def both() -> None:
        requests = [
            func.HttpRequest("POST", "https://b.example/", headers={"x-correlation-id": f"request-{number}"}, body=b"")
            for number in range(8)
        ]
        await asyncio.gather(*(answer(each, Context(), {"POST": endpoint}, budget=5) for each in requests))

    asyncio.run(both())
    assert sorted(seen) == [f"request-{number}" for number in range(8)]


def test_every_logger_of_the_bridge_is_known() -> None:
    named = set()
    for path in SHARED.rglob("*.py"):
        named |= set(re.findall(r'getLogger\("([^"]+)"\)', path.read_text("utf-8")))
    assert named == set(LOGGERS)
