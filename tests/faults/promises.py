"""The promises of docs/reliability.md, checked against what callers were told and what the directory has."""

import base64
import json
from collections import Counter
from math import inf
from urllib.parse import quote

from shared.background import LONGEST
from tests.faults.bodies import headers_of, kind_of, metadata_of, portal_of
from tests.faults.breaches import Declared, Violation
from tests.faults.ledger import Client, Ledger, Told, made_at
from tests.faults.steps import Step
from tests.faults.worker import LATE, Call, Worker
from tests.faults.world import OVERLAP, World

# Seconds beyond its budget within which an answer is still in time.
TOLERANCE = 0.25
MANAGED = {"read": 200, "update": 200, "rotate": 200, "delete": 204}
# A creation's time and the clock's differ by fractions of a second.
ROUNDING = 1.0


class Judge:
    """Looks at answers as they are given, and at everything in the end."""

    def __init__(self, world: World, ledger: Ledger, declared: Counter[str]) -> None:
        self.world, self.ledger, self.declared = world, ledger, declared
        self.violations: list[Violation] = []
        self.deaths: list[float] = []

    def _break(self, promise: int, kind: str, text: str) -> None:
        self.violations.append(Violation(promise, kind, text))

    def _break_name(self, promise: int, kind: str, text: str) -> None:
        if self.world.emulator.assumptions.unique_name_is_checked_where_the_write_happens:
            self._break(promise, kind, text)
        else:
            self.declared[Declared.TWO_OF_A_NAME] += 1

    # At the moment of an answer

    def on_answer(self, step: Step, call: Call) -> None:
        """Promise 6, and that nothing of the bridge fails by itself."""
        if call.crash:
            self._break(6, "crash", f"{step.what}: {call.crash}")
        if call.status in (429, 503) and not call.headers.get("Retry-After", "").isdigit():
            self._break(6, "no Retry-After", f"{step.what} answered {call.status}")
        budget = 30 if step.what == "introspect" else call.worker.configuration.budget
        if (call.answered or 0) - call.began > budget + TOLERANCE:
            self._break(6, "late", f"{step.what} took {(call.answered or 0) - call.began:.2f} s")

    def on_registration(self, client: Client) -> None:
        """Promise 1 where the operator chose `refuse`: 201 is given for whole clients alone."""
        if self.world.configuration.when_lagging == "refuse" and not self.ledger.has_principal(client.client_id):
            self._break(1, "201 before the client is whole", client.software_id)

    def on_management(self, step: Step, client: Client, call: Call, *, newest: bool, echoed: str) -> None:
        """Promise 3: what is said of a client that exists."""
        live = self.ledger.is_live(client.client_id)
        what = f"{step.what} by {step.by}"
        if call.status == 404 and live:
            self._break(3, "404 of a living client", what)
        if call.status == 401 and live and newest:
            self._break(3, "401 for the newest token", what)
        if call.status == 204 and live:
            self._break(3, "204 of a living client", what)
        if call.status == 403:
            self._break(3, "403 for a caller with every right", what)
        if call.status == 400 and echoed and self.ledger.has_secret(client.client_id, echoed) and b"current" in call.body:
            self._break(3, "a current secret called unknown", what)

    def on_information(self, step: Step, client: Client, call: Call, secret: str) -> None:
        """Promise 1: what a client gets by a token has the secret that is sealed into it, as long as there is that secret."""
        there = call.status == 200 and secret and self.ledger.has_secret(client.client_id, secret)
        if there and not json.loads(call.body).get("client_secret"):
            self._break(1, "an answer without the secret of its token", step.what)

    def on_introspection(self, client: Client, call: Call, token: str) -> None:
        """Promise 3: a token of a client that exists isn't inactive."""
        if call.status == 200 and json.loads(call.body).get("active") is False and self.ledger.is_live(client.client_id):
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            if any(fault.kind.startswith("key_") and fault.hits for fault in self.world.emulator.faults.all):
                self.declared[Declared.KEY_MISSING] += 1
            elif claims["exp"] > self.world.scheduler.now() and client.may_get_tokens():
                self._break(3, "a good token called inactive", client.client_id)

    def _died(self, since: float) -> bool:
        """Whether a worker ended while something begun then may have been left to do behind its answer."""
        return any(since - ROUNDING <= death <= since + LONGEST + ROUNDING for death in self.deaths)

    # In the end

    def judge(self, worker: Worker) -> None:
        """All that can be said once everything has settled."""
        self._judge_threads()
        for crash in self.world.scheduler.crashes:
            self._break(6, "crash behind", crash)
        for client in self.ledger.clients:
            if self._judge_existence(client):
                self._judge_secrets(client)
                self._judge_tokens(client, worker)
        self._judge_registrations()
        self._judge_keys(worker)
        self._judge_log()

    def _judge_threads(self) -> None:
        for step, call in self.ledger.calls:
            if call.worker.dead or step.what == "introspect":
                continue
            end = call.ended if call.ended is not None else inf
            if end - call.began > call.worker.configuration.budget + LATE:
                self._break(6, "a thread that goes on", f"{step.what} took {end - call.began:.1f} s")

    def _judge_existence(self, client: Client) -> bool:
        if self.ledger.is_live(client.client_id):
            if not self.ledger.has_principal(client.client_id):
                self._break(1, "a told client without service principal", client.software_id)
            self._judge_credentials(client)
            return True
        if not client.deletions:
            self._break(1, "a told client is gone", client.software_id)
        return False

    def _judge_credentials(self, client: Client) -> None:
        record = self.ledger.application(client.client_id)
        if record is None:
            return
        if client.kind == "certificate" and not record.state.get("keyCredentials"):
            self._break(1, "a client without its certificates", client.software_id)
        if client.kind == "federated":
            subjects = [entry["subject"] for entry in record.federated]
            if subjects != [client.software_id]:
                self._break(1, "a client without its identities", f"{client.software_id}: {subjects}")

    def _judge_secrets(self, client: Client) -> None:
        now, allowed = self.world.scheduler.now(), client.may_get_tokens()
        for told in client.told:
            if not told.key_id:
                self._break(1, "a told secret that never was", client.software_id)
            elif told.missing_since < inf:
                self._excuse(client, told)
            elif allowed is not None and told.expires > now and bool(self.access_token(client.client_id, told.text)) != allowed:
                breach = "a told secret gets no token" if allowed else "an unapproved client gets a token"
                self._break(1 if allowed else 2, breach, client.software_id)
        known = {told.key_id for told in client.told}
        record = self.ledger.application(client.client_id)
        for entry in record.state.get("passwordCredentials", ()) if record is not None else ():
            if entry["keyId"] in known:
                continue
            if self._died(made_at(entry)):
                self.declared[Declared.UNTOLD_SECRET] += 1
            else:
                self._break(4, "a secret stays that no answer carried", client.software_id)

    def _excuse(self, client: Client, told: Told) -> None:
        """Why a secret may be gone before its time."""
        if not told.received:
            return
        gone = told.missing_since
        asked = any(c.status == 200 and told.made < (c.answered or 0) and c.began <= gone for c in client.removals)
        if asked or told.expires <= gone:
            return
        newer = [other for other in client.told if other.made > told.made and other.at + OVERLAP <= gone + 60]
        if self.ledger.pruned and any(other.received for other in newer):
            return
        if self.ledger.pruned and newer:
            self.declared[Declared.LOST_ANSWER] += 1
            return
        self._break(4, "a told secret ended before its time", f"{client.software_id}: told at {told.at:.1f}, gone at {gone:.1f}")

    def _judge_tokens(self, client: Client, worker: Worker) -> None:
        """Generations never go back, and the newest token reads what is registered."""
        answers: dict[int, int] = {}
        newest = client.newest(received=False)
        for token in sorted(client.handed, key=lambda one: one.generation):
            call = self._ask(worker, client.client_id, f"Bearer {token.text}")
            answers[token.generation] = max(call.status, answers.get(token.generation, 0)) if call.status != 200 else 200
            if token is newest:
                self._judge_read(client, call, token.secret)
        accepted = [generation for generation, status in answers.items() if status == 200]
        if newest is not None and answers[newest.generation] != 200:
            self._break(3, "the newest token is refused", f"{client.software_id}: {answers}")
        if any(g > min(accepted, default=0) and status != 200 for g, status in answers.items()):
            self._break(3, "a generation went back", f"{client.software_id}: {answers}")
        held = client.newest()
        if held is not None and answers[held.generation] != 200:
            self._break(3, "a client is locked out", f"{client.software_id}: has {held.generation} of {answers}")
        portal = self._ask(worker, client.client_id, client.portal)
        if portal.status != (403 if client.kind == "shared" else 200):
            self._break(3, "a portal can't read a living client", f"{portal.status}")

    def _judge_read(self, client: Client, call: Call, secret: str) -> None:
        if call.status != 200:
            return
        read = json.loads(call.body)
        kept = next((told for told in client.told if told.text == secret), None)
        if secret and kept is not None and kept.missing_since == inf and read.get("client_secret") != secret:
            self._break(1, "a read without the secret of its token", client.software_id)
        names = self._possible_names(client)
        if read.get("client_name") not in names:
            self._break(1, "a read of what isn't registered", f"{read.get('client_name')} is none of {names}")

    def _possible_names(self, client: Client) -> set[str]:
        """Names that no later update has surely replaced."""
        entries = [(-inf, -inf, f"Client {client.software_id}")]
        ended = [(call.began, call.ended or call.answered or call.began, call.status, name) for call, name in client.updates]
        entries += [(began, end if status else inf, name) for began, end, status, name in ended]
        sure = [began for began, _, status, _ in ended if status == 200]
        return {name for _, end, name in entries if not any(began > end or end == -inf for began in sure)}

    def _judge_registrations(self) -> None:
        for registration in self.ledger.registrations:
            if registration.client_id:
                continue
            told = {client.client_id for client in self.ledger.clients}
            left = [r for r in self.ledger.records_of(registration.software_id) if r.state["appId"] not in told]
            died = self._died(registration.call.began)
            for record in left:
                if not record.alive and died:
                    self.declared[Declared.NOT_PURGED] += 1
                elif registration.step.key:
                    self.declared[Declared.KEYED_STRAY] += 1
                elif died:
                    self.declared[Declared.STRAY] += 1
                else:
                    state = (
                        "a whole client" if self.ledger.has_principal(record.state["appId"]) else f"a {record.kind} application"
                    )
                    self._break_name(
                        2, f"an error leaves {state}", f"{registration.software_id} answered {registration.call.status}"
                    )
        for software_id in {r.software_id for r in self.ledger.registrations if not r.step.key}:
            if len([record for record in self.ledger.records_of(software_id) if record.alive]) > 1:
                self._break_name(2, "one request made two clients", software_id)

    def _judge_keys(self, worker: Worker) -> None:
        """Promise 5, and that a key is free again after an undo."""
        for key in sorted({r.step.key for r in self.ledger.registrations if r.step.key}):
            own = [r for r in self.ledger.registrations if r.step.key == key]
            answered = [r for r in own if r.client_id]
            told = {r.client_id for r in answered}
            live = {client_id for client_id in told if self.ledger.is_live(client_id)}
            if len(live) > 1:
                self._break_name(5, "one key, two clients", f"key {key}: {sorted(told)}")
            body = json.dumps(metadata_of(kind_of("", key), f"keyed-{key}", f"Client keyed-{key}")).encode()
            call = self._repeat(worker, key, body)
            if call.status == 503 and self.deaths and not live:
                # A worker has to see for ten minutes that the name is taken and nothing is there.
                self.declared[Declared.STUCK_NAME] += 1
                for _ in range(12):
                    self.world.scheduler.run_until(self.world.scheduler.now() + 60)
                    call = self._repeat(worker, key, body)
                    if call.status != 503:
                        break
            if call.status != 201:
                self._break_name(5, "a key is stuck", f"key {key}: {call.status} {call.body[:200]!r}, live {sorted(live)}")
            elif live and json.loads(call.body)["client_id"] not in live:
                self._break_name(5, "a key gives another client", f"key {key}")

    def _repeat(self, worker: Worker, key: str, body: bytes) -> Call:
        return self._finished(worker.manage("POST", "", portal_of("plain", key), body, headers_of(key)))

    def _judge_log(self) -> None:
        text = "\n".join(self.world.log.lines)
        if any(secret in text for secret in self.world.secrets if secret):
            self._break(6, "a secret in the log", "")

    def _ask(self, worker: Worker, client_id: str, authorization: str) -> Call:
        return self._finished(worker.manage("GET", client_id, authorization))

    def _finished(self, call: Call) -> Call:
        self.world.scheduler.run_while(lambda: call.unfinished, 60)
        return call

    def access_token(self, client_id: str, secret: str) -> str:
        """A token of the API for a client by its secret; empty where the token service refuses."""
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        url = f"https://login.microsoftonline.com/{quote(self.world.emulator.tenant_id)}/oauth2/v2.0/token"
        session = self.world.emulator.session()
        try:
            answer = session.post(url, data={**form, "scope": "api://orders/.default"})
            return str(answer.json().get("access_token", "")) if answer.status_code == 200 else ""
        except (OSError, ValueError):
            return ""
