"""DELETE /register/{client_id}: a client is removed (RFC 7592 section 2.3)."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"DELETE": lambda request: application().registration.delete(request)})
