"""Findings that a list can't prove stay pending until the client has been asked about by itself, up to a number in each run.

A list lags behind, so a client missing among the service principals may have one since. And no list shows federated credentials,
which may serve a client that has no secret or certificate.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from shared.audit.assessment import ClientFacts
from shared.audit.client_lists import ClientLists
from shared.audit.clients import AuditedClient
from shared.audit.result import Ranking
from shared.graph.errors import GraphFailure, ObjectMissing
from shared.retry import Deadline

logger = logging.getLogger("bridge.audit")

# Clients of these methods have a secret; private_key_jwt and what the record doesn't know may rest on a federated credential.
WITH_SECRET = frozenset({"client_secret_basic", "client_secret_post"})


@dataclass(frozen=True, slots=True)
class _Pending:
    """A client to ask about: for its service principal, its federated credentials, or both."""

    client: AuditedClient
    facts: ClientFacts
    principal: bool
    federated: bool


class Confirmations:
    """The pending clients of one run. `most` bounds how many are asked about, at one to three calls each."""

    def __init__(self, directory: ClientLists, most: int, now: datetime) -> None:
        self._directory = directory
        self._now = now
        self._start = start_of_turn(now)
        self._pending = Ranking[_Pending](most, lambda pending: (place_of(pending.client.client_id) - self._start) % 1.0)
        self._asked = 0

    @property
    def left(self) -> int:
        """How many clients are still pending."""
        return self._pending.seen - self._asked

    def presume(self, client: AuditedClient, facts: ClientFacts) -> ClientFacts:
        """The facts to judge a client by at first: what is pending is presumed to be in order, and asked about later."""
        principal = facts.principal is False
        federated = client.lacks_credential(self._now) and client.auth_method not in WITH_SECRET
        if not principal and not federated:
            return facts
        self._pending.add(_Pending(client, facts, principal, federated))
        return replace(facts, principal=None if principal else facts.principal, federated=True if federated else facts.federated)

    def confirm(self, deadline: Deadline) -> Iterator[tuple[AuditedClient, ClientFacts]]:
        """The clients asked about that are still there, with what is known now. A failure leaves the rest pending."""
        for pending in self._pending.first():
            try:
                facts = self._ask(pending, deadline)
            except ObjectMissing:
                facts = None
            except GraphFailure as failure:
                logger.warning("%d clients stay pending: %s", self.left, failure)
                return
            self._asked += 1
            if facts is not None:
                yield pending.client, facts

    def _ask(self, pending: _Pending, deadline: Deadline) -> ClientFacts | None:
        client_id, facts = pending.client.client_id, pending.facts
        if pending.federated:
            found = self._directory.list_identities(client_id, deadline)
            own = frozenset(name for name, is_own in found.items() if is_own)
            facts = replace(facts, federated=bool(found), identities=own)
        if pending.principal and self._directory.has_service_principal(client_id, deadline):
            return replace(facts, principal=True)
        if pending.principal and self._directory.find_client(client_id, deadline) is None:
            # Deleted since the list was read.
            return None
        return facts


def place_of(client_id: str) -> float:
    """Where a client stands on a circle from 0 to 1, on which clients are spread evenly."""
    return int.from_bytes(hashlib.blake2b(client_id.encode(), digest_size=6).digest()) / 2**48


def start_of_turn(now: datetime) -> float:
    """Where on the circle a run begins to ask, so that successive runs ask about all clients in turn although nothing is stored.

    It is the hour written backwards in base 5 (van der Corput's sequence): the starts of runs that are so many hours apart spread
    evenly, whatever that number, unless 5 divides it. With m times more pending clients than a run asks about, each is asked
    about in some 3 m runs.
    """
    hours, start, digit_value = int(now.timestamp()) // 3600, 0.0, 0.2
    while hours:
        hours, digit = divmod(hours, 5)
        start, digit_value = start + digit * digit_value, digit_value / 5
    return start
