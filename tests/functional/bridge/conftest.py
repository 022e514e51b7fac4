"""An emulated tenant, and the settings of a bridge in it."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from emulator.server import EntraEmulator

SECRET = "gateway-secret"


@pytest.fixture(scope="module")
def entra() -> Iterator[EntraEmulator]:
    with EntraEmulator() as emulator:
        yield emulator


@pytest.fixture
def variables(entra: EntraEmulator) -> dict[str, str]:
    caller = {
        "client_id": "gateway",
        "secret_sha256": [hashlib.sha256(SECRET.encode()).hexdigest()],
        "audiences": ["api://orders"],
    }
    identity = entra.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
    return {
        "BRIDGE_BASE_URL": "https://bridge.example.com",
        "ENTRA_TENANT_ID": entra.tenant_id,
        "ENTRA_AUTHORITY_URL": entra.url,
        "ENTRA_GRAPH_URL": entra.url,
        "ENTRA_CA_BUNDLE": entra.ca_file,
        "ENTRA_CLIENT_ID": identity.client_id,
        "ENTRA_CLIENT_SECRET": identity.client_secret or "",
        "REGISTRATION_SEALING_KEYS": "a sealing secret that is long enough",
        "INTROSPECTION_CALLERS": json.dumps([caller]),
        "AUDIT_SCHEDULE": "0 0 3 * * *",
    }
