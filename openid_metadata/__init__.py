"""GET /.well-known/openid-configuration: the same document where OpenID Connect Discovery looks for it."""

import azure.functions as func

from shared.application import application
from shared.http.door import Endpoint, answer

# Seconds.
BUDGET = 6.0
ENDPOINTS: dict[str, Endpoint] = {"GET": lambda exchange: application().discovery.read(exchange.request)}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=BUDGET)
