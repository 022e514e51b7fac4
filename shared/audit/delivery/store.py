"""The stores that renewed secrets are delivered to: the form that all have, and what can go wrong.

StoreFailure
 ├─ DeliveryRefused   the store has not taken the secret, for certain
 ├─ DeliveryUnknown   an answer was lost: it may have
 └─ LookupFailed      the store didn't say which secret it holds
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.audit.delivery.destinations import Address, Form
from shared.retry import Deadline
from shared.secret import Secret


class StoreFailure(Exception):
    """A store's call failed. The text is for the log: no secret, no token."""


class DeliveryRefused(StoreFailure):
    """The secret is not in the store."""


class DeliveryUnknown(StoreFailure):
    """The secret may be in the store or not."""


class LookupFailed(StoreFailure):
    """Which secret the store holds isn't known."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A new secret on its way. `key_id` is that of the directory: the store keeps it beside the secret."""

    client_id: str
    key_id: str
    secret: Secret
    end: datetime

    def text(self, form: Form) -> str:
        """What is written into the store."""
        if form is Form.PLAIN:
            return self.secret.reveal()
        return json.dumps(
            {"client_id": self.client_id, "client_secret": self.secret.reveal(), "expires_at": int(self.end.timestamp())}
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store hands out now, if the bridge put it there: the key id, and since when."""

    key_id: str
    since: datetime


class SecretStore(Protocol):
    """One kind of store."""

    def current(self, address: Address, deadline: Deadline) -> Stored | None:
        """What is handed out at an address; None where there is nothing, or something that the bridge didn't put there.
        Raises LookupFailed."""
        ...

    def put(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Make the secret the one that is handed out. The same delivery again does no harm. Raises DeliveryRefused or
        DeliveryUnknown."""
        ...
