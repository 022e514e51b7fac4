"""The number of directory objects that one principal may create.

https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions: soft-deleted objects count in full, purged
ones a quarter for 30 days. A role with applications/create lifts the quota.
"""

from emulator.directory.directory import RETENTION_SECONDS
from emulator.graph.authorization import creates_for_all
from emulator.graph.call import Call
from emulator.graph.errors import quota_exceeded


def check_quota(call: Call, new_objects: int = 1) -> None:
    """Raise GraphError when the caller has created as many objects as the quota allows."""
    assumptions = call.tenant.assumptions
    if assumptions.directory_object_quota is None or creates_for_all(call):
        return
    own, used = call.caller.principal_id, 0.0
    horizon = call.tenant.clock.time() - RETENTION_SECONDS
    for store in (call.tenant.directory.applications, call.tenant.directory.service_principals):
        created = store.created_by.get(own, {})
        deleted = sum(1 for record in created.values() if not record.alive)
        used += len(created) - deleted + assumptions.deleted_object_quota_weight * deleted
        purged = sum(1 for moment, creator in store.quota_of_purged if creator == own and moment > horizon)
        used += assumptions.purged_object_quota_weight * purged
    if used + new_objects > assumptions.directory_object_quota:
        raise quota_exceeded(assumptions.quota_status)
