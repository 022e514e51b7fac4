"""The frame of every door: the platform's request in, an exchange to one endpoint, its answer or its error out.

The Functions host itself would answer a wrong method with an empty 404, an exception with an empty 500, and drop a chunked body
without a word. Callers of OAuth endpoints need better, so each function takes all methods and answers for itself.

Functions are coroutines. Endpoints that wait for Graph run in threads of the app's own (`Pool`), since the worker's pool may be
smaller than its setting says, and the door answers at the deadline whether or not they have come back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func

from shared.clock import SystemClock
from shared.correlation import HEADER, JOURNEY, Journey, correlate_logs, correlation_id
from shared.environment import InvalidSettings
from shared.errors import (
    InvalidRequest,
    LengthRequired,
    MethodNotAllowed,
    OAuthError,
    ServerError,
    TemporarilyUnavailable,
)
from shared.http.exchange import SOCKETS, Exchange
from shared.http.message import Request, Response, error_response
from shared.retry import Deadline
from shared.telemetry import TRACE_PARENT, wake

logger = logging.getLogger("bridge.http")
correlate_logs()

BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Seconds of a budget that are kept for giving the answer.
MARGIN = 0.1
# Seconds that an endpoint which has claimed its exchange may take to render its answer.
RENDERING = 0.15

type Endpoint = Callable[[Exchange], Response]
type AsyncEndpoint = Callable[[Request], Awaitable[Response]]


class Pool:
    """Threads for endpoints that block. A thread that hangs where no socket can be cut (name resolution) is lost for a while;
    from half of them on, callers are turned away at once instead of being kept waiting in vain."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most_abandoned = threads // 2
        self._abandoned = 0
        self._lock = Lock()

    async def answer(self, endpoint: Endpoint, exchange: Exchange, context: func.Context) -> Response:
        """The endpoint's answer, or at the exchange's deadline what it secured. Raises what the endpoint raises, and
        TemporarilyUnavailable where the time is over and nothing was secured."""
        if self._abandoned >= self._most_abandoned:
            raise TemporarilyUnavailable("the bridge is waiting for its directory", detail="threads hang in name resolution")
        future = self._executor.submit(copy_context().run, _work, endpoint, exchange, context)
        waiting = asyncio.wrap_future(future)
        await asyncio.wait([waiting], timeout=max(0.0, exchange.deadline.remaining()))
        if not waiting.done() and not exchange.expire():
            await asyncio.wait([waiting], timeout=RENDERING)
        if waiting.done():
            return await waiting
        # Its outcome is looked at in the thread; the loop need not complain that nobody here does.
        waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if not future.cancel():
            self._abandon(future)
        if exchange.fallback is not None:
            return exchange.fallback
        raise TemporarilyUnavailable("the directory did not answer in time", detail="the request's time is over")

    def _abandon(self, future: Future[Response]) -> None:
        with self._lock:
            self._abandoned += 1
        future.add_done_callback(self._recover)

    def _recover(self, future: Future[Response]) -> None:
        with self._lock:
            self._abandoned -= 1
        failure = future.exception()
        if failure is not None:
            logger.info("a request that was answered at its deadline ended later: %s: %s", type(failure).__name__, failure)


def _work(endpoint: Endpoint, exchange: Exchange, context: func.Context) -> Response:
    """In the pool's thread. The host drops log lines that carry no invocation, so the thread is told which one it works for."""
    storage: Any = context.thread_local_storage
    if storage is not None:
        storage.invocation_id = context.invocation_id
    SOCKETS.set(exchange.sockets)
    return endpoint(exchange)


# Registration and the management of clients; and everything else that may block.
CLIENTS = Pool("clients", 16)
OTHERS = Pool("others", 4)


