"""Takes every request to the service that it is for, and lets faults strike on the way."""

import threading
from collections.abc import Callable, Mapping

from emulator.call_log import CallLog
from emulator.clouds import AUTHORITY_HOSTS, GRAPH_HOSTS
from emulator.fault_answers import change_response, changed_request, graph_error, raw_answer, token_answer
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
            service = self._service(request, first)
            name = "graph" if service == self._graph.answer else "token" if service == self._sts else "other"
            self._fault = fault = self._faults.strike(name, request)
            try:
                with self._tenant.consistency.request():
                    response = self._answer(request, service, fault)
            finally:
                self._fault = None
            self.log.note(request, response, self._tenant.clock.time(), fault.kind if fault else "")
            return response

    def _answer(self, request: Request, service: Answer, fault: Fault | None) -> Response:
        if fault is None:
            return service(request)
        if fault.kind == "reset_before":
            return Response(0, cut="reset")
        if fault.kind == "hang" and fault.details.get("before"):
            return Response(0, cut="hang", pace=float(fault.details.get("seconds", 60.0)))
        now = self._tenant.clock.now()
        instead = raw_answer(fault, now)
        if instead is None and service != self._graph.answer:
            instead = token_answer(fault, now, request.host or self._tenant.cloud.authority_hosts[0])
        response = instead or service(changed_request(fault, request))
        change_response(fault, response, self._tenant.keys.active.kid)
        return response

    def _service(self, request: Request, first: str) -> Answer:
        name = request.host.partition(":")[0].lower()
        if name in AUTHORITY_HOSTS:
            return self._sts
        if first in ("v1.0", "beta", "oidc") or name in GRAPH_HOSTS:
            return self._graph.answer
        return self._others.get(first, self._sts)

    def _answer_in_batch(self, request: Request) -> Response:
        """Answer a request inside a batch: faults that are error answers strike it on its own."""
        self._fault = fault = self._faults.strike("graph", request, in_batch=True)
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
