"""GET /health and /health/ready: whether the bridge runs, and whether it can reach what it needs."""

from threading import Thread

import azure.functions as func

from shared.application import announce, application
from shared.http.door import answer

# The worker loads every function when it starts: this is where a wrong setting is told, without keeping the others waiting.
Thread(target=announce, name="settings check", daemon=True).start()


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer(req, context, {"GET": lambda request: application().readiness.read(request)})