async def answer(
    platform: func.HttpRequest,
    context: func.Context,
    endpoints: Mapping[str, Endpoint] | Endpoint,
    *,
    budget: float,
    pool: Pool = OTHERS,
    allow: Sequence[str] = (),
) -> func.HttpResponse:
    """Answer a request by the endpoint of its method within `budget` seconds. Nothing is raised.

    `endpoints` are by upper-case method; HEAD is answered as GET without a body (RFC 9110 section 9.3.2). `allow` names the
    methods that the path takes where other functions share it. A single endpoint has several paths and judges methods itself.
    """
    deadline = Deadline.after(SystemClock(), budget - MARGIN)

    async def respond(request: Request) -> Response:
        endpoint = endpoints if callable(endpoints) else _choose(endpoints, request.method, allow)
        return await pool.answer(endpoint, Exchange(request, deadline), context)

    return await _framed(platform, context, respond)


async def answer_async(platform: func.HttpRequest, context: func.Context, endpoint: AsyncEndpoint) -> func.HttpResponse:
    """As `answer`, for an endpoint that is a coroutine and judges the method itself."""
    return await _framed(platform, context, endpoint)


async def _framed(platform: func.HttpRequest, context: func.Context, respond: AsyncEndpoint) -> func.HttpResponse:
    # Each invocation is a task of its own, so that nothing need be set back.
    journey = Journey(correlation_id(platform.headers, context.invocation_id))
    JOURNEY.set(journey)
    TRACE_PARENT.set(trace_parent_of(context))
    try:
        response = await respond(_receive(platform))
    except OAuthError as error:
        response = _refuse(error, platform)
    except InvalidSettings as invalid:
        refusal = ServerError("the bridge is not configured; its log names the settings", detail=str(invalid))
        response = _refuse(refusal, platform)
    except Exception:
        response = _fail(platform, journey.id)
    wake()
    body = b"" if platform.method.upper() == "HEAD" else response.body
    # A Content-Type among the headers is sent as it is: JSON without a charset, as some policies insist on.
    return func.HttpResponse(body, status_code=response.status, headers={**response.headers, HEADER: journey.id})


def trace_parent_of(context: func.Context) -> str:
    """The host's span of an invocation; empty where the host traces nothing."""
    return str(getattr(context.trace_context, "trace_parent", None) or "")


def _choose(endpoints: Mapping[str, Endpoint], method: str, allow: Sequence[str]) -> Endpoint:
    endpoint = endpoints.get(method) or (endpoints.get("GET") if method == "HEAD" else None)
    if endpoint is None:
        taken = list(allow or endpoints)
        raise MethodNotAllowed((*taken, "HEAD") if "GET" in taken and "HEAD" not in taken else tuple(taken))
    return endpoint


def _receive(platform: func.HttpRequest) -> Request:
    body = platform.get_body()
    headers = dict(platform.headers)
    method = platform.method.upper()
    if not body and "transfer-encoding" in headers and method not in BODILESS:
        # The host hands a chunked body to no Python function; RFC 9110 section 15.5.12 has the answer for it.
        raise LengthRequired("send the body with a Content-Length; a chunked body can't be read here")
    return Request(method, _path(platform), headers, platform.params, platform.route_params, body)


def _path(platform: func.HttpRequest) -> str:
    try:
        return str(urlsplit(platform.url).path)
    except ValueError:
        raise InvalidRequest("the request's URL or Host header is malformed") from None


def _refuse(error: OAuthError, platform: func.HttpRequest) -> Response:
    level = logging.ERROR if error.status >= 500 else logging.INFO
    cause = "" if error.__cause__ is None else str(error.__cause__)
    more = "; ".join(dict.fromkeys(text for text in (error.detail, cause) if text))
    logger.log(level, "%s answered %d %s: %s [%s]", _called(platform), error.status, error.error, error.description, more)
    return error_response(error)


def _fail(platform: func.HttpRequest, own_id: str) -> Response:
    logger.exception("%s failed", _called(platform))
    return error_response(ServerError(f"the bridge failed; its log tells more under the correlation id {own_id}"))


def _called(platform: func.HttpRequest) -> str:
    """Method and path for the log. A path's last segment may be a token that somebody pasted, so a long one is cut."""
    try:
        path = str(urlsplit(platform.url).path)
    except ValueError:
        path = "?"
    return f"{platform.method} {'/'.join(part if len(part) <= 64 else part[:8] + '...' for part in path.split('/'))}"
