"""GET /health and /health/ready: whether the bridge runs, and whether it can reach what it needs."""

import azure.functions as func

from shared.application import application
from shared.http.door import Endpoint, answer

# Seconds.
BUDGET = 10.0
ENDPOINTS: dict[str, Endpoint] = {"GET": lambda exchange: application().health(exchange.request)}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=BUDGET)
