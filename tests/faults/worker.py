"""One worker of the bridge in the simulated world: its use cases, its memory, its work behind the answers, and its door."""

import base64
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from shared.audit.actions.prune import Prune
from shared.audit.actions.repair import Finish
from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditConfiguration, AuditRules
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.run import Audit
from shared.errors import OAuthError, TemporarilyUnavailable
from shared.graph.client import GraphClient
from shared.graph.clouds import Cloud
from shared.graph.credential import MsalCredential
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure
from shared.graph.identity import ClientSecretIdentity
from shared.graph.lookups import GraphLookup
from shared.graph.tenant_rules import CredentialRules
from shared.http.documents import UnusableDocument, check_location
from shared.http.door import MARGIN, RENDERING
from shared.http.exchange import SOCKETS, Exchange
from shared.http.message import Request, Response, error_response
from shared.introspection.callers import FORM
from shared.introspection.configuration import (
    Caller,
    IntrospectionConfiguration,
    IntrospectionOptions,
    RevocationOptions,
    SecretCaller,
    TrustedTenant,
)
from shared.introspection.endpoint import Introspection
from shared.registration.configuration import RegistrationContext
from shared.registration.endpoint import RegistrationService
from shared.registration.finishing import RegistrationFinisher
from shared.registration.memory import WorkerMemory
from shared.retry import Deadline
from shared.secret import Secret
from tests.faults.simulated import SimulatedBackground, SimulatedExecutor
from tests.faults.world import OVERLAP, World
from tests.functional.registration.bridge import FakeEntraTokens

AUTHORITY = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"
GATEWAY_SECRET = "gateway-secret-0123456789"
# What a thread that lost its door may still take before it ends.
LATE = 3.6


@dataclass(eq=False, slots=True)
class Call:
    """One request and what became of it. `status` is 0 where no answer went out; `ended` when its thread did."""

    began: float
    worker: "Worker"
    status: int = 0
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    answered: float | None = None
    ended: float | None = None
    crash: str = ""
    # Called at the moment of the answer.
    watch: Callable[["Call"], None] = lambda _: None

    @property
    def unfinished(self) -> bool:
        """Whether something can still become of it."""
        return not self.worker.dead and (self.answered is None or self.ended is None)


