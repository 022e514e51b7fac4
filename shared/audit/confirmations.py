"""Suspicions that a list can't settle: they are asked about one by one, up to a number, before anybody is accused.

A list lags behind, so a client missing among the service principals may have one since. And no list shows federated credentials,
which a client without secret and certificate may live on.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from shared.audit.assessment import Signs, lacks_credential
from shared.audit.clients import Client
from shared.audit.directory import Roster
from shared.graph.errors import GraphFailure, ObjectMissing
from shared.retry import Deadline

logger = logging.getLogger("bridge.audit")

# Clients of these methods have a secret; private_key_jwt and what the record doesn't know may rest on a federated credential.
WITH_SECRET = frozenset({"client_secret_basic", "client_secret_post"})


class Doubts:
    """Collects the clients to ask about. `most` bounds the calls of one run: one or two a client."""

    def __init__(self, roster: Roster, most: int) -> None:
        self._roster = roster
        self._most = most
        self._clients: list[tuple[Client, Signs, bool, bool]] = []
        self.open = 0

    def presumed(self, client: Client, now: datetime, signs: Signs) -> Signs:
        """The signs to judge a client by at first: what is in doubt is presumed to be in order, and asked about later."""
        principal = signs.principal is False
        federated = lacks_credential(client, now) and client.registration.auth_method not in WITH_SECRET
        if not principal and not federated:
            return signs
        if len(self._clients) < self._most:
            self._clients.append((client, signs, principal, federated))
        else:
            self.open += 1
        return replace(
            signs,
            principal=None if principal else signs.principal,
            federated=True if federated else signs.federated,
        )

    def settled(self, deadline: Deadline) -> Iterator[tuple[Client, Signs]]:
        """The clients asked about that are still there, with what was answered. Those for which there was no answer stay open."""
        for position, (client, signs, principal, federated) in enumerate(self._clients):
            try:
                answer = self._ask(client, signs, principal, federated, deadline)
            except ObjectMissing:
                continue
            except GraphFailure as failure:
                logger.warning("doubts about %d clients stay open: %s", len(self._clients) - position, failure)
                self.open += len(self._clients) - position
                return
            if answer is not None:
                yield client, answer

    def _ask(self, client: Client, signs: Signs, principal: bool, federated: bool, deadline: Deadline) -> Signs | None:
        has_federated = self._roster.has_federated_credential(client.client_id, deadline) if federated else True
        has_principal = self._roster.has_principal(client.client_id, deadline) if principal else signs.principal
        if has_principal is False and self._roster.client(client.client_id, deadline) is None:
            # Deleted since the list was read.
            return None
        return replace(signs, principal=has_principal, federated=has_federated)
