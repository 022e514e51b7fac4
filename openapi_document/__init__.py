"""GET /openapi.json: the description of all doors (OpenAPI 3.1)."""

import azure.functions as func

from shared.application import application
from shared.http.door import Endpoint, answer
from shared.http.exchange import Exchange
from shared.http.message import Response


def read(_: Exchange) -> Response:
    # The models that it is made of are loaded with the first call, and not with the worker.
    from shared.openapi.doors import openapi_answer

    return openapi_answer(application().base_url)


# Seconds.
BUDGET = 10.0
ENDPOINTS: dict[str, Endpoint] = {"GET": read}


async def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return await answer(req, context, ENDPOINTS, budget=BUDGET)
