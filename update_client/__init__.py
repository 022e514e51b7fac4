"""PUT /register/{client_id}: a client's registration is replaced (RFC 7592 section 2.2)."""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, Endpoint, answer

ENDPOINTS: dict[str, Endpoint] = {"PUT": lambda exchange: application().registration.update(exchange)}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=application().budget, pool=CLIENTS, allow=("GET", "PUT", "DELETE"))