class Worker:
    """Starts with nothing in its memory. `dead` once it was killed."""

    def __init__(self, world: World) -> None:
        self.world, self.dead = world, False
        scheduler, clock = world.scheduler, world.clock
        cloud = Cloud("public", AUTHORITY, GRAPH)
        identity = ClientSecretIdentity(world.account.client_id, Secret(world.account.client_secret or ""))
        self.credential = MsalCredential(identity, world.emulator.tenant_id, cloud, world.session, clock)
        self.graph = GraphClient(f"{GRAPH}/v1.0", self.credential, world.session, clock)
        self.directory = Directory(self.graph)
        self.background = SimulatedBackground(scheduler, clock, self)
        self.configuration = world.configuration
        context = RegistrationContext(
            self.configuration, self.directory, clock, self.background, WorkerMemory(clock), CredentialRules
        )
        self.service = RegistrationService(context, FakeEntraTokens)
        self.finisher = RegistrationFinisher(context)
        self.introspection = self._introspection()

    def kill(self) -> None:
        """The worker ends: threads, queue and memory are gone, no answer goes out."""
        self.dead = True
        self.world.scheduler.kill(self)

    # Requests, as a door hands them over

    def request(self, request: Request, handler: Callable[[Exchange], Response], budget: float = 0) -> Call:
        """Begin a request; `shared.http.door.Pool` is the model."""
        scheduler, clock = self.world.scheduler, self.world.clock
        call = Call(scheduler.now(), self)
        deadline = Deadline.after(clock, (budget or self.configuration.budget) - MARGIN)
        exchange = Exchange(request, deadline)

        def answer(response: Response) -> None:
            if call.answered is None and not self.dead:
                call.status, call.body, call.headers = response.status, response.body, dict(response.headers)
                call.answered = scheduler.now()
                call.watch(call)

        def work() -> None:
            SOCKETS.set(exchange.sockets)
            try:
                response = handler(exchange)
            except OAuthError as error:
                response = error_response(error)
            except Exception as failure:
                call.crash = f"{type(failure).__name__}: {failure}"
                response = Response(500)
            answer(response)
            call.ended = scheduler.now()

        def give_up() -> None:
            if call.answered is None:
                late = TemporarilyUnavailable("the directory did not answer in time")
                answer(exchange.fallback or error_response(late))

        def expire() -> None:
            if call.answered is not None or self.dead:
                return
            if exchange.expire():
                give_up()
                scheduler.wake(actor)
            else:
                scheduler.call_at(scheduler.now() + RENDERING, give_up)

        actor = scheduler.spawn(request.method, work, self)
        scheduler.call_at(call.began + deadline.remaining(), expire)
        return call

    def manage(
        self,
        method: str,
        client_id: str,
        authorization: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        rotate: bool = False,
    ) -> Call:
        """A request of RFC 7591 or RFC 7592."""
        sent = {"authorization": authorization, **({"content-type": "application/json"} if body else {}), **(headers or {})}
        path = "/register" + (f"/{client_id}" if client_id else "") + ("/new-secret" if rotate else "")
        request = Request(method, path, sent, {}, {"client_id": client_id} if client_id else {}, body)
        usual = {"POST": "register", "GET": "read", "PUT": "update", "DELETE": "delete"}
        handler: Callable[[Exchange], Response] = getattr(self.service, "rotate" if rotate else usual[method])
        return self.request(request, handler)

    def introspect(self, token: str) -> Call:
        """A gateway asks about a token."""
        basic = base64.b64encode(f"gateway:{GATEWAY_SECRET}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": FORM}
        request = Request("POST", "/introspect", headers, body=urlencode({"token": token}).encode())
        now = self.world.clock.now

        def handler(exchange: Exchange) -> Response:
            SOCKETS.set(None)
            return self.introspection.handle(exchange.request, now().timestamp())

        return self.request(request, handler, budget=30)

    def _introspection(self) -> Introspection:
        tenant_id = self.world.emulator.tenant_id
        caller = Caller("gateway", frozenset({self.world.api.app_id}))
        configuration = IntrospectionConfiguration(
            tenants=(TrustedTenant(tenant_id, AUTHORITY),),
            callers=(SecretCaller(caller, (hashlib.sha256(GATEWAY_SECRET.encode()).digest(),)),),
            options=IntrospectionOptions(revocation=RevocationOptions("client", tenant_id=tenant_id)),
        )
        session = self.world.session

        def read(url: str, host: str) -> object:
            check_location(url, host)
            answer = session.get(url, timeout=5)
            if answer.status_code != 200:
                raise UnusableDocument(f"{url} answered {answer.status_code}")
            return answer.json()

        lookup = GraphLookup(self.directory, self.world.clock)
        executor = SimulatedExecutor(self.world.scheduler, self)
        return Introspection(configuration, read, directory=lookup, executor=executor)

    # Timers

    def audit(self, *, prune: bool, finish: bool) -> None:
        """A run of the audit, as an actor of its own."""
        clients = ClientLists(self.directory, self.configuration.bridge_tag, GRAPH)
        rules = AuditRules(overlap=timedelta(seconds=OVERLAP), settling=timedelta(minutes=2))
        pruning = Prune(
            clients,
            self.directory,
            200,
            rules=rules,
            spacing=timedelta(seconds=10),
            deliveries=Deliveries(Destinations(), {}),
        )
        actions = [*([Finish(clients, self.directory, 50)] if finish else []), *([pruning] if prune else [])]
        audit = Audit(AuditConfiguration(rules=rules), clients, self.world.clock, actions, lambda: ())
        self.world.scheduler.spawn("audit", lambda: audit.run(540), self)

    def finish_registrations(self) -> None:
        """The small timer, as an actor of its own."""

        def work() -> None:
            with suppress(GraphFailure):
                self.finisher.finish(Deadline.after(self.world.clock, 240))

        self.world.scheduler.spawn("timer", work, self)
