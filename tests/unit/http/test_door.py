"""The frame of every door: what callers see when a request can't reach a use case, or the use case fails."""

import asyncio
import json
import logging
from collections.abc import Callable
from threading import Event

import azure.functions as func
import pytest

from shared.errors import InvalidRequest, InvalidToken, MethodNotAllowed, OAuthError, ServerError, TemporarilyUnavailable
from shared.http.door import OTHERS, Pool, answer, answer_async
from shared.http.exchange import Exchange
from shared.http.message import Request, Response, json_response
from tests.wire.patience import eventually


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
    endpoints = {"POST": lambda exchange: handle(exchange.request), "GET": lambda exchange: handle(exchange.request)}
    return asyncio.run(answer(request, Context(), endpoints, budget=5))


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
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_answers_405_with_allow_to_a_method_the_path_does_not_take(method: str) -> None:
    found = call(never, method)
    assert found.status_code == 405
    assert found.headers["Allow"] == "POST, GET, HEAD"
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


@pytest.mark.parametrize("method", ["HEAD", "head"])
def test_answers_head_as_get_without_the_body(method: str) -> None:
    found = call(lambda request: json_response(200, {"status": "ok"}), method)
    assert (found.status_code, found.get_body()) == (200, b"")
    assert found.headers["Content-Type"] == "application/json"


def test_names_the_methods_of_the_path_where_other_functions_share_it() -> None:
    request = func.HttpRequest("PATCH", "https://h.example/register/c1", body=b"")
    endpoints = {"GET": lambda exchange: never(exchange.request)}
    found = asyncio.run(answer(request, Context(), endpoints, budget=5, allow=("GET", "PUT")))
    assert found.headers["Allow"] == "GET, PUT, HEAD"


def test_a_malformed_host_is_the_callers_mistake() -> None:
    request = func.HttpRequest("GET", "https://[/register/c1", body=b"")
    found = asyncio.run(answer(request, Context(), {"GET": lambda exchange: never(exchange.request)}, budget=5))
    assert found.status_code == 400


def test_a_token_that_was_pasted_into_the_path_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(exchange: Exchange) -> Response:
        raise InvalidToken

    token = "dcr1.k1." + "s3cret" * 30
    request = func.HttpRequest("GET", f"https://h.example/register/{token}", body=b"")
    with caplog.at_level(logging.INFO):
        asyncio.run(answer(request, Context(), {"GET": refuse}, budget=5))
    assert "/register/dcr1.k1..." in caplog.text
    assert "s3cret" not in caplog.text


class Hanging:
    """An endpoint that comes back when it is let go."""

    def __init__(self) -> None:
        self.release, self.ended = Event(), Event()
        self.claimed: list[bool] = []
        self.secured: Response | None = None

    def __call__(self, exchange: Exchange) -> Response:
        if self.secured is not None:
            exchange.secure(self.secured)
        self.release.wait(20)
        self.claimed.append(exchange.claim())
        self.ended.set()
        return json_response(201, {"late": True})


def at_the_deadline(endpoint: Hanging, pool: Pool = OTHERS) -> func.HttpResponse:
    request = func.HttpRequest("POST", "https://h.example/register", body=b"")
    return asyncio.run(answer(request, Context(), {"POST": endpoint}, budget=1.0, pool=pool))


def test_answers_503_at_the_deadline_and_the_endpoint_learns_that_it_lost() -> None:
    endpoint = Hanging()
    found = at_the_deadline(endpoint)
    assert (found.status_code, found.headers["Retry-After"]) == (503, "5")
    endpoint.release.set()
    assert endpoint.ended.wait(20)
    assert endpoint.claimed == [False]


def test_answers_what_was_secured_at_the_deadline() -> None:
    endpoint = Hanging()
    endpoint.secured = json_response(201, {"client_id": "c1"})
    found = at_the_deadline(endpoint)
    endpoint.release.set()
    assert (found.status_code, json.loads(found.get_body())) == (201, {"client_id": "c1"})


def test_an_endpoint_that_claims_in_time_answers() -> None:
    endpoint = Hanging()
    endpoint.release.set()
    assert json.loads(at_the_deadline(endpoint).get_body()) == {"late": True}
    assert endpoint.claimed == [True]


def test_turns_callers_away_at_once_while_half_of_the_threads_hang() -> None:
    pool, endpoints = Pool("test", 4), [Hanging(), Hanging(), Hanging()]
    for endpoint in endpoints[:2]:
        at_the_deadline(endpoint, pool)
    found = at_the_deadline(endpoints[2], pool)
    assert found.status_code == 503
    assert json.loads(found.get_body())["error_description"] == "the bridge is waiting for its directory"
    assert not endpoints[2].claimed
    for endpoint in endpoints[:2]:
        endpoint.release.set()
        assert endpoint.ended.wait(20)
    # A thread counts as free a moment after its endpoint ended.
    endpoints[2].release.set()
    eventually(lambda: json.loads(at_the_deadline(endpoints[2], pool).get_body()), lambda body: body == {"late": True})


async def _async(platform: func.HttpRequest) -> func.HttpResponse:
    async def handle(request: Request) -> Response:
        if request.method != "POST":
            raise MethodNotAllowed(("POST",))
        if request.body:
            raise InvalidToken
        return json_response(200, {})

    return await answer_async(platform, Context(), handle)


@pytest.mark.parametrize(("method", "body", "status"), [("POST", b"", 200), ("POST", b"x", 401), ("GET", b"", 405)])
def test_frames_a_coroutine_the_same_way(method: str, body: bytes, status: int) -> None:
    found = asyncio.run(_async(func.HttpRequest(method, "https://h.example/introspect", body=body)))
    assert found.status_code == status


@pytest.mark.parametrize(("error", "level"), [(ServerError("it failed"), "ERROR"), (InvalidRequest("no body"), "INFO")])
def test_only_the_bridges_own_failures_are_logged_as_errors(
    error: OAuthError, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    def refuse(request: Request) -> Response:
        raise error

    call(refuse)
    assert [record.levelname for record in caplog.records if error.description in record.getMessage()] == [level]
