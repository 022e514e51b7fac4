"""GET /audit: what the audit of client secrets finds, as JSON, CSV or a page."""

import azure.functions as func

from shared.application import application
from shared.http.door import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"GET": lambda request: application().report(request)})
