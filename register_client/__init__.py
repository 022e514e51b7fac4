"""POST /register: a client is registered (RFC 7591 section 3)."""

import azure.functions as func

from shared.bridge import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"POST": lambda request: application().registration.register(request)})
