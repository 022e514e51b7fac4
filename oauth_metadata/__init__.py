"""GET /.well-known/oauth-authorization-server: the bridge describes itself (RFC 8414)."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"GET": lambda request: application().discovery.read(request)})
