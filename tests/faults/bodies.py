"""Registration requests: what clients and portals send."""

from typing import Any

from tests.faults.steps import SOFTWARE
from tests.faults.world import APPROVAL_PORTAL, FEDERATED_ISSUER, SOFTWARE_PORTAL
from tests.functional.registration.bridge import PORTAL, WEB
from tests.unit.registration.certificates import jwk


def portal_of(kind: str, key: str) -> str:
    """The credential of the portal that registers such a client."""
    return SOFTWARE_PORTAL if key == SOFTWARE else APPROVAL_PORTAL if kind == "approval" else PORTAL


def headers_of(key: str) -> dict[str, str]:
    """What makes a registration one that can be repeated; a software id is in the metadata."""
    return {"idempotency-key": f"key-{key}"} if key and key != SOFTWARE else {}


def metadata_of(kind: str, software_id: str, name: str) -> dict[str, Any]:
    """A registration request for a kind of client."""
    body: dict[str, Any] = {**WEB, "client_name": name, "software_id": software_id}
    body["grant_types"] = [*WEB["grant_types"], "client_credentials"]
    match kind:
        case "public":
            body |= {"token_endpoint_auth_method": "none", "application_type": "native", "grant_types": WEB["grant_types"]}
            body["redirect_uris"] = ["com.example.app:/callback"]
        case "certificate":
            body |= {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(0, kid="k0")]}}
        case "federated":
            identity = {"issuer": FEDERATED_ISSUER, "subject": software_id}
            body |= {"token_endpoint_auth_method": "private_key_jwt", "federated_identities": [identity]}
    return body
