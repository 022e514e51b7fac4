"""Finds the object that a path's key names, as the replica that is asked sees it."""

from emulator.directory.record import Record, Version
from emulator.graph.call import Call, Key
from emulator.graph.errors import bad_request, concurrency, not_found
from emulator.schema.body import GUID

_CHANNELS = {"id": "by_id", "appId": "by_app_id", "uniqueName": "by_unique_name"}


def application(call: Call, key: Key | None = None) -> tuple[Record, Version]:
    """The application that a key names, as this call sees it; GraphError 404 or 400.

    A write looks it up twice, by its key and where writes find their object, and needs both to know it.
    """
    key = key or call.key
    if key.name not in _CHANNELS:
        raise bad_request(f"The key '{key.name}' is not an alternate key of 'microsoft.graph.application'.")
    _check_id(call, key)
    return _seen(call, key, call.tenant.directory.applications.find(key.name, key.value), _CHANNELS[key.name])


def service_principal(call: Call, key: Key | None = None) -> tuple[Record, Version]:
    """The same for a service principal, by id or appId."""
    key = key or call.key
    if key.name not in ("id", "appId"):
        raise bad_request(f"The key '{key.name}' is not an alternate key of 'microsoft.graph.servicePrincipal'.")
    _check_id(call, key)
    return _seen(call, key, call.tenant.directory.service_principals.find(key.name, key.value), "service_principals")


def living(record: Record, key: Key) -> Record:
    """`record`, unless the primary has deleted it: a write cannot reach what only a lagging replica still shows."""
    if not record.alive:
        raise not_found(key.value)
    return record


def check_credential_window(call: Call, record: Record) -> None:
    """Raise GraphError 409 when the last credential write on `record` was too short a time ago."""
    if call.tenant.clock.time() - record.last_credential_write < call.tenant.consistency.credential_write_window:
        raise concurrency(call.tenant.assumptions.concurrency_status)


def _seen(call: Call, key: Key, record: Record | None, channel: str) -> tuple[Record, Version]:
    channels = (channel,) if call.request.method == "GET" else (channel, "writes")
    versions = [call.tenant.consistency.seen(record, name) for name in channels]
    if record is None or versions[0] is None or any(version is None or version.kind != "live" for version in versions):
        raise not_found(key.value)
    return record, versions[0]


def _check_id(call: Call, key: Key) -> None:
    if key.name == "id" and not GUID.fullmatch(key.value):
        if call.tenant.assumptions.malformed_id_is_bad_request:
            raise bad_request(f"Invalid object identifier '{key.value}'.")
        raise not_found(key.value)
