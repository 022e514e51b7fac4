"""POST /register/{client_id}/new-secret: a client gets a new secret. PUT and PATCH do the same, for portals that can't choose."""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, Endpoint, answer
from shared.http.exchange import Exchange
from shared.http.message import Response


def rotate(exchange: Exchange) -> Response:
    return application().registration.rotate(exchange)


ENDPOINTS: dict[str, Endpoint] = {"POST": rotate, "PUT": rotate, "PATCH": rotate}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=application().budget, pool=CLIENTS)
