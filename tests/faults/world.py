"""Entra that lags and fails, and one worker of the bridge after the other, all on one virtual clock."""

import logging
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest.mock import patch

import requests

from emulator.faults import Fault
from emulator.server import EntraEmulator
from emulator.transport import InProcessAdapter
from shared.graph import client as graph_client
from shared.graph.session import DirectorySession
from shared.http.exchange import SOCKETS
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.policy import Policy
from shared.retry import Deadline
from tests.faults.scheduler import Scheduler, SimulatedCondition
from tests.faults.simulated import SimulatedClock
from tests.functional.registration.bridge import PORTAL, EmulatorCredential, configuration, credential

FEDERATED_ISSUER = "https://workloads.example.com"
# Portals beside the usual one: clients of the first are known by their software ids, those of the second by all their metadata,
# those of the third await approval.
SOFTWARE_PORTAL = "Bearer software-portal-credential-0123456789"
SHARING_PORTAL = "Bearer sharing-portal-credential-0123456789"
APPROVAL_PORTAL = "Bearer approval-portal-credential-0123456789"
# What the directory session allows for one receive where its caller names no time.
USUAL_TIMEOUT = 5.0
# Seconds that a call to Microsoft takes on either side of being carried out.
FASTEST, SLOWEST = 0.01, 0.15
GRACE = 1800
TENANT = "7d1f3c1e-5a0b-4c7e-9a53-1d2b8f4e6a90"
START = datetime(2026, 11, 22, 3, tzinfo=UTC)
OVERLAP = 3 * 3600


class FaultyAdapter(InProcessAdapter):
    """Takes calls to the emulator, in which time goes by, workers end and doors cut sockets."""

    def __init__(self, world: "World") -> None:
        self._world = world
        super().__init__(world.emulator.answer, lambda: world.emulator.faults.strike("connection"), self._pass_time)

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        world = self._world
        if world.scheduler.current is None:
            return super().send(request, timeout=timeout)
        world.calls += 1
        number = world.calls
        self._pass_time(world.dice.uniform(FASTEST, SLOWEST))
        world.end_worker_at(number, "before")
        try:
            answer = super().send(request, timeout=timeout or (USUAL_TIMEOUT, USUAL_TIMEOUT))
        finally:
            world.end_worker_at(number, "after")
        self._pass_time(world.dice.uniform(FASTEST, SLOWEST))
        return answer

    def _pass_time(self, seconds: float) -> None:
        """Wait, unless the exchange that this thread works for is cut."""
        scheduler, sockets = self._world.scheduler, SOCKETS.get()
        if scheduler.current is None:
            return
        if sockets is None:
            scheduler.sleep(seconds)
        else:
            scheduler.wait(lambda: sockets.were_cut, seconds)
            if sockets.were_cut:
                raise requests.ConnectionError("the caller's time is over")


class StallingSession(DirectorySession):
    """The bridge's session; now and then a thread gets no processor for a while after its answer has come."""

    def __init__(self, world: "World") -> None:
        super().__init__(verify=True)
        self._world = world
        self.trust_env = False
        self.mount("https://", FaultyAdapter(world))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        answer = super().request(*args, **kwargs)
        self._world.learn_secrets(answer)
        if self._world.scheduler.current is not None and self._world.dice.random() < self._world.stalls:
            self._world.scheduler.sleep(self._world.dice.choice((0.02, 0.1, 0.5, 3.0)))
        return answer


