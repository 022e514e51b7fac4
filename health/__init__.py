"""GET /health and /health/ready: whether the bridge runs, and whether it can reach what it needs."""

from threading import Thread

import azure.functions as func

from shared.application import announce, application
from shared.http.door import Endpoint, answer

# Seconds.
BUDGET = 10.0
ENDPOINTS: dict[str, Endpoint] = {"GET": lambda exchange: application().readiness.read(exchange.request)}

# The worker loads every function when it starts: this is where a wrong setting is told, without keeping the others waiting.
Thread(target=announce, name="settings check", daemon=True).start()


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=BUDGET)
