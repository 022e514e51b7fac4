"""Scopes that clients register, and the permissions of resource APIs that they stand for.

RFC 7591 section 2 (`scope`); learn.microsoft.com/graph/api/resources/requiredresourceaccess. Registering a permission
declares it; granting it stays with the tenant's administrators.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from shared.clock import Clock
from shared.errors import InvalidClientMetadata
from shared.registration.configuration import ResourceApi
from shared.registration.grants import uses_redirects
from shared.registration.policy import CLIENT_CREDENTIALS, DEVICE_CODE, JWT_BEARER, Policy
from shared.registration.ports import ClientDirectory
from shared.retry import Deadline
from shared.strict_json import JsonObject

# RFC 6749 section 3.3.
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_LONGEST_SCOPE = 2000
# Entra gives these to any client that asks at the authorization endpoint.
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
# All permissions of an API that are granted to the client: nothing to declare.
_ALL_GRANTED = ".default"
# Seconds after which the permissions of an API are read again when a client asks for one that isn't among them.
_STALE = 60.0


@dataclass(frozen=True, slots=True)
class Permissions:
    """The ids of an API's permissions by their value: delegated ones (`scopes`) and app roles for applications (`roles`)."""

    scopes: Mapping[str, str]
    roles: Mapping[str, str]


def read_permissions(service_principal: JsonObject) -> Permissions:
    """The enabled permissions that a service principal publishes."""

    def ids(name: str, *, wanted: str = "") -> dict[str, str]:
        entries = service_principal.get(name) or []
        return {
            entry["value"]: entry["id"]
            for entry in entries
            if entry.get("value") and entry.get("isEnabled") and (not wanted or wanted in entry.get("allowedMemberTypes", []))
        }

    return Permissions(ids("oauth2PermissionScopes"), ids("appRoles", wanted="Application"))


def split_scope(scope: str) -> tuple[str, ...]:
    """The scopes of a scope string, each once. Raises InvalidClientMetadata where it isn't one."""
    names = tuple(dict.fromkeys(name for name in scope.split(" ") if name))
    if len(scope) > _LONGEST_SCOPE or not all(_TOKEN.fullmatch(name) for name in names):
        raise InvalidClientMetadata(f"scope is not a string of scopes between single blanks, at most {_LONGEST_SCOPE} characters")
    return names


@dataclass(frozen=True, slots=True)
class ChosenScopes:
    """What is registered: the scope string, and requiredResourceAccess entries for the APIs that the bridge is set up for."""

    scope: str
    access: list[JsonObject]


class ScopeCatalogue:
    """Knows the configured APIs' permissions; each is read from the directory once and kept."""

    def __init__(self, directory: ClientDirectory, apis: Iterable[ResourceApi], clock: Clock) -> None:
        self._directory = directory
        # The longest prefix first, so that `api://orders/admin/` wins over `api://orders/`.
        self._apis = tuple(sorted(apis, key=lambda api: len(api.prefix), reverse=True))
        self._clock = clock
        self._known: dict[str, tuple[float, Permissions]] = {}
        self._lock = Lock()

    @property
    def app_ids(self) -> frozenset[str]:
        """The APIs whose entries in requiredResourceAccess are the bridge's."""
        return frozenset(api.app_id for api in self._apis)

    def choose(self, asked: str | None, grant_types: tuple[str, ...], policy: Policy, deadline: Deadline) -> ChosenScopes:
        """The scopes among `asked` (or the policy's default) that exist and are allowed, with their permissions.

        Raises InvalidClientMetadata for others, unless the policy drops them; a GraphFailure where they can't be looked up.
        """
        kept: list[str] = []
        access: dict[str, list[dict[str, Any]]] = {}
        for name in split_scope(asked if asked is not None else policy.default_scope):
            allowed = policy.scopes is None or name in policy.scopes
            found = self._find(name, grant_types, deadline) if allowed else None
            if found is None:
                if policy.unknown_scopes == "refuse":
                    raise InvalidClientMetadata(f"scope has {name[:80]}, which is unknown or not allowed here")
                continue
            kept.append(name)
            for app_id, permission in found:
                access.setdefault(app_id, []).append(permission)
        entries = [{"resourceAppId": app_id, "resourceAccess": permissions} for app_id, permissions in access.items()]
        return ChosenScopes(" ".join(kept), entries)

    def merged(self, application: JsonObject, access: list[JsonObject]) -> list[JsonObject]:
        """`access` together with what an administrator declared on `application` for other APIs."""
        others = [
            entry for entry in application.get("requiredResourceAccess") or [] if entry["resourceAppId"] not in self.app_ids
        ]
        return [*others, *access]

    def _find(self, name: str, grant_types: tuple[str, ...], deadline: Deadline) -> list[tuple[str, dict[str, Any]]] | None:
        """The permissions to declare for a scope, perhaps none, each with its API; None for an unknown scope."""
        if name in OPENID_SCOPES:
            return []
        api = next((api for api in self._apis if name.startswith(api.prefix)), None)
        if api is None:
            return None
        value = name.removeprefix(api.prefix)
        if value == _ALL_GRANTED:
            return []
        permissions = self._permissions(api, deadline)
        if value not in permissions.scopes and value not in permissions.roles:
            permissions = self._permissions(api, deadline, renew=True)
        delegated = uses_redirects(grant_types) or bool({DEVICE_CODE, JWT_BEARER} & set(grant_types))
        declared: list[tuple[str, dict[str, Any]]] = []
        if delegated and value in permissions.scopes:
            declared.append((api.app_id, {"id": permissions.scopes[value], "type": "Scope"}))
        if api.app_roles and CLIENT_CREDENTIALS in grant_types and value in permissions.roles:
            declared.append((api.app_id, {"id": permissions.roles[value], "type": "Role"}))
        return declared or None

    def _permissions(self, api: ResourceApi, deadline: Deadline, *, renew: bool = False) -> Permissions:
        with self._lock:
            known = self._known.get(api.app_id)
        now = self._clock.monotonic()
        if known is not None and not (renew and now - known[0] >= _STALE):
            return known[1]
        select = ["appId", "oauth2PermissionScopes", "appRoles"]
        service_principal = self._directory.read_service_principal(api.app_id, deadline, select=select)
        permissions = read_permissions(service_principal or {})
        with self._lock:
            self._known[api.app_id] = (now, permissions)
        return permissions
