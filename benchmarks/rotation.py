"""`python -m benchmarks.rotation`: do readers of a store that gets renewed secrets ever meet a token service that refuses them?

Each secret is renewed by the audit's own action beside a token service whose three replicas hear of it 4 to 300 seconds later,
and the same once more with a fixed wait of 20 seconds. Readers log in with what the store holds, from the moment on at which it
arrives. The clock is a virtual one.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import batched
from typing import Any

from emulator.clock import Clock
from emulator.server import EntraEmulator
from shared.audit.actions import Task
from shared.audit.actions import renew as renewing
from shared.audit.actions.renew import Renew
from shared.audit.client_lists import ClientLists
from shared.audit.clients import CLIENT_PROPERTIES, read_client
from shared.audit.delivery import Address, Deliveries, Delivery, Stored, StoreKind, parse_destinations
from shared.audit.result import Result
from shared.graph.client import GraphClient
from shared.graph.clouds import CLOUDS
from shared.graph.credential import MsalCredential
from shared.graph.directory import Directory
from shared.graph.identity import ClientSecretIdentity
from shared.graph.secret_probe import SecretProbe
from shared.retry import Deadline
from shared.secret import Secret

LAG = (4.0, 300.0)
TAG = "entra-dcr-bridge"
RUN = 540.0
# Clients of one run, and when readers log in after a delivery, in seconds.
TOGETHER = 10
LOGINS = (0, 0, 0, 1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300)
FIXED_WAIT = 20.0


class Shelf:
    """A store in memory. Notes when each secret arrived."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.held: dict[str, tuple[Delivery, float]] = {}

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:  # noqa: ARG002
        delivery, _ = self.held.get(address.name, (None, 0))
        return None if delivery is None else Stored(delivery.key_id, self._clock.now())

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:  # noqa: ARG002
        # An address's name is the client id here.
        self.held[address.name] = delivery, self._clock.monotonic()


class Estate:
    """A directory of clients whose secrets end soon, and what renews them."""

    def __init__(self) -> None:
        self.emulator = EntraEmulator(lag=(0, 0))
        self.emulator.clock.freeze()
        self.emulator.consistency.set(sts_credentials=LAG)
        self.clock = self.emulator.clock
        session = self.emulator.session()
        account = self.emulator.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
        self.owner = account.service_principal_id
        identity = ClientSecretIdentity(account.client_id, Secret(account.client_secret or ""))
        credential = MsalCredential(identity, self.emulator.tenant_id, CLOUDS["public"], session, self.clock)
        self.directory = Directory(GraphClient("https://graph.microsoft.com/v1.0", credential, session, self.clock))
        self.probe = SecretProbe(session, CLOUDS["public"], self.emulator.tenant_id)
        self.shelf = Shelf(self.clock)
        destinations = parse_destinations('{"*": "https://vault.example/secrets/{client_id}"}')
        self.renew = Renew(
            ClientLists(self.directory, TAG, "https://graph.microsoft.com"),
            self.directory,
            TOGETHER,
            deliveries=Deliveries(destinations, {StoreKind.KEY_VAULT: self.shelf}),
            before=timedelta(days=30),
            lifetime=timedelta(days=182),
            probe=self.probe,
        )

    def add_client(self) -> str:
        """A client without any secret that works."""
        tags = [TAG, "dcr:token_endpoint_auth_method=client_secret_basic"]
        record = self.emulator.directory.add_application({"displayName": "client", "tags": tags}, owners=[self.owner])
        self.emulator.directory.add_service_principal(record.state["appId"], {})
        return str(record.state["appId"])

    def forget(self, client_ids: tuple[str, ...]) -> None:
        """Take clients out again, so that the directory stays small."""
        for client_id in client_ids:
            record = self.emulator.directory.applications.find("appId", client_id)
            assert record is not None
            self.emulator.directory.delete_application(record)
            self.emulator.directory.purge_application(record, True)
        self.shelf.held.clear()
        del self.emulator.requests[:]


def rotations(count: int) -> tuple[int, int, int, list[float]]:
    """Renewals that were delivered, logins, refused ones, and the seconds from a renewal's beginning to its delivery."""
    estate = Estate()
    delivered, logins, refused, waits = 0, 0, 0, list[float]()
    for together in batched(range(count), TOGETHER, strict=False):
        ids = tuple(estate.add_client() for _ in together)
        began = estate.clock.monotonic()
        deadline = Deadline.after(estate.clock, RUN)
        clients = [read_client(read(estate, client_id, deadline)) for client_id in ids]
        done = list(estate.renew.carry_out(clients, Task(estate.clock, deadline, False)))
        delivered += sum(outcome.result is Result.DONE for outcome in done)
        waits += [at - began for _, at in estate.shelf.held.values()]
        for delivery, at in estate.shelf.held.values():
            for after in LOGINS:
                estate.emulator.clock.advance(at + after - estate.clock.monotonic())
                refusal = estate.probe.refusal(delivery.client_id, delivery.secret, Deadline.after(estate.clock, 5))
                logins, refused = logins + 1, refused + bool(refusal)
        estate.emulator.clock.advance(600)
        estate.forget(ids)
    return delivered, logins, refused, waits


def read(estate: Estate, client_id: str, deadline: Deadline) -> dict[str, Any]:
    found = estate.directory.read_application(client_id, deadline, select=CLIENT_PROPERTIES)
    assert found is not None
    return found


@contextmanager
def fixed_wait() -> Iterator[None]:
    """One look after a fixed time, whose answer doesn't count."""
    kept = renewing.PROOFS, renewing.PROBE_PAUSE, Renew._prove

    def wait(self: Renew, renewal: Any, task: Task) -> None:  # noqa: ARG001
        renewal.taken += 1

    renewing.PROOFS, renewing.PROBE_PAUSE, Renew._prove = 2, FIXED_WAIT, wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        renewing.PROOFS, renewing.PROBE_PAUSE, Renew._prove = kept  # type: ignore[method-assign]


def main() -> None:
    """Measures and prints the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rotation")
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    began = time.perf_counter()
    proven = rotations(count)
    with fixed_wait():
        fixed = rotations(count)
    print(f"| {count:,} renewals, the token service {LAG[0]:.0f} to {LAG[1]:.0f} s behind | proven | after {FIXED_WAIT:.0f} s |")
    print("|---|---|---|")
    print(f"| delivered | {proven[0]:,} | {fixed[0]:,} |")
    print(f"| logins by what the store held | {proven[1]:,} | {fixed[1]:,} |")
    print(f"| refused logins | {proven[2]:,} | {fixed[2]:,} |")
    for name, share in (("median", 0.5), ("longest", 1.0)):
        times = [sorted(waits)[min(int(len(waits) * share), len(waits) - 1)] for *_, waits in (proven, fixed)]
        print(f"| from the new secret to its delivery, {name} | {times[0]:.0f} s | {times[1]:.0f} s |")
    print(f"\n{time.perf_counter() - began:.0f} s on the real clock.")


if __name__ == "__main__":
    main()
