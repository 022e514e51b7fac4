"""What callers were told, and what is true of it in the directory at that moment."""

import hashlib
import json
from dataclasses import dataclass, field
from math import inf
from typing import Any

from emulator.clock import parse_graph_time
from emulator.directory.record import Record
from shared.registration.tags import Record as Tags
from shared.registration.tokens import unseal_token
from tests.faults.steps import Step
from tests.faults.worker import Call
from tests.faults.world import World


@dataclass(eq=False, slots=True)
class Told:
    """A secret in an answer. `at` when it was given, `made` when its call began; `missing_since` when the directory lost it."""

    text: str = field(repr=False)
    key_id: str
    made: float
    at: float
    expires: float
    received: bool
    missing_since: float = inf


@dataclass(eq=False, slots=True)
class Handed:
    """A registration access token in an answer, and the secret that is sealed into it."""

    text: str = field(repr=False)
    generation: int
    at: float
    received: bool
    secret: str = field(default="", repr=False)


@dataclass(eq=False, slots=True)
class Client:
    """A client that some answer spoke of."""

    client_id: str
    kind: str
    software_id: str
    portal: str = field(repr=False)
    told: list[Told] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    # Calls that may have ended it, changed its name, or ended its secrets.
    deletions: list[Call] = field(default_factory=list)
    updates: list[tuple[Call, str]] = field(default_factory=list)
    removals: list[Call] = field(default_factory=list)
    # When an operator let it in.
    approvals: list[float] = field(default_factory=list)
    access_tokens: list[str] = field(default_factory=list, repr=False)

    def may_get_tokens(self) -> bool | None:
        """Whether an operator lets the client in, who has seen what it is now; None where it can't be known."""
        if self.kind != "approval":
            return True
        last = max(self.approvals, default=-inf)
        since = [call for call, _ in self.updates if (call.ended or call.answered or inf) >= last]
        if not since:
            return bool(self.approvals)
        sure = [call for call in since if call.status == 200 and call.began > last]
        return False if sure or not self.approvals else None

    def newest(self, *, received: bool = True) -> Handed | None:
        """The token that the client goes by: the newest one that it received."""
        found = [token for token in self.handed if token.received or not received]
        return max(found, key=lambda token: (token.generation, token.at), default=None)


@dataclass(eq=False, slots=True)
class Registration:
    """A request for a new client. `client_id` is empty where the answer was none."""

    step: Step
    call: Call
    software_id: str
    client_id: str = ""


class Ledger:
    """Takes note of answers, and of secrets that go."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clients: list[Client] = []
        self.registrations: list[Registration] = []
        self.calls: list[tuple[Step, Call]] = []
        self.pruned: list[float] = []

    # The directory as it is

    def application(self, client_id: str) -> Record | None:
        """The application of a client id where it is live."""
        record = self.world.emulator.directory.applications.find("appId", client_id)
        return record if record is not None and record.alive else None

    def is_live(self, client_id: str) -> bool:
        """Whether the client exists, whatever replicas say."""
        return self.application(client_id) is not None

    def has_principal(self, client_id: str) -> bool:
        """Whether the client has a service principal."""
        return self.world.emulator.directory.service_principal_of(client_id) is not None

    def records_of(self, software_id: str) -> list[Record]:
        """Live and deleted applications that a registration made."""
        store = self.world.emulator.directory.applications
        found = [*store.live.values(), *store.deleted.values()]
        return [record for record in found if _software_of(record) == software_id]

    # Answers

    def client_of(self, information: dict[str, Any], kind: str, portal: str) -> Client:
        """The client of an answer, known or new."""
        client_id = str(information["client_id"])
        found = next((client for client in self.clients if client.client_id == client_id), None)
        if found is None:
            found = Client(client_id, kind, str(information.get("software_id", "")), portal)
            self.clients.append(found)
        return found

    def note_information(self, client: Client, call: Call, received: bool) -> None:
        """An answer with the client information: its secret and its token were told."""
        information = json.loads(call.body)
        at = call.answered or 0.0
        text = str(information.get("client_secret", ""))
        if text and not any(told.text == text for told in client.told):
            client.told.append(
                Told(text, self.key_id_of(client.client_id, text), call.began, at, self._end_of(information), received)
            )
        elif text:
            for told in client.told:
                told.received |= received and told.text == text
        token = str(information.get("registration_access_token", ""))
        if token:
            unsealed = unseal_token(token, call.worker.configuration.sealing_keys)
            generation, sealed = (unsealed.generation, unsealed.secret) if unsealed is not None else (0, None)
            client.handed.append(Handed(token, generation, at, received, sealed.text if sealed is not None else ""))
            self.world.secrets.add(token)
        if text:
            self.world.secrets.add(text)

    def has_secret(self, client_id: str, text: str) -> bool:
        """Whether the client has that secret now."""
        record, key_id = self.application(client_id), self.key_id_of(client_id, text)
        present = record.state.get("passwordCredentials", ()) if record is not None else ()
        return any(entry["keyId"] == key_id for entry in present)

    def key_id_of(self, client_id: str, text: str) -> str:
        """The key id of a secret; empty where the directory never had it."""
        record = self.world.emulator.directory.applications.find("appId", client_id)
        digest = hashlib.sha256(text.encode()).digest()
        known = record.secrets if record is not None else {}
        return next((key_id for key_id, kept in known.items() if kept == digest), "")

    def observe(self) -> None:
        """Note which told secrets are gone by now."""
        now = self.world.scheduler.now()
        for client in self.clients:
            record = self.application(client.client_id)
            if record is None:
                continue
            present = {entry["keyId"] for entry in record.state.get("passwordCredentials", ())}
            for told in client.told:
                if told.key_id not in present and told.missing_since == inf:
                    told.missing_since = now

    def _end_of(self, information: dict[str, Any]) -> float:
        return float(information.get("client_secret_expires_at") or inf)


def _software_of(record: Record) -> str:
    return Tags.from_tags(record.state.get("tags") or []).text("software_id") or ""


def made_at(credential: dict[str, Any]) -> float:
    """When a passwordCredential was made."""
    return parse_graph_time(str(credential["startDateTime"])).timestamp()
