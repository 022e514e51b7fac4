"""POST /introspect: whether an access token is active, and for whom (RFC 7662)."""

import azure.functions as func

import shared.introspection.endpoint  # noqa: F401 - loaded with the worker, not with the first call
from shared.application import application
from shared.http.door import AsyncHandler, answer_async
from shared.http.message import Request, Response


async def introspect(request: Request) -> Response:
    return await application().introspect(request)


# Which methods there are is a setting, for gateways that can't POST: the use case itself refuses the others.
METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
HANDLERS: dict[str, AsyncHandler] = dict.fromkeys(METHODS, introspect)


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer_async(req, context, HANDLERS)
