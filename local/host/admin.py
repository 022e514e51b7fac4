"""The host's own paths: /admin/host/ping, /admin/host/status, POST /admin/functions/<name>, and the home page.

Azure/azure-functions-host: HostController.cs, FunctionsController.cs, HomepageMiddleware.cs. Of the admin API only what a
developer needs by hand is here: whether the host is up, and to run a timer function now. Everything else under /admin and
/runtime is 404.
"""

import asyncio
import json
import logging
from importlib.metadata import version
from uuid import uuid4

from local.host.keys import HostKeys
from local.host.request import HostRequest
from local.host.response import HostResponse, empty_response
from local.host.timers import Timers

_RESERVED = ("/admin", "/runtime")
_logger = logging.getLogger("bridge.local.host")


def is_reserved(path: str) -> bool:
    """True for the paths that never reach a function."""
    lower = path.lower()
    return lower.startswith(_RESERVED) and (lower in _RESERVED or lower.startswith(("/admin/", "/runtime/")))


def home_page(is_shown: bool) -> HostResponse:
    """The answer at "/" where no function's route is there; none with the setting AzureWebJobsDisableHomepage."""
    if not is_shown:
        return HostResponse(204)
    page = "<!DOCTYPE html><html><head><title>Local Functions host</title></head><body><p>The app is running.</p></body></html>"
    return HostResponse(200, [("Content-Type", "text/html")], page.encode())


class AdminPaths:
    """Answers the reserved paths. With `keys`, every one but the ping asks for the master key."""

    def __init__(self, timers: Timers, keys: HostKeys | None) -> None:
        self._timers = timers
        self._keys = keys
        self._instance = uuid4().hex
        self._runs: set[asyncio.Task[None]] = set()

    async def answer(self, request: HostRequest) -> HostResponse:
        """The response for a reserved path."""
        path = request.path.lower().rstrip("/")
        if path == "/admin/host/ping":
            return empty_response(200) if request.method in ("GET", "POST") else empty_response(404)
        if self._keys is not None and not self._keys.allow(request, "admin"):
            return empty_response(401)
        if path == "/admin/host/status" and request.method == "GET":
            return self._status()
        prefix = "/admin/functions/"
        if path.startswith(prefix) and request.method == "POST":
            return self._run_by_hand(path.removeprefix(prefix), request.body)
        return empty_response(404)

    async def finish(self) -> None:
        """Wait for the runs started by hand."""
        await asyncio.gather(*self._runs)

    def _status(self) -> HostResponse:
        status = {
            "id": self._instance,
            "state": "Running",
            "version": version("azure-functions-runtime-v1"),
            "versionDetails": "local host on azure-functions-runtime-v1",
        }
        return HostResponse(200, [("Content-Type", "application/json; charset=utf-8")], json.dumps(status).encode())

    def _run_by_hand(self, name: str, body: bytes) -> HostResponse:
        timer = next((timer for key, timer in self._timers.by_name.items() if key.lower() == name), None)
        if timer is None:
            return empty_response(404)
        try:
            is_invocation = isinstance(json.loads(body), dict)
        except ValueError:
            is_invocation = False
        if not is_invocation:
            return empty_response(400)

        async def run() -> None:
            await self._timers.run(timer)

        task = asyncio.create_task(run())
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        return empty_response(202)
