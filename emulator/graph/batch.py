"""/$batch: up to twenty requests in one (https://learn.microsoft.com/graph/json-batching)."""

from collections.abc import Callable
from typing import Any

import orjson

from emulator.graph.call import Call, answer
from emulator.graph.errors import bad_request
from emulator.graph.router import Router
from emulator.message import Request, Response

LIMIT = 20
_KEPT = ("content-type", "retry-after", "location")


class Batch:
    """Answers batches. `answer_one` answers each request in them, as if it had come alone."""

    def __init__(self, answer_one: Callable[[Request], Response]) -> None:
        self.answer_one = answer_one

    def add_routes(self, router: Router) -> None:
        """Serve /$batch."""
        router.add("POST", "/$batch", self.run)

    def run(self, call: Call) -> Response:
        """200 with an answer for each request; 424 for one that depends on a failed one."""
        requests = call.body().get("requests")
        if not isinstance(requests, list) or not all(isinstance(item, dict) for item in requests):
            raise bad_request("Invalid batch payload format.")
        ids = [item.get("id") for item in requests]
        if len(requests) > LIMIT:
            raise bad_request(f"Number of batch request steps exceeds the maximum value of {LIMIT}.")
        if None in ids or len(set(ids)) != len(ids):
            raise bad_request("Duplicate or missing request id in the batch.")
        answers: dict[str, dict[str, Any]] = {}
        for item in requests:
            needed = item.get("dependsOn") or []
            if any(other not in answers for other in needed):
                raise bad_request("A request in the batch depends on one that does not come before it.")
            failed = any(answers[other]["status"] >= 400 for other in needed)
            answers[item["id"]] = _failed_dependency(item["id"]) if failed else self._one(call, item)
        return answer(200, {"responses": list(answers.values())})

    def _one(self, call: Call, item: dict[str, Any]) -> dict[str, Any]:
        headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
        body = orjson.dumps(item["body"]) if item.get("body") is not None else b""
        if body and "content-type" not in headers:
            error = {"code": "BadRequest", "message": "Write request id requires a Content-Type header."}
            return {"id": item["id"], "status": 400, "headers": {}, "body": {"error": error}}
        outer = call.request.headers
        headers |= {name: outer[name] for name in ("authorization", "host") if name in outer}
        path, _, query = str(item.get("url", "")).lstrip("/").partition("?")
        response = self.answer_one(Request(str(item.get("method", "")).upper(), f"/v1.0/{path}", query, headers, body))
        kept = {name: value for name, value in response.headers.items() if name.lower() in _KEPT}
        return {"id": item["id"], "status": response.status, "headers": kept, "body": response.json()}


def _failed_dependency(request_id: str) -> dict[str, Any]:
    error = {"code": "FailedDependency", "message": "The request failed because a request it depends on failed."}
    return {"id": request_id, "status": 424, "headers": {}, "body": {"error": error}}
