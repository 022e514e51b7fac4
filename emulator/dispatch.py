"""Takes every request to the service that it is for, and lets faults strike on the way."""

import threading
from collections.abc import Callable, Mapping

from emulator.call_log import CallLog
from emulator.clouds import AUTHORITY_HOSTS, GRAPH_HOSTS
from emulator.fault_answers import graph_error, raw_answer
from emulator.faults import Fault, Faults
from emulator.graph.errors import GraphError
from emulator.graph.listing import Lister
from emulator.graph.service import GraphService
from emulator.message import Request, Response
from emulator.tenant import Tenant

Answer = Callable[[Request], Response]


class Dispatcher:
    """The whole emulator as one function from request to response. One request is answered at a time."""

    def __init__(
        self, tenant: Tenant, graph: GraphService, lister: Lister, sts: Answer, others: Mapping[str, Answer], faults: Faults
    ) -> None:
        self._tenant = tenant
        self._graph = graph
        self._sts = sts
        self._others = others
        self._faults = faults
        self._fault: Fault | None = None
        self._lock = threading.RLock()
        self.log = CallLog()
        graph.intercept = self._raise_graph_error
        graph.batch.answer_one = self._answer_in_batch
        lister.page_fault = self._page_size

    def __call__(self, request: Request) -> Response:
        """Answer `request`. The control surface is neither logged nor struck by faults."""
        with self._lock:
            first = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
            if first == "_emulator":
                return self._others[first](request)
            self._fault = fault = self._faults.strike(request)
            try:
                with self._tenant.consistency.request():
                    response = self._answer(request, first, fault)
            finally:
                self._fault = None
            self.log.note(request, response, self._tenant.clock.time(), fault.kind if fault else "")
            return response

    def _answer(self, request: Request, first: str, fault: Fault | None) -> Response:
        if fault is not None and fault.kind == "reset_before":
            return Response(0, cut="reset")
        service = self._service(request, first)
        if fault is None:
            return service(request)
        raw = raw_answer(fault, self._tenant.clock.now())
        if raw is None and service != self._graph.answer:
            error = graph_error(fault, "")
            raw = Response(error.status, b"", error.headers) if error is not None else None
        response = raw or service(request)
        if fault.kind == "reset_after":
            response.cut = "reset"
        elif fault.kind == "truncated":
            response.cut = "truncate"
        elif fault.kind == "slow":
            response.delay = float(fault.details.get("seconds", 1.0))
        return response

    def _service(self, request: Request, first: str) -> Answer:
        name = request.host.partition(":")[0].lower()
        if name in AUTHORITY_HOSTS:
            return self._sts
        if first in ("v1.0", "oidc") or name in GRAPH_HOSTS:
            return self._graph.answer
        return self._others.get(first, self._sts)

    def _answer_in_batch(self, request: Request) -> Response:
        """Answer a request inside a batch: faults that are error answers strike it on its own."""
        self._fault = fault = self._faults.strike(request)
        with self._tenant.consistency.request():
            response = self._graph.answer(request)
        self.log.note(request, response, self._tenant.clock.time(), fault.kind if fault else "")
        return response

    def _raise_graph_error(self) -> None:
        fault = self._fault
        if fault is None or fault.kind == "page":
            return
        # The requests inside a batch ask again; what struck the batch does not strike them.
        self._fault = None
        error: GraphError | None = graph_error(fault, f"https://{self._tenant.cloud.authority_hosts[0]}")
        if error is not None:
            raise error

    def _page_size(self) -> int | None:
        fault = self._fault
        return int(fault.details.get("size", 0)) if fault is not None and fault.kind == "page" else None
