"""A bridge on an emulated tenant, and what its callers send."""

import base64
import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.server import EntraEmulator  # not for the worker, which would have its libraries already

SECRET = "secret-of-the-gateway"
GATEWAY = "Basic " + base64.b64encode(f"gateway:{SECRET}".encode()).decode()
PORTAL = "Bearer credential of the portal"
AUDITOR = "Bearer credential of the auditor"


def settings_of(entra: "EntraEmulator") -> dict[str, str]:
    """The settings of a bridge that is an application of the tenant."""
    bridge = entra.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    return {
        "BRIDGE_BASE_URL": "https://bridge.example.com",
        "ENTRA_TENANT_ID": entra.tenant_id,
        "ENTRA_AUTHORITY_URL": entra.url,
        "ENTRA_GRAPH_URL": entra.url,
        "ENTRA_CA_BUNDLE": entra.ca_file,
        "ENTRA_CLIENT_ID": bridge.client_id,
        "ENTRA_CLIENT_SECRET": bridge.client_secret or "",
        "REGISTRATION_CREDENTIALS": json.dumps(
            [
                {"name": "portal", "authorization": PORTAL},
                {"name": "auditor", "authorization": AUDITOR, "policy": "auditors"},
            ]
        ),
        "REGISTRATION_POLICIES": json.dumps({"auditors": {"may_audit": True, "may_register": False}}),
        "REGISTRATION_SEALING_KEYS": "a sealing secret that is long enough",
        "REGISTRATION_BUDGET_MILLISECONDS": "30000",
        "INTROSPECTION_CALLERS": json.dumps([{"client_id": "gateway", "secret_sha256": [digest], "audiences": ["api://x"]}]),
        "AUDIT_SCHEDULE": "0 0 3 * * *",
    }


def registration_body(name: str) -> bytes:
    """What a portal registers."""
    return json.dumps({"client_name": name, "redirect_uris": ["https://orders.example.com/callback"]}).encode()
