"""Carries out a sequence: its steps, then a while in which everything settles, then the promises."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.bodies import headers_of, kind_of, metadata_of, portal_of
from tests.faults.breaches import Violation
from tests.faults.ledger import Client, Ledger, Registration
from tests.faults.promises import Judge
from tests.faults.steps import Sequence, Step
from tests.faults.worker import Call, Worker
from tests.faults.world import World

# Seconds: how long a request may take to end, with its thread, and how often the timer runs.
LONGEST_REQUEST = 60.0
TIMER = 300.0
ROUNDS = 3


@dataclass(slots=True)
class Outcome:
    """What a sequence came to."""

    violations: list[Violation] = field(default_factory=list)
    declared: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list, repr=False)
    calls: list[str] = field(default_factory=list, repr=False)


def run_sequence(sequence: Sequence) -> Outcome:
    """Carry it out in a world of its own."""
    return Run(sequence).carry_out()


class Run:
    """One sequence under way."""

    def __init__(self, sequence: Sequence) -> None:
        self.sequence = sequence
        self.world = World(sequence.seed, sequence.lag, sequence.stalls, sequence.lagging)
        self.world.emulator.consistency.credential_write_window = sequence.window
        for name, value in sequence.assumptions.items():
            setattr(self.world.emulator.assumptions, name, value)
        self.ledger = Ledger(self.world)
        self.outcome = Outcome()
        self.judge = Judge(self.world, self.ledger, self.outcome.declared)
        self.world.on_kill = self._kill

    def carry_out(self) -> Outcome:
        """Steps, settling, promises."""
        world = self.world
        with world.simulated():
            world.reseed(f"{self.sequence.seed}")
            self.worker = Worker(world)
            try:
                for step in self.sequence.steps:
                    self._take(step)
                self._settle()
                self.judge.judge(self.worker)
            finally:
                self.worker.kill()
        self.outcome.violations = self.judge.violations
        self.outcome.hits = world.hits
        self.outcome.log = world.log.lines
        start = world.emulator.requests[0].at if world.emulator.requests else 0
        self.outcome.calls = [
            f"{call.at - start:9.3f} {call.method:6} {call.path[:110]} {call.status} {call.outcome}"
            for call in world.emulator.requests
        ]
        return self.outcome

    # Steps

    def _take(self, step: Step) -> None:
        world = self.world
        world.reseed(f"{self.sequence.seed}/{step.number}")
        world.strike([dict(fault) for fault in step.faults])
        if step.kill is not None:
            number, when = step.kill
            world.kill_at = (world.calls + number, when)
        self._begin(step)
        if step.together is not None:
            world.scheduler.run_until(world.scheduler.now() + step.offset)
            self._begin(step.together)
        world.scheduler.run_while(self._is_busy, LONGEST_REQUEST)
        world.scheduler.run_until(world.scheduler.now() + step.pause)
        world.kill_at = None
        self._replace_dead_worker()
        self.ledger.observe()

    def _is_busy(self) -> bool:
        return any(call.unfinished for _, call in self.ledger.calls[-2:])

    def _kill(self) -> None:
        self.outcome.done["killed"] += 1
        self.judge.deaths.append(self.world.scheduler.now())
        self.worker.kill()

    def _replace_dead_worker(self) -> None:
        if self.worker.dead:
            self.worker = Worker(self.world)

    def _begin(self, step: Step) -> None:
        self._replace_dead_worker()
        self.outcome.done[step.what] += 1
        match step.what:
            case "wait":
                return
            case "restart":
                self._kill()
                self._replace_dead_worker()
            case "audit":
                self.worker.audit(prune=True, finish=False)
                self.ledger.pruned.append(self.world.scheduler.now())
            case "finish":
                self.worker.finish_registrations()
            case "register":
                self._register(step)
            case _:
                client = self._client_of(step)
                if client is not None:
                    getattr(self, f"_{step.what}")(step, client)

    def _client_of(self, step: Step) -> Client | None:
        known = [client for client in self.ledger.clients if any(token.received for token in client.handed)]
        if step.what == "approve":
            known = [client for client in known if client.kind == "approval"]
        return known[step.client % len(known)] if known else None

    def _register(self, step: Step) -> None:
        headers = headers_of(step.key)
        # The same key goes with the same request.
        software_id = f"keyed-{step.key}" if step.key else f"software-{step.number}"
        kind = kind_of(step.kind, step.key)
        body = metadata_of(kind, software_id, f"Client {software_id}", 49152 + step.number)
        call = self.worker.manage("POST", "", portal_of(kind, step.key), json.dumps(body).encode(), headers)
        registration = Registration(step, call, software_id)
        self.ledger.registrations.append(registration)

        def watch(answered: Call) -> None:
            if answered.status == 201:
                information = json.loads(answered.body)
                registration.client_id = str(information["client_id"])
                client = self.ledger.client_of(information, kind, portal_of(kind, step.key))
                self.ledger.note_information(client, answered, not step.lost)
                self.judge.on_registration(client)

        self._watch(step, call, watch)

    def _read(self, step: Step, client: Client) -> None:
        authorization, newest = self._authorization(step, client)
        call = self.worker.manage("GET", client.client_id, authorization)
        self._watch_client(step, call, client, newest)

    def _update(self, step: Step, client: Client) -> None:
        authorization, newest = self._authorization(step, client)
        name = f"Client {client.software_id} {step.number}"
        body = metadata_of(client.kind, client.software_id, name) | {"client_id": client.client_id}
        received = [told for told in client.told if told.received]
        echoed = ""
        if step.secret == "other":
            body["client_secret"] = "another-secret-than-all-that-were-given"
        elif step.secret == "current" and received:
            body["client_secret"] = received[-1].text
            held = client.newest()
            echoed = received[-1].text if newest and held is not None and held.secret == received[-1].text else ""
        call = self.worker.manage("PUT", client.client_id, authorization, json.dumps(body).encode())
        client.updates.append((call, name))
        self._watch_client(step, call, client, newest, echoed=echoed)

    def _rotate(self, step: Step, client: Client) -> None:
        authorization, newest = self._authorization(step, client)
        body = json.dumps({"remove_old": True}).encode() if step.remove_old else b""
        call = self.worker.manage("POST", client.client_id, authorization, body, rotate=True)
        if step.remove_old:
            client.removals.append(call)
        self._watch_client(step, call, client, newest)

    def _delete(self, step: Step, client: Client) -> None:
        authorization, newest = self._authorization(step, client)
        call = self.worker.manage("DELETE", client.client_id, authorization)
        client.deletions.append(call)
        self._watch_client(step, call, client, newest)

    def _approve(self, step: Step, client: Client) -> None:
        """An operator lets the client in, as the portal of Entra does it."""
        if self.world.approve(client.client_id):
            client.approvals.append(self.world.scheduler.now())

    def _introspect(self, step: Step, client: Client) -> None:
        secrets = [told.text for told in client.told if told.received]
        token = self.judge.access_token(client.client_id, secrets[-1]) if secrets else ""
        if token:
            client.access_tokens.append(token)
        if client.access_tokens:
            known = client.access_tokens[step.number % len(client.access_tokens)]
            call = self.worker.introspect(known)
            self._watch(step, call, lambda answered: self.judge.on_introspection(client, answered, known))

    def _authorization(self, step: Step, client: Client) -> tuple[str, bool]:
        """What the caller presents, and whether it is the newest that it has."""
        newest = client.newest()
        if step.by == "portal" or newest is None:
            return client.portal, False
        token = newest if step.by == "token" else client.handed[0]
        return f"Bearer {token.text}", token.generation == newest.generation

    def _watch_client(self, step: Step, call: Call, client: Client, newest: bool, *, echoed: str = "") -> None:
        presented = client.newest() if step.by == "token" else client.handed[0] if step.by == "older" else None

        def watch(answered: Call) -> None:
            if presented is not None and step.what in ("read", "update"):
                self.judge.on_information(step, client, answered, presented.secret)
            self.judge.on_management(step, client, answered, newest=newest, echoed=echoed)
            if answered.status == 200:
                self.ledger.note_information(client, answered, not step.lost)

        self._watch(step, call, watch)

    def _watch(self, step: Step, call: Call, watch: Any) -> None:
        def both(answered: Call) -> None:
            self.judge.on_answer(step, answered)
            watch(answered)

        call.watch = both
        self.ledger.calls.append((step, call))

    # Afterwards

    def _settle(self) -> None:
        """No more faults. The worker goes on, and the timer runs as it does."""
        world = self.world
        world.calm()
        world.reseed(f"{self.sequence.seed}/settling")
        for _ in range(ROUNDS):
            self.worker.finish_registrations()
            world.scheduler.run_until(world.scheduler.now() + TIMER)
            self.ledger.observe()
        world.emulator.consistency.calm()
