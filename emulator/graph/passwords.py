"""addPassword and removePassword on applications."""

from emulator.directory.record import Record
from emulator.directory.secrets import digest, new_password
from emulator.graph import authorization, lookup
from emulator.graph.application_rules import check_size
from emulator.graph.bodies import checked_parameters
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError
from emulator.graph.password_rules import check_password
from emulator.graph.router import Router
from emulator.message import Response


def add_routes(router: Router) -> None:
    """Serve the two actions."""
    router.add("POST", "/applications/{}/addPassword", add_password)
    router.add("POST", "/applications/{}/removePassword", remove_password)


def add_password(call: Call) -> Response:
    """200 with the new passwordCredential and, this once, its secretText."""
    record = _writable(call)
    asked = checked_parameters(call, "addPassword", "application").get("passwordCredential") or {}
    tenant = call.tenant
    check_password(tenant, record.state, asked, at_creation=False)
    key_id = asked.get("keyId") if tenant.assumptions.chosen_password_key_id_is_kept else None
    credential, secret = new_password(asked, tenant.clock.now(), key_id)
    passwords = [*record.state.get("passwordCredentials", ()), credential]
    check_size({**record.state, "passwordCredentials": passwords}, tenant.assumptions)
    record.secrets[credential["keyId"]] = digest(secret)
    _write(call, record, passwords)
    context = f"{call.base}/$metadata#microsoft.graph.passwordCredential"
    return answer(200, {"@odata.context": context, **credential, "secretText": secret})


def remove_password(call: Call) -> Response:
    """204; the secret stops working, at once or when the token service hears of it."""
    record = _writable(call)
    key_id = str(checked_parameters(call, "removePassword", "application")["keyId"]).lower()
    passwords = record.state.get("passwordCredentials", [])
    kept = [credential for credential in passwords if credential["keyId"] != key_id]
    if len(kept) == len(passwords):
        status = call.tenant.assumptions.unknown_key_id_status
        raise GraphError(status, "Request_BadRequest", "No password credential found with keyId.")
    _write(call, record, kept)
    return answer(204)


def _writable(call: Call) -> Record:
    record, _ = lookup.application(call)
    authorization.require_write(call, record)
    lookup.living(record, call.key)
    lookup.check_credential_window(call, record)
    return record


def _write(call: Call, record: Record, passwords: list[dict[str, object]]) -> None:
    record.last_credential_write = call.tenant.clock.time()
    call.tenant.directory.write_application(record, {"passwordCredentials": passwords})
