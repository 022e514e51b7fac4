"""A tenant of many clients in a process of its own, so that the audit's memory is measured without it."""

import random
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.server import EntraEmulator
from shared.clock import write_time
from shared.registration.tags import to_tags

TAG = "entra-dcr-bridge"
SECONDS_A_DAY = 86_400


def populate(emulator: EntraEmulator, count: int, owner: str, tag: list[str]) -> None:
    """Put `count` clients in: most are healthy, one in fifty has something to tell (one in twenty of a whole tenant), one in a
    thousand is half registered."""
    rare = 100 if tag else 40
    now = datetime.now(UTC)
    dice = random.Random(7)
    for number in range(count):
        age = dice.uniform(1, 130)
        end = dice.uniform(1, 60) if number % rare == 1 else -dice.uniform(1, 30) if number % rare == 2 else dice.uniform(61, 182)
        record = emulator.directory.add_application(
            {
                "displayName": f"client {number}",
                "tags": [
                    *tag,
                    *to_tags({"policy": "default", "caller": "portal", "token_endpoint_auth_method": "client_secret_basic"}),
                ],
                "createdDateTime": write_time(now - timedelta(days=200)),
                "passwordCredentials": [password(number, now - timedelta(days=age), now + timedelta(days=end))],
            },
            owners=[owner],
        )
        if number % 1000 != 3:
            emulator.directory.add_service_principal(record.state["appId"], {})


def password(number: int, start: datetime, end: datetime) -> dict[str, Any]:
    """A passwordCredential as Graph shows it."""
    return {
        "customKeyIdentifier": None,
        "displayName": "dcr",
        "endDateTime": write_time(end),
        "hint": "abc",
        "keyId": f"{number:08x}-0000-4000-8000-000000000000",
        "secretText": None,
        "startDateTime": write_time(start),
    }


def main() -> None:
    """Serve a tenant until standard input ends; the first line of output has what a client needs, as words."""
    count = int(sys.argv[1])
    emulator = EntraEmulator(lag=(0, 0))
    bridge = emulator.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
    # In a whole tenant nearly nothing is the bridge's.
    populate(emulator, count, bridge.service_principal_id, [TAG] if sys.argv[2] == "bridge" else [])
    with emulator:
        print(emulator.url, emulator.ca_file, emulator.tenant_id, bridge.client_id, bridge.client_secret, flush=True)
        for line in sys.stdin:
            if line.strip() == "calls":
                print(sum(c.path.startswith("/v1.0") and not c.path.endswith("/owners") for c in emulator.requests), flush=True)


if __name__ == "__main__":
    main()
