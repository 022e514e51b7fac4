"""A local Functions host: runs a v1-model function app the way Azure does, on this machine, without Azure or Core Tools.

The worker half is Microsoft's own code (see worker.py); the host half is what the modules here rebuild, each from the source that
it names.
Not imitated: the function timeout, retries, concurrency limits, EasyAuth, and every trigger but HTTP and timer.
"""

import os
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from local.host.admin import AdminPaths, home_page, is_reserved
from local.host.asgi import AsgiFront
from local.host.configuration import read_configuration
from local.host.description import FunctionDescription, read_descriptions
from local.host.keys import HostKeys
from local.host.request import HostRequest
from local.host.response import HostResponse, empty_response, response_of
from local.host.routes import Route, RouteTable
from local.host.server import serving
from local.host.timers import Clock, FunctionFailed, Timers
from local.host.worker import child_trace_parent, invoke_function, load_function, start_worker


class FunctionsHost:
    """One function app, loaded. May be used as a context, which closes it.

    `settings` become environment variables, as app settings do, and are taken back by `close`. Without `keys` every call is let
    through whatever its authLevel. A function that cannot be loaded does not keep the app from starting: see `functions`.
    """

    def __init__(
        self,
        app_directory: Path,
        settings: Mapping[str, str] | None = None,
        *,
        keys: HostKeys | None = None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        """Raises ValueError or FileNotFoundError for a host.json that cannot be used."""
        self.app_directory = app_directory.resolve()
        self.configuration = read_configuration(self.app_directory, {**os.environ, **(settings or {})})
        self._before = {name: os.environ.get(name) for name in settings or {}}
        os.environ.update(settings or {})
        self.functions: list[FunctionDescription] = read_descriptions(self.app_directory, os.environ)
        self.routes = RouteTable(self.functions, self.configuration.route_prefix)
        self.timers = Timers(self.functions, clock)
        self._keys = keys
        self._admin = AdminPaths(self.timers, keys)
        self._started = threading.Event()
        self._is_on_path = start_worker(self.app_directory)
        for function in self.functions:
            if function.index_error is None:
                function.worker_error = load_function(function)
        self.asgi = AsgiFront(self.answer, self._start, self._stop, self.configuration.body_limit)

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> HostResponse:
        """Send a request to the host without a socket. `target` is path and query, encoded.

        Host and Content-Length are added as any HTTP client does; give `Transfer-Encoding: chunked` to send the body without
        a length.
        """
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        names = {name.lower() for name, _ in pairs}
        if "host" not in names:
            pairs.append(("Host", "localhost"))
        if body and not names & {"content-length", "transfer-encoding"}:
            pairs.append(("Content-Length", str(len(body))))
        path, _, query = target.partition("?")
        if len(body) > self.configuration.body_limit:
            return empty_response(500)
        return await self.answer(HostRequest.received(method, path, query, pairs, body))

    async def answer(self, request: HostRequest) -> HostResponse:
        """The response to a request that was received."""
        if is_reserved(request.path):
            response = await self._admin.answer(request)
        else:
            found = self.routes.find(request.method.upper(), request.path)
            if found is not None:
                response = await self._call(request, *found)
            elif request.path == "/":
                response = home_page(self.configuration.is_home_page_shown)
            else:
                response = empty_response(404)
        for name, value in self.configuration.custom_headers:
            response.add_if_absent(name, value)
        if self.configuration.strict_transport_security and request.scheme == "https":
            response.add_if_absent("Strict-Transport-Security", self.configuration.strict_transport_security)
        return response

    async def run_timer(self, name: str, *, is_past_due: bool = False) -> None:
        """Run a timer function now.

        Raises KeyError if there is none of that name, FunctionFailed if it is not loaded or fails.
        """
        timer = self.timers.by_name[name]
        if timer.function.load_error is not None:
            raise FunctionFailed(timer.function.load_error)
        outcome = await self.timers.run(timer, is_past_due)
        if outcome.failure is not None:
            raise FunctionFailed(outcome.failure)

    async def drain(self) -> None:
        """Wait for the runs that were started by hand over the admin path, on this loop."""
        await self._admin.finish()

    def serving(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve on the loopback address in another thread, timers on their schedules; the context gets the URL."""
        return serving(self.asgi, self._started, port)

    def close(self) -> None:
        """Give the environment and the import path back as they were."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._before = {}
        if self._is_on_path and str(self.app_directory) in sys.path:
            sys.path.remove(str(self.app_directory))
        self._is_on_path = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def _call(self, request: HostRequest, route: Route, values: dict[str, str]) -> HostResponse:
        function = route.function
        if self._keys is not None and not self._keys.allow(request, route.auth_level, function.name):
            return empty_response(401)
        if function.disabled or function.index_error is not None:
            return empty_response(404)
        if function.worker_error is not None:
            return empty_response(500)
        headers = request.headers
        trace_parent = child_trace_parent(headers.get("traceparent"))
        outcome = await invoke_function(function, request.for_worker(values), trace_parent, headers.get("tracestate", ""))
        if outcome.failure is not None:
            return empty_response(500)
        returned = outcome.returned
        for binding in function.bindings:
            if binding.name in outcome.outputs and binding.type.lower() == "http":
                returned = outcome.outputs[binding.name]
        return response_of(returned)

    async def _start(self) -> None:
        self.timers.start()
        self._started.set()

    async def _stop(self) -> None:
        await self._admin.finish()
        await self.timers.stop()
