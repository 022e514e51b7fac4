"""GET /.well-known/openid-configuration: the same document where OpenID Connect Discovery looks for it."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"GET": lambda request: application().discovery.read(request)})
