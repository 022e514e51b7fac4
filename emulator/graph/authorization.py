"""What a caller may do: the application permissions of each call.

Source: the permission table of Microsoft Graph, microsoftgraph/microsoft-graph-devx-content permissions/new/permissions.json,
and, for deleted items, the reference pages of 2021 (the table has no row for them).
"""

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


def require_create(call: Call) -> None:
    """An application may be created with either write permission, or with the one for just that."""
    require(call, OWNED_BY, READ_WRITE_ALL, CREATE)


def require_write(call: Call, record: Record) -> None:
    """An object may be changed with ReadWrite.All, or with OwnedBy by its owner."""
    if call.caller.has(READ_WRITE_ALL):
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
