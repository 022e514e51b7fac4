"""POST /introspect: whether an access token is active, and for whom (RFC 7662)."""

import azure.functions as func

import shared.introspection.endpoint  # noqa: F401 - loaded with the worker, not with the first call
from shared.application import application
from shared.http.door import answer_async


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    # Which methods there are is a setting, for gateways that can't POST: the endpoint itself refuses the others.
    return await answer_async(req, context, application().introspect)
