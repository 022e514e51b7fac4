"""DELETE /register/{client_id}: a client is removed (RFC 7592 section 2.3)."""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, Endpoint, answer

ENDPOINTS: dict[str, Endpoint] = {"DELETE": lambda exchange: application().registration.delete(exchange)}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=application().budget, pool=CLIENTS, allow=("GET", "PUT", "DELETE"))
