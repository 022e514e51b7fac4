"""What a caller may do: the application permissions of each call.

Source: the permission table of Microsoft Graph, microsoftgraph/microsoft-graph-devx-content permissions/new/permissions.json,
and, for deleted items, the reference pages of 2021 (the table has no row for them).
"""

from emulator.directory.directory import CREATE_ACTION, UPDATE_ACTION
from emulator.directory.record import Record
from emulator.graph.call import Call
from emulator.graph.errors import denied

OWNED_BY = "Application.ReadWrite.OwnedBy"
READ_WRITE_ALL = "Application.ReadWrite.All"
READ_ALL = "Application.Read.All"
DIRECTORY_READ = "Directory.Read.All"
CREATE = "AppRegistration.Create"


def require(call: Call, *permissions: str) -> None:
    """Raise GraphError 403 unless the caller holds any of `permissions`."""
    if not call.caller.has(*permissions):
        raise denied()


def require_read(call: Call, record: Record | None = None) -> None:
    """Applications and service principals may be read with any of the read permissions; OwnedBy reads those of others too."""
    if call.caller.has(READ_ALL, READ_WRITE_ALL, DIRECTORY_READ):
        return
    require(call, OWNED_BY)
    owns = record is not None and call.caller.principal_id in record.owners
    if not owns and not call.tenant.assumptions.owned_by_reads_all_applications:
        raise denied()


def require_create(call: Call, *permissions: str) -> None:
    """An application may be created with either write permission, the one for just that, or a role with applications/create."""
    if not creates_for_all(call):
        require(call, *(permissions or (OWNED_BY, READ_WRITE_ALL, CREATE)))


def creates_for_all(call: Call) -> bool:
    """Whether the caller has a directory role that creates applications without quota, and so without becoming their owner."""
    return CREATE_ACTION in call.tenant.directory.role_actions.get(call.caller.principal_id, ())


def creator_becomes_owner(call: Call) -> bool:
    """Whether a caller owns the application that it creates; a role with applications/create wins over OwnedBy."""
    owner = call.caller.has(OWNED_BY) or call.tenant.assumptions.read_write_all_creator_becomes_owner
    return owner and not creates_for_all(call)


def require_write(call: Call, record: Record) -> None:
    """An object may be changed with ReadWrite.All, or with OwnedBy by its owner."""
    if call.caller.has(READ_WRITE_ALL) or UPDATE_ACTION in call.tenant.directory.role_actions.get(call.caller.principal_id, ()):
        return
    if not call.caller.has(OWNED_BY) or call.caller.principal_id not in record.owners:
        raise denied()


def require_owner_addition(call: Call, record: Record) -> None:
    """Owners may be added with ReadWrite.All; with OwnedBy by an owner that may also read the directory."""
    if call.caller.has(READ_WRITE_ALL):
        return
    require_write(call, record)
    if not (call.tenant.assumptions.owned_by_adds_owners_with_directory_read and call.caller.has(DIRECTORY_READ)):
        raise denied()


def require_deleted_list(call: Call) -> None:
    """Deleted items may be listed with a permission over all applications only."""
    allowed = [READ_ALL, READ_WRITE_ALL, DIRECTORY_READ]
    if call.tenant.assumptions.owned_by_lists_deleted_items:
        allowed.append(OWNED_BY)
    require(call, *allowed)
