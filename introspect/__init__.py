"""POST /introspect: whether an access token is active, and for whom (RFC 7662)."""

import azure.functions as func

import shared.introspection.endpoint  # noqa: F401 - loaded with the worker, not with the first call
from shared.bridge import application
from shared.http.door import AsyncHandler, answer_async
from shared.http.message import Request, Response


async def introspect(request: Request) -> Response:
    return await application().introspect(request)


# GET is for gateways that can't POST; the use case refuses it unless the operator turned it on.
HANDLERS: dict[str, AsyncHandler] = {"POST": introspect, "GET": introspect}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer_async(req, context, HANDLERS)
