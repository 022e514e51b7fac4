"""POST /register: a client is registered (RFC 7591 section 3).

GET, PUT and DELETE of /register?client_id=... manage one (RFC 7592), for portals that don't put the id into the path.
"""

import azure.functions as func

from shared.application import application
from shared.http.door import CLIENTS, Endpoint, answer

ENDPOINTS: dict[str, Endpoint] = {
    "POST": lambda exchange: application().registration.register(exchange),
    "GET": lambda exchange: application().registration.read(exchange),
    "PUT": lambda exchange: application().registration.update(exchange),
    "DELETE": lambda exchange: application().registration.delete(exchange),
}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=application().budget, pool=CLIENTS, allow=("POST",))
