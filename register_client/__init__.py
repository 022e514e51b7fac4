"""POST /register: a client is registered (RFC 7591 section 3).

GET, PUT and DELETE of /register?client_id=... manage one (RFC 7592), for portals that don't put the id into the path.
"""

import azure.functions as func

from shared.application import application
from shared.http.door import Handler, answer

HANDLERS: dict[str, Handler] = {
    "POST": lambda request: application().registration.register(request),
    "GET": lambda request: application().registration.read(request),
    "PUT": lambda request: application().registration.update(request),
    "DELETE": lambda request: application().registration.delete(request),
}


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, HANDLERS)
