"""Registration requests: what clients and portals send."""

from typing import Any

from tests.faults.steps import SHARED, SOFTWARE
from tests.faults.world import APPROVAL_PORTAL, FEDERATED_ISSUER, SHARING_PORTAL, SOFTWARE_PORTAL
from tests.functional.registration.bridge import PORTAL, WEB
from tests.unit.registration.certificates import jwk


def portal_of(kind: str, key: str) -> str:
    """The credential of the portal that registers such a client."""
    if key in SHARED:
        return SHARING_PORTAL
    return SOFTWARE_PORTAL if key == SOFTWARE else APPROVAL_PORTAL if kind == "approval" else PORTAL


def headers_of(key: str) -> dict[str, str]:
    """What makes a registration one that can be repeated; a software id is in the metadata, and equal clients are equal in all of
    them."""
    return {"idempotency-key": f"key-{key}"} if key and key != SOFTWARE and key not in SHARED else {}


def kind_of(kind: str, key: str) -> str:
    """The kind of client that is registered under a key: the same request goes with the same key."""
    return "shared" if key in SHARED else "plain" if key else kind


def metadata_of(kind: str, software_id: str, name: str, port: int = 49152) -> dict[str, Any]:
    """A registration request for a kind of client. `port`: where an instance of a shared one listens."""
    body: dict[str, Any] = {**WEB, "client_name": name, "software_id": software_id}
    body["grant_types"] = [*WEB["grant_types"], "client_credentials"]
    match kind:
        case "shared":
            body |= {"token_endpoint_auth_method": "none", "application_type": "native", "grant_types": WEB["grant_types"]}
            body["redirect_uris"] = [f"http://localhost:{port}/callback"]
        case "public":
            body |= {"token_endpoint_auth_method": "none", "application_type": "native", "grant_types": WEB["grant_types"]}
            body["redirect_uris"] = ["com.example.app:/callback"]
        case "certificate":
            body |= {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(0, kid="k0")]}}
        case "federated":
            identity = {"issuer": FEDERATED_ISSUER, "subject": software_id}
            body |= {"token_endpoint_auth_method": "private_key_jwt", "federated_identities": [identity]}
    return body
