"""GET /audit: what the audit of client secrets finds, as JSON, CSV or a page."""

import azure.functions as func

from shared.application import application
from shared.http.door import Endpoint, answer

# Seconds; the platform's load balancer ends a request after 230.
REPORT_BUDGET = 228.0
ENDPOINTS: dict[str, Endpoint] = {"GET": lambda exchange: application().report(exchange.request)}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=REPORT_BUDGET)
