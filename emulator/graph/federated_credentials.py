"""Federated identity credentials of an application (https://learn.microsoft.com/graph/api/resources/federatedidentitycredential)."""

import re
from collections.abc import Sequence
from typing import Any

from emulator.directory.directory import new_id
from emulator.directory.record import Record, State
from emulator.graph import authorization, lookup
from emulator.graph.bodies import checked_body
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError, bad_request, invalid_value, not_found
from emulator.graph.router import Router
from emulator.message import Response

_PATH = "/applications/{}/federatedIdentityCredentials"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")
_RESOURCE = "FederatedIdentityCredential"


def add_routes(router: Router) -> None:
    """Serve the collection and its items, which are named by id or by name."""
    router.add("GET", _PATH, list_credentials)
    router.add("POST", _PATH, create)
    router.add("GET", f"{_PATH}/{{}}", read)
    router.add("PATCH", f"{_PATH}/{{}}", update)
    router.add("DELETE", f"{_PATH}/{{}}", delete)


def list_credentials(call: Call) -> Response:
    """GET of all."""
    record, seen = lookup.application(call)
    authorization.require_read(call, record)
    return answer(200, {"@odata.context": _context(call, record), "value": seen.federated})


def create(call: Call) -> Response:
    """POST: 201; issuer and subject together are unique in an application."""
    record = _writable(call)
    body = checked_body(call, "federatedIdentityCredential")
    if not _NAME.fullmatch(body.get("name") or ""):
        raise invalid_value("name", _RESOURCE)
    _check(body)
    if len(record.federated) >= call.tenant.assumptions.federated_credentials_limit:
        raise bad_request("The number of federated identity credentials of an application is limited.")
    if any(known["name"] == body["name"] for known in record.federated):
        raise GraphError(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            f"FederatedIdentityCredential with name {body['name']} already exists.",
        )
    _check_unique(record.federated, body)
    credential = {"id": new_id(), "description": None, **body}
    _write(call, record, [*record.federated, credential])
    return answer(201, {"@odata.context": f"{_context(call, record)}/$entity", **credential})


def read(call: Call) -> Response:
    """GET of one."""
    record, seen = lookup.application(call)
    authorization.require_read(call, record)
    return answer(200, {"@odata.context": f"{_context(call, record)}/$entity", **_find(seen.federated, call)})


def update(call: Call) -> Response:
    """PATCH: 204; the name stays."""
    record = _writable(call)
    credential = _find(record.federated, call)
    body = checked_body(call, "federatedIdentityCredential")
    if "name" in body and body["name"] != credential["name"]:
        raise bad_request("Property 'name' is read-only and cannot be changed.", "ReadOnlyProperty", "name")
    changed = {**credential, **body}
    _check(changed)
    others = [known for known in record.federated if known is not credential]
    _check_unique(others, changed)
    _write(call, record, [changed if known is credential else known for known in record.federated])
    return answer(204)


def delete(call: Call) -> Response:
    """DELETE: 204."""
    record = _writable(call)
    credential = _find(record.federated, call)
    _write(call, record, [known for known in record.federated if known is not credential])
    return answer(204)


def _writable(call: Call) -> Record:
    record, seen = lookup.application(call)
    authorization.require_write(call, record)
    if len(call.keys) > 1:
        _find(seen.federated, call)
    return lookup.living(record, call.key)


def _write(call: Call, record: Record, credentials: list[State]) -> None:
    call.tenant.directory.applications.write_federated(record, credentials)


def _find(credentials: Sequence[State], call: Call) -> State:
    key = call.keys[1]
    for credential in credentials:
        if key.value in (credential["id"], credential["name"]):
            return credential
    raise not_found(key.value)


def _check(body: dict[str, Any]) -> None:
    for name in ("issuer", "subject"):
        if not 1 <= len(body.get(name) or "") <= 600:
            raise invalid_value(name, _RESOURCE)
    audiences = body.get("audiences") or []
    if len(audiences) != 1 or not 1 <= len(audiences[0]) <= 600:
        raise invalid_value("audiences", _RESOURCE)


def _check_unique(known: list[State], body: dict[str, Any]) -> None:
    if any((one["issuer"], one["subject"]) == (body["issuer"], body["subject"]) for one in known):
        raise bad_request("FederatedIdentityCredential with this issuer and subject already exists.", "ObjectConflict", "subject")


def _context(call: Call, record: Record) -> str:
    return f"{call.base}/$metadata#applications('{record.id}')/federatedIdentityCredentials"
