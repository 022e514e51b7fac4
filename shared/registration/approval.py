"""Clients that an operator has to approve: their service principal is disabled until somebody enables it in the portal."""

from shared.registration.application import Provenance
from shared.registration.ports import ClientDirectory
from shared.retry import Deadline
from shared.strict_json import JsonObject


def shown_approval(directory: ClientDirectory, client_id: str, provenance: Provenance, deadline: Deadline) -> JsonObject:
    """What an answer says of it, an extension of this bridge: `approval` is `pending` or `granted`. Nothing for clients that need
    none. Raises a GraphFailure."""
    if not provenance.approval:
        return {}
    principal = directory.read_service_principal(client_id, deadline, select=["appId", "accountEnabled"])
    return {"approval": "granted" if principal is not None and principal.get("accountEnabled") else "pending"}


def withdraw(directory: ClientDirectory, client_id: str, deadline: Deadline) -> None:
    """Make a client wait for approval again. Raises a GraphFailure."""
    directory.update_service_principal(client_id, {"accountEnabled": False}, deadline)
