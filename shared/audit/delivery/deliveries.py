"""Which store a client's renewed secrets go to, and asking it."""

from collections.abc import Mapping

from shared.audit.clients import Client
from shared.audit.delivery.destinations import Address, Destinations, StoreKind
from shared.audit.delivery.store import Delivery, DeliveryRefused, LookupFailed, SecretStore, Stored
from shared.retry import Deadline


class Deliveries:
    """The destinations with their stores. Without any, no client has a destination."""

    def __init__(self, destinations: Destinations, stores: Mapping[StoreKind, SecretStore]) -> None:
        self._destinations = destinations
        self._stores = stores

    def address(self, client: Client) -> Address | None:
        """Where a client's renewed secrets go; None for nowhere."""
        return self._destinations.of(client)

    def current(self, client: Client, deadline: Deadline) -> Stored | None:
        """What the client's store hands out; None where there is none, or nothing of the bridge's. Raises LookupFailed."""
        address = self.address(client)
        if address is None:
            return None
        store = self._stores.get(address.store)
        if store is None:
            raise LookupFailed(f"the bridge has no access to a store of kind {address.store.value}")
        return store.current(address, deadline)

    def put(self, client: Client, delivery: Delivery, deadline: Deadline) -> None:
        """Deliver to the client's store. Raises DeliveryRefused or DeliveryUnknown."""
        address = self.address(client)
        store = self._stores.get(address.store) if address is not None else None
        if address is None or store is None:
            raise DeliveryRefused("the bridge has no access to the client's store")
        store.put(address, delivery, deadline)
