"""/kong/...: Kong Konnect creates, renews and deletes its applications here, by its own "HTTP DCR bridge" contract."""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, answer
from shared.http.exchange import Exchange
from shared.http.message import Response


def respond(exchange: Exchange) -> Response:
    return application().kong.answer(exchange)


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, respond, budget=application().budget, pool=CLIENTS)
