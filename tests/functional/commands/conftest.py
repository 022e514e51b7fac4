"""A tenant for an operator's commands."""

import json
from collections.abc import Iterator

import pytest

from emulator.server import EntraEmulator


@pytest.fixture
def entra() -> Iterator[EntraEmulator]:
    with EntraEmulator(lag=(0, 0.3)) as emulator:
        yield emulator


@pytest.fixture
def settings(entra: EntraEmulator) -> dict[str, str]:
    """All settings of a sound bridge but those of its identity."""
    return {
        "BRIDGE_BASE_URL": "https://dcr.example.com",
        "ENTRA_TENANT_ID": entra.tenant_id,
        "ENTRA_AUTHORITY_URL": entra.url,
        "ENTRA_GRAPH_URL": entra.url,
        "ENTRA_CA_BUNDLE": entra.ca_file,
        "REGISTRATION_CREDENTIALS": json.dumps([{"name": "anypoint", "authorization": "Bearer of a long and random text"}]),
        "REGISTRATION_SEALING_KEYS": "a sealing key that is long enough for the bridge",
        "AUDIT_SCHEDULE": "0 0 3 * * *",
    }
