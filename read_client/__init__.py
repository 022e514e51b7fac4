"""GET /register/{client_id}: a client's registration is read (RFC 7592 section 2.1).

PUT and DELETE of the same path are functions of their own; all other methods come here, to be told so.
"""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, Endpoint, answer

ENDPOINTS: dict[str, Endpoint] = {"GET": lambda exchange: application().registration.read(exchange)}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=application().budget, pool=CLIENTS, allow=("GET", "PUT", "DELETE"))
