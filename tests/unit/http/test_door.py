"""The frame of every door: what callers see when a request can't reach a use case, or the use case fails."""

import asyncio
import json
import logging
from collections.abc import Callable

import azure.functions as func
import pytest

from shared.errors import InvalidToken, TemporarilyUnavailable
from shared.http.door import answer, answer_async
from shared.http.message import Request, Response, json_response


class Context(func.Context):
    """The invocation context that the worker passes."""

    invocation_id = "11111111-2222-4333-8444-555555555555"
    function_name = "f"
    function_directory = "f"
    thread_local_storage = None  # type: ignore[assignment]
    trace_context = None  # type: ignore[assignment]
    retry_context = None  # type: ignore[assignment]


def call(handle: Callable[[Request], Response], method: str = "POST", body: bytes = b"{}", **headers: str) -> func.HttpResponse:
    request = func.HttpRequest(
        method,
        "https://bridge.example.com/register/c1?x=1",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        params={"x": "1"},
        route_params={"client_id": "c1"},
        body=body,
    )
    return answer(request, Context(), {"POST": handle, "GET": handle})


def never(request: Request) -> Response:
    raise AssertionError("not to be called")


def test_hands_over_method_path_query_route_headers_and_body() -> None:
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return json_response(200, {})

    call(handle, body=b'{"a":1}', content_type="application/json; charset=utf-8")
    [request] = seen
    assert (request.method, request.path, request.query["x"], request.params["client_id"]) == ("POST", "/register/c1", "1", "c1")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.media_type == "application/json"
    assert request.body == b'{"a":1}'


@pytest.mark.duty(73)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_answers_405_with_allow_to_a_method_the_path_does_not_take(method: str) -> None:
    found = call(never, method)
    assert found.status_code == 405
    assert found.headers["Allow"] == "POST, GET"
    assert json.loads(found.get_body())["error"] == "invalid_request"


def test_answers_411_to_a_chunked_body_which_the_host_dropped() -> None:
    found = call(never, body=b"", transfer_encoding="chunked")
    assert found.status_code == 411
    assert json.loads(found.get_body()) == {
        "error": "invalid_request",
        "error_description": "send the body with a Content-Length; a chunked body can't be read here",
    }


def test_answers_an_oauth_error_with_its_status_headers_and_both_members() -> None:
    def refuse(request: Request) -> Response:
        raise InvalidToken("the token is for another client")

    found = call(refuse)
    assert found.status_code == 401
    assert found.headers["WWW-Authenticate"].startswith('Bearer realm="entra-dcr-bridge", error="invalid_token"')
    assert json.loads(found.get_body()) == {"error": "invalid_token", "error_description": "the token is for another client"}


@pytest.mark.duty(56)
def test_lets_no_cache_keep_an_error() -> None:
    def refuse(request: Request) -> Response:
        raise TemporarilyUnavailable("later", retry_after=7)

    found = call(refuse)
    assert (found.headers["Cache-Control"], found.headers["Pragma"], found.headers["Retry-After"]) == (
        "no-store",
        "no-cache",
        "7",
    )


def test_keeps_the_media_type_free_of_a_charset() -> None:
    found = call(lambda request: json_response(200, {}))
    assert found.headers["Content-Type"] == "application/json"


def test_answers_500_with_a_correlation_id_and_logs_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: Request) -> Response:
        raise RuntimeError("disk on fire")

    found = call(fail)
    assert found.status_code == 500
    body = json.loads(found.get_body())
    assert body["error"] == "server_error"
    assert Context.invocation_id in body["error_description"]
    assert "disk on fire" not in body["error_description"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert Context.invocation_id in record.getMessage()
    assert record.exc_info is not None


def test_logs_the_detail_and_the_cause_of_an_error_that_callers_do_not_see(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(request: Request) -> Response:
        raise TemporarilyUnavailable("the directory can't be reached", detail="quota at 250") from RuntimeError(
            "Directory_QuotaExceeded"
        )

    found = call(refuse)
    assert b"quota" not in found.get_body()
    assert "quota at 250" in caplog.text
    assert "Directory_QuotaExceeded" in caplog.text


@pytest.mark.duty(64)
def test_keeps_an_error_description_within_the_characters_that_rfc_6749_allows() -> None:
    def refuse(request: Request) -> Response:
        raise InvalidToken('a "quoted" \\ name: Bj\u00f6rn\u202e\n')

    description = json.loads(call(refuse).get_body())["error_description"]
    assert description == "a 'quoted' ' name: Bj?rn??"


async def _async(platform: func.HttpRequest) -> func.HttpResponse:
    async def handle(request: Request) -> Response:
        if request.body:
            raise InvalidToken
        return json_response(200, {})

    return await answer_async(platform, Context(), {"POST": handle})


@pytest.mark.parametrize(("method", "body", "status"), [("POST", b"", 200), ("POST", b"x", 401), ("GET", b"", 405)])
def test_frames_a_coroutine_the_same_way(method: str, body: bytes, status: int) -> None:
    found = asyncio.run(_async(func.HttpRequest(method, "https://h.example/introspect", body=body)))
    assert found.status_code == status
