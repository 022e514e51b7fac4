"""GET /health and /health/ready: whether the bridge runs, and whether it can reach what it needs."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"GET": lambda request: application().health(request)})
