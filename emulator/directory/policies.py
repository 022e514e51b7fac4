"""The tenant's app management policy (https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy)."""

from typing import Any

from emulator.clock import parse_graph_time
from emulator.directory.record import State

DEFAULT_POLICY_ID = "00000000-0000-0000-0000-000000000000"


class Policies:
    """The default policy, disabled until someone changes it."""

    def __init__(self) -> None:
        self.default: State = {
            "id": DEFAULT_POLICY_ID,
            "displayName": "Default app management tenant policy",
            "description": "Default tenant policy that enforces app management restrictions.",
            "isEnabled": False,
            "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": []},
            "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
        }

    def restrict_passwords(
        self, *, forbid: bool = False, max_lifetime: str | None = None, created_after: str | None = None
    ) -> None:
        """Enable the policy: no new passwords at all, or none that live longer than an ISO 8601 duration such as P180D."""
        restrictions: list[dict[str, Any]] = []
        for kind, lifetime in (("passwordAddition", None),) * forbid + (("passwordLifetime", max_lifetime),) * bool(max_lifetime):
            restrictions.append(
                {
                    "restrictionType": kind,
                    "state": "enabled",
                    "maxLifetime": lifetime,
                    "restrictForAppsCreatedAfterDateTime": created_after,
                    "excludeActors": None,
                }
            )
        self.change({"isEnabled": True, "applicationRestrictions": {"passwordCredentials": restrictions, "keyCredentials": []}})

    def change(self, members: State) -> None:
        """Replace members of the default policy."""
        self.default = {**self.default, **members}

    def restrictions(self, application: State, kind: str) -> list[State]:
        """The restrictions on `passwordCredentials` or `keyCredentials` in force for an application."""
        if not self.default["isEnabled"]:
            return []
        created = parse_graph_time(application["createdDateTime"]) if application.get("createdDateTime") else None
        found = []
        for restriction in (self.default.get("applicationRestrictions") or {}).get(kind) or ():
            after = restriction.get("restrictForAppsCreatedAfterDateTime")
            if restriction.get("state") != "enabled" or (after and created and created < parse_graph_time(after)):
                continue
            found.append(restriction)
        return found
