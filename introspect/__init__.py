"""POST /introspect: whether an access token is active, and for whom (RFC 7662)."""

import azure.functions as func

from shared.bridge import application
from shared.http.door import answer_async
from shared.http.message import Request, Response


async def introspect(request: Request) -> Response:
    return await application().introspection.handle(request)


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer_async(req, context, {"POST": introspect, "GET": introspect})
