"""The frame of every door: the platform's request in, our request to one use case, its answer or its error out.

The Functions host itself would answer a wrong method with an empty 404, an exception with an empty 500, and drop a chunked body
without a word. Callers of OAuth endpoints need better, so each function takes all methods and answers for itself.
"""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import azure.functions as func

from shared.environment import InvalidSettings
from shared.errors import LengthRequired, MethodNotAllowed, OAuthError, ServerError
from shared.http.message import Request, Response, error_response

logger = logging.getLogger("bridge.http")

NOT_CONFIGURED = ServerError("the bridge is not configured; its log names the settings")
BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})

type Handler = Callable[[Request], Response]
type AsyncHandler = Callable[[Request], Awaitable[Response]]


def answer(platform: func.HttpRequest, context: func.Context, handlers: dict[str, Handler]) -> func.HttpResponse:
    """Answer a request by the handler of its method. Nothing is raised; `handlers` are by upper-case method."""
    try:
        handle = _choose(handlers, platform.method)
        return _render(handle(_receive(platform)))
    except OAuthError as error:
        return _refuse(error, platform, context)
    except InvalidSettings as invalid:
        return _refuse(NOT_CONFIGURED, platform, context, str(invalid))
    except Exception:
        return _fail(platform, context)


async def answer_async(platform: func.HttpRequest, context: func.Context, handlers: dict[str, AsyncHandler]) -> func.HttpResponse:
    """As `answer`, for handlers that are coroutines."""
    try:
        handle = _choose(handlers, platform.method)
        return _render(await handle(_receive(platform)))
    except OAuthError as error:
        return _refuse(error, platform, context)
    except InvalidSettings as invalid:
        return _refuse(NOT_CONFIGURED, platform, context, str(invalid))
    except Exception:
        return _fail(platform, context)


def _choose[H](handlers: dict[str, H], method: str) -> H:
    handler = handlers.get(method.upper())
    if handler is None:
        raise MethodNotAllowed(tuple(handlers))
    return handler


def _receive(platform: func.HttpRequest) -> Request:
    body = platform.get_body()
    headers = dict(platform.headers)
    if not body and "transfer-encoding" in headers and platform.method not in BODILESS:
        # The host hands a chunked body to no Python function; RFC 9110 section 15.5.12 has the answer for it.
        raise LengthRequired("send the body with a Content-Length; a chunked body can't be read here")
    return Request(platform.method.upper(), urlsplit(platform.url).path, headers, platform.params, platform.route_params, body)


def _render(response: Response) -> func.HttpResponse:
    # A Content-Type among the headers is sent as it is: JSON without a charset, as some policies insist on.
    return func.HttpResponse(response.body, status_code=response.status, headers=response.headers)


def _refuse(error: OAuthError, platform: func.HttpRequest, context: func.Context, detail: str = "") -> func.HttpResponse:
    level = logging.ERROR if error.status >= 500 else logging.INFO
    cause = "" if error.__cause__ is None else str(error.__cause__)
    more = "; ".join(text for text in (detail, error.detail, cause) if text)
    path = urlsplit(platform.url).path
    text = "%s %s answered %d %s: %s [%s] (correlation id %s)"
    logger.log(level, text, platform.method, path, error.status, error.error, error.description, more, context.invocation_id)
    return _render(error_response(error))


def _fail(platform: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    path = urlsplit(platform.url).path
    logger.exception("%s %s failed (correlation id %s)", platform.method, path, context.invocation_id)
    error = ServerError(f"the bridge failed; its log tells more under the correlation id {context.invocation_id}")
    return _render(error_response(error))
