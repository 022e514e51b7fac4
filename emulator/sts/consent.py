"""Decides at sign-in whether a user may go on: assigned to the application, and its scopes agreed to."""

from emulator.directory.record import Record
from emulator.sts.delegated import Scopes
from emulator.sts.errors import StsError
from emulator.tenant import Tenant


def check_assigned(tenant: Tenant, user: Record, principal: Record) -> None:
    """Raise StsError 50105 when an application wants its users assigned and this one is not."""
    if not principal.state.get("appRoleAssignmentRequired"):
        return
    held = tenant.directory.role_assignments.values()
    if not any(a["principalId"] == user.id and a["resourceId"] == principal.id for a in held):
        raise StsError(50105, client_id=str(principal.state["appId"]), client_name=str(principal.state.get("displayName")))


def is_agreed(tenant: Tenant, client_id: str, scopes: Scopes, user: Record, forced: bool = False) -> bool:
    """Whether the user needs no dialog: everything agreed to before, or the client pre-authorised. `forced` is prompt=consent."""
    needed = set(scopes.granted) - _preauthorised(scopes, client_id)
    if forced:
        survives = tenant.assumptions.preauthorization_survives_prompt_consent
        return survives and not needed
    return not tenant.consents.missing(client_id, scopes.resource.app_id, needed, user.id)


def check_may_agree(tenant: Tenant, client_id: str, scopes: Scopes, user: Record) -> None:
    """Raise StsError 90094, or 90095 where users may ask for it, when the consent takes an administrator's."""
    if user.id in tenant.directory.admins:
        return
    principal = tenant.directory.service_principal_of(client_id)
    assigned = principal is not None and principal.state.get("appRoleAssignmentRequired")
    if assigned or not tenant.consents.user_may(scopes.resource.app_id, scopes.granted, scopes.resource.admin_scopes):
        raise StsError(90095 if tenant.consents.admin_requests else 90094, client_id=client_id)


def agree(tenant: Tenant, client_id: str, scopes: Scopes, user: Record) -> None:
    """Note the user's consent. Raises StsError 90094 or 90095."""
    check_may_agree(tenant, client_id, scopes, user)
    tenant.consents.grant(client_id, scopes.resource.app_id, scopes.granted, user.id)


def check_agreed(tenant: Tenant, client_id: str, scopes: Scopes, user: Record) -> None:
    """Raise StsError 65001 when the token endpoint is asked for what nobody agreed to."""
    if not is_agreed(tenant, client_id, scopes, user):
        raise StsError(65001, client_id=client_id)


def _preauthorised(scopes: Scopes, client_id: str) -> set[str]:
    api = (scopes.resource.application or {}).get("api") or {}
    names = {scope["id"]: scope["value"] for scope in api.get("oauth2PermissionScopes") or ()}
    ids = {
        permission
        for entry in api.get("preAuthorizedApplications") or ()
        if entry.get("appId") == client_id
        for permission in entry.get("delegatedPermissionIds") or ()
    }
    return {names[one] for one in ids if one in names}
