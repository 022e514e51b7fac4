"""POST /register/{client_id}/new-secret: a client gets a new secret. PUT and PATCH do the same, for portals that can't choose."""

import azure.functions as func

from shared.application import application
from shared.http.door import Handler, answer
from shared.http.message import Request, Response


def rotate(request: Request) -> Response:
    return application().registration.rotate(request)


HANDLERS: dict[str, Handler] = {"POST": rotate, "PUT": rotate, "PATCH": rotate}


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, HANDLERS)