class LogWatch(logging.Handler):
    """Keeps what the bridge logs, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        # Members that log_event adds are part of the line for whoever collects logs.
        more = {name: value for name, value in vars(record).items() if name not in _RECORD_MEMBERS}
        self.lines.append(self.format(record) + (f" {more}" if more else ""))


_RECORD_MEMBERS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@cache
def usual_configuration(lagging: str) -> RegistrationConfiguration:
    policy = Policy(federated_issuers=frozenset({FEDERATED_ISSUER}))
    policies = {
        "default": policy,
        "by software": replace(policy, one_client_per_software=True),
        "by content": replace(policy, share_public_clients="localhost"),
        "by approval": replace(policy, requires_approval=True),
    }
    portals = (
        credential("portal", PORTAL),
        credential("software", SOFTWARE_PORTAL, "by software"),
        credential("sharing", SHARING_PORTAL, "by content"),
        credential("approval", APPROVAL_PORTAL, "by approval"),
    )
    usual = configuration()._replace(policies=policies, static_credentials=portals, access_token_grace=GRACE)
    return usual._replace(when_lagging="refuse" if lagging == "refuse" else "complete")


class World:
    """The tenant, the time, and what goes wrong. Use it as a context manager through `simulated`."""

    def __init__(self, seed: int, lag: tuple[float, float], stalls: float, lagging: str) -> None:
        self.dice = random.Random(seed)
        self.stalls = stalls
        self.configuration = usual_configuration(lagging)
        self.emulator = EntraEmulator(tenant_id=TENANT, seed=seed, lag=lag)
        self.scheduler = Scheduler(START.timestamp())
        # Exact: a sum of offsets would end a little before the moment that somebody waits for.
        self.emulator.clock._source = self.scheduler.now
        self.clock = SimulatedClock(self.scheduler, self.emulator)
        self.account = self.emulator.add_caller("bridge", roles=["Application.ReadWrite.OwnedBy"])
        self.api = self.emulator.add_resource_api("Orders API", "api://orders")
        self.session = StallingSession(self)
        self.log = LogWatch()
        self._uuids = random.Random(seed)
        self._administrator = EmulatorCredential(self.emulator, "administrator", "Application.ReadWrite.All")
        self.calls = 0
        self.kill_at: tuple[int, str] | None = None
        self.on_kill: Callable[[], None] = lambda: None
        self.hits: Counter[str] = Counter()
        # Texts of which none may be in the log.
        self.secrets = {str(self.account.client_secret)}

    def approve(self, client_id: str) -> bool:
        """An administrator tries to enable the service principal of a client; whether it is enabled then."""
        # People see what is there, and look again where they don't.
        share, self.emulator.consistency.replica_share = self.emulator.consistency.replica_share, 0.0
        try:
            headers = {"Authorization": f"Bearer {self._administrator.token(Deadline.after(self.clock, 60))}"}
            url = f"https://graph.microsoft.com/v1.0/servicePrincipals(appId='{client_id}')"
            self.emulator.session().patch(url, json={"accountEnabled": True}, headers=headers)
        except (OSError, ValueError, KeyError):
            # Faults strike administrators too.
            pass
        finally:
            self.emulator.consistency.replica_share = share
        principal = self.emulator.directory.service_principal_of(client_id)
        return principal is not None and bool(principal.state.get("accountEnabled"))

    def end_worker_at(self, number: int, when: str) -> None:
        """Kill the worker if this is the call that was chosen for it."""
        if self.kill_at == (number, when):
            self.kill_at = None
            self.on_kill()

    def learn_secrets(self, answer: requests.Response) -> None:
        """Note what may not be logged."""
        if b"secretText" in answer.content or b"access_token" in answer.content:
            try:
                found = answer.json()
            except ValueError:
                return
            entries = [found, *(found.get("passwordCredentials") or [])] if isinstance(found, dict) else []
            self.secrets.update(str(e[name]) for e in entries for name in ("secretText", "access_token") if e.get(name))

    def strike(self, faults: list[dict[str, Any]]) -> list[Fault]:
        return [self.emulator.faults.add(**fault) for fault in faults]

    def calm(self) -> None:
        """No further faults; what was written arrives in its own time."""
        for fault in self.emulator.faults.all:
            self.hits[fault.kind] += fault.hits
        self.emulator.faults.clear()
        self.stalls = 0.0

    def reseed(self, seed: str) -> None:
        """All dice anew, so that a step draws the same whatever steps are left out before it."""
        self.dice.seed(seed)
        graph_client.JITTER.seed(seed)
        self.emulator.consistency._random.seed(seed)
        self._uuids.seed(seed)

    @contextmanager
    def simulated(self) -> Iterator["World"]:
        """Within, the bridge's threads and waits are the scheduler's."""
        scheduler = self.scheduler

        class SimulatedThread:
            def __init__(self, *, target: Any, args: tuple[Any, ...] = (), name: str = "", daemon: bool = True) -> None:
                self._name, self._target, self._args = name, target, args

            def start(self) -> None:
                current = scheduler.current
                scheduler.spawn(self._name, lambda: self._target(*self._args), current.group if current else None)

        def wait_for(futures: Any, timeout: float) -> None:
            (future,) = futures
            actor = scheduler.current
            if actor is not None:
                future.add_done_callback(lambda _: scheduler.wake(actor))
            scheduler.wait(future.done, timeout)

        def make_uuid() -> uuid.UUID:
            return uuid.UUID(int=self._uuids.getrandbits(128), version=4)

        loggers = [logging.getLogger(name) for name in ("bridge", "msal", "urllib3")]
        before = [(logger, logger.level, logger.propagate) for logger in loggers]
        with ExitStack() as stack:
            stack.enter_context(patch("shared.graph.credential.Thread", SimulatedThread))
            stack.enter_context(patch("shared.graph.credential.Condition", lambda: SimulatedCondition(scheduler)))
            stack.enter_context(patch("shared.http.refreshed.wait", wait_for))
            stack.enter_context(patch("uuid.uuid4", make_uuid))
            for logger in loggers:
                logger.addHandler(self.log)
                logger.setLevel(logging.INFO)
                logger.propagate = False
            try:
                yield self
            finally:
                for logger, level, propagates in before:
                    logger.removeHandler(self.log)
                    logger.setLevel(level)
                    logger.propagate = propagates
