"""PUT /register/{client_id}: a client's registration is replaced (RFC 7592 section 2.2)."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"PUT": lambda request: application().registration.update(request)})
