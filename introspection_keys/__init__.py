"""GET /introspect/keys: the public keys of signed introspection answers (RFC 9701)."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"GET": lambda request: application().introspection_keys(request)})
