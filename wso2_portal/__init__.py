"""/wso2/...: the key manager connectors of WSO2 API Manager register and manage clients here, and get their own access token."""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, answer
from shared.http.exchange import Exchange
from shared.http.message import Response


def respond(exchange: Exchange) -> Response:
    return application().wso2.answer(exchange)


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, respond, budget=application().budget, pool=CLIENTS)
