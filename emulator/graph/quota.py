"""The number of directory objects that one principal may create."""

from emulator.graph.call import Call
from emulator.graph.errors import GraphError


def check_quota(call: Call, new_objects: int = 1) -> None:
    """Raise GraphError when the caller has created as many objects as the quota allows; deleted ones count in part."""
    assumptions = call.tenant.assumptions
    if assumptions.directory_object_quota is None:
        return
    own, used = call.caller.principal_id, 0.0
    for store in (call.tenant.directory.applications, call.tenant.directory.service_principals):
        used += sum(1 for record in store.live.values() if record.creator == own)
        used += sum(assumptions.deleted_object_quota_weight for record in store.deleted.values() if record.creator == own)
    if used + new_objects > assumptions.directory_object_quota:
        text = "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to increase "
        text += "the quota limit or delete objects to reduce the used quota."
        raise GraphError(assumptions.quota_status, "Directory_QuotaExceeded", text)
