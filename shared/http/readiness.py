"""`/health` and `/health/ready`: whether the process answers, and whether it can reach what it needs."""

import logging
from collections.abc import Callable, Mapping

from shared.errors import NotFound
from shared.http.message import Request, Response, json_response

logger = logging.getLogger("bridge.http")

# A check returns nothing when all is well and raises whatever went wrong.
type Check = Callable[[], object]


class Readiness:
    """Answers probes. `checks` are by the name that a probe shows; why one fails goes to the log alone, since anyone may ask."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def read(self, request: Request) -> Response:
        """GET: 200 with {"status": "ok"}; `/health/ready` makes the checks too and answers 503 where one fails."""
        probe = request.params.get("probe", "live").lower()
        if probe not in {"live", "ready"}:
            raise NotFound("the probes are /health, /health/live and /health/ready")
        if probe == "live":
            return json_response(200, {"status": "ok"})
        results = {name: self._passes(name, check) for name, check in self._checks.items()}
        ready = all(results.values())
        checks = {name: "ok" if passed else "failing" for name, passed in results.items()}
        return json_response(200 if ready else 503, {"status": "ok" if ready else "failing", "checks": checks})

    def _passes(self, name: str, check: Check) -> bool:
        try:
            check()
        except Exception as failure:
            logger.warning("the readiness check %s fails: %s: %s", name, type(failure).__name__, failure)
            return False
        return True
