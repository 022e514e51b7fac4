"""Scopes that clients register, and the permissions of resource APIs that they stand for.

RFC 7591 section 2 (`scope`); learn.microsoft.com/graph/api/resources/requiredresourceaccess. Registering a permission
declares it; granting it stays with the tenant's administrators.
"""

import re
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from shared.errors import InvalidClientMetadata
from shared.registration.client_type import uses_redirects
from shared.registration.configuration import RegistrationContext, ResourceApi
from shared.registration.policy import CLIENT_CREDENTIALS, DEVICE_CODE, JWT_BEARER, Policy
from shared.registration.registration import Registration
from shared.retry import Deadline
from shared.strict_json import JsonObject

if TYPE_CHECKING:
    from shared.graph.directory import Directory

# RFC 6749 section 3.3.
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_LONGEST_SCOPE = 2000
# Entra gives these to any client that asks at the authorization endpoint.
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
# All permissions of an API that are granted to the client: nothing to declare.
_ALL_GRANTED = ".default"
_PUBLISHED = ("appId", "oauth2PermissionScopes", "appRoles")
# Seconds after which the permissions of an API are read again when a client asks for one that isn't among them.
_STALE = 60.0


class Permissions(NamedTuple):
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


def advertised_scopes(apis: Iterable[ResourceApi], directory: "Directory", deadline: Deadline) -> list[str]:
    """The delegated scopes of configured APIs by their full names, which are what Entra takes. An API without a service principal
    has none. Raises a GraphFailure."""
    names: list[str] = []
    for api in apis:
        principal = directory.read_service_principal(api.app_id, deadline, select=_PUBLISHED)
        names += [api.prefix + value for value in read_permissions(principal or {}).scopes]
    return names


def split_scope(scope: str) -> tuple[str, ...]:
    """The scopes of a scope string, each once. Raises InvalidClientMetadata where it isn't one."""
    names = tuple(dict.fromkeys(name for name in scope.split(" ") if name))
    if len(scope) > _LONGEST_SCOPE or not all(_TOKEN.fullmatch(name) for name in names):
        raise InvalidClientMetadata(f"scope is not a string of scopes between single blanks, at most {_LONGEST_SCOPE} characters")
    return names


class ScopeCatalogue:
    """Knows the configured APIs' permissions; each is read from the directory once and kept."""

    def __init__(self, context: RegistrationContext) -> None:
        self._directory = context.directory
        self._clock = context.clock
        # The longest prefix first, so that `api://orders/admin/` wins over `api://orders/`.
        apis = context.configuration.resource_apis
        self._apis = tuple(sorted(apis, key=lambda api: len(api.prefix), reverse=True))
        self._known: dict[str, tuple[float, Permissions]] = {}
        self._lock = Lock()

    def add_scope(
        self,
        registration: Registration,
        asked: str | None,
        policy: Policy,
        deadline: Deadline,
        application: JsonObject | None = None,
    ) -> tuple[Registration, list[JsonObject]]:
        """`registration` with the scopes among `asked` (or the policy's default) that exist and are allowed, and its
        requiredResourceAccess: their permissions beside what `application` declares for APIs that aren't the bridge's.

        Raises InvalidClientMetadata for other scopes, unless the policy drops them; a GraphFailure where they can't be looked up.
        """
        kept: list[str] = []
        permissions: dict[str, list[JsonObject]] = {}
        names = split_scope(asked if asked is not None else policy.default_scope)
        for name in split_scope(" ".join(policy.scope_names.get(name, name) for name in names)):
            allowed = policy.scopes is None or name in policy.scopes
            found = self._find(name, registration.grant_types, deadline) if allowed else None
            if found is None:
                if policy.unknown_scopes == "refuse":
                    raise InvalidClientMetadata(f"scope has {name[:80]}, which is unknown or not allowed here")
                continue
            kept.append(name)
            for app_id, permission in found:
                permissions.setdefault(app_id, []).append(permission)
        own = {api.app_id for api in self._apis}
        declared = (application or {}).get("requiredResourceAccess") or []
        access = [entry for entry in declared if entry["resourceAppId"] not in own]
        access += [{"resourceAppId": app_id, "resourceAccess": entries} for app_id, entries in permissions.items()]
        return registration._replace(scope=" ".join(kept) or None), access

    def _find(self, name: str, grant_types: tuple[str, ...], deadline: Deadline) -> list[tuple[str, JsonObject]] | None:
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
        declared: list[tuple[str, JsonObject]] = []
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
        service_principal = self._directory.read_service_principal(api.app_id, deadline, select=_PUBLISHED)
        permissions = read_permissions(service_principal or {})
        with self._lock:
            self._known[api.app_id] = (now, permissions)
        return permissions
