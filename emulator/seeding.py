"""Putting things into an emulated tenant from Python, past every rule and without any lag."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.clock import Clock
from emulator.directory.directory import DIRECTORY_ROLES, GRAPH_APP_ROLES, Directory, new_id
from emulator.directory.record import Record
from emulator.directory.secrets import digest, new_password
from emulator.graph.key_credentials import merged_keys
from emulator.sts.managed_identity import ManagedIdentities
from emulator.tenant import Tenant


@dataclass(frozen=True, slots=True)
class CallerAccount:
    """A client of the tenant that tests made: ids, and its secret when it has one."""

    client_id: str
    object_id: str
    service_principal_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ResourceApi:
    """An API of the tenant. `audience` is the `aud` of its tokens when asked for by identifier URI."""

    app_id: str
    object_id: str
    service_principal_id: str
    identifier_uri: str
    token_version: int

    @property
    def audience(self) -> str:
        """The client id in v2 tokens, the identifier URI in v1 tokens."""
        return self.app_id if self.token_version == 2 else self.identifier_uri


class Seeding:
    """The part of the emulator that fills its directory."""

    clock: Clock
    tenant: Tenant
    directory: Directory
    managed_identities: ManagedIdentities

    def add_caller(self, name: str = "caller", roles: Iterable[str] = (), secret: bool = True) -> CallerAccount:
        """Register a client with a service principal and, granted by an administrator, these application permissions of Graph."""
        record = self.directory.add_application({"displayName": name})
        value = self.add_secret(record) if secret else None
        principal = self.directory.add_service_principal(record.state["appId"], {})
        for role in roles:
            self.directory.assign_role(principal, self.directory.graph, GRAPH_APP_ROLES[role])
        return CallerAccount(record.state["appId"], record.id, principal.id, value)

    def add_managed_identity(
        self, name: str = "function-app", roles: Iterable[str] = (), user_assigned: bool = False
    ) -> CallerAccount:
        """Give the function app a managed identity: a service principal without an application."""
        app_id = new_id()
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities" if user_assigned else "Microsoft.Web/sites"
        values = {
            "displayName": name,
            "servicePrincipalType": "ManagedIdentity",
            # Whether it is one of its own, and the resource that it is or belongs to.
            "alternativeNames": [
                f"isExplicit={user_assigned}",
                f"/subscriptions/{new_id()}/resourcegroups/rg/providers/{kind}/{name}",
            ],
        }
        principal = self.directory.add_service_principal(app_id, values)
        for role in roles:
            self.directory.assign_role(principal, self.directory.graph, GRAPH_APP_ROLES[role])
        if user_assigned:
            self.managed_identities.user_assigned[app_id] = principal
        else:
            self.managed_identities.system_assigned = principal
        return CallerAccount(app_id, "", principal.id)

    def assign_directory_role(self, client_id: str, role: str) -> None:
        """Give a client a directory role: one of DIRECTORY_ROLES, or a custom one of a single action."""
        principal = self._principal(client_id)
        self.directory.role_actions.setdefault(principal.id, set()).update(DIRECTORY_ROLES.get(role, (role,)))

    def _principal(self, client_id: str) -> Record:
        principal = self.directory.service_principal_of(client_id)
        if principal is None:
            raise KeyError(client_id)
        return principal

    def add_certificate(self, application_id: str, certificate: bytes, display_name: str = "certificate") -> None:
        """Give the application with this object id a certificate (DER), past every rule but its form."""
        record = self.directory.applications.live[application_id]
        key = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(certificate).decode()}
        known = {k["keyId"]: k for k in record.state.get("keyCredentials", ())}
        credentials, keys = merged_keys(known, [*known.values(), {**key, "displayName": display_name}], self.clock.now())
        record.keys.update(keys)
        self.directory.write_application(record, {"keyCredentials": credentials})

    def trust_issuer(self, issuer: str, keys: Mapping[str, object]) -> None:
        """Give the emulator the public keys (kid to key) of an outside issuer, for federated identity credentials."""
        self.directory.trusted_issuers[issuer] = dict(keys)

    def add_secret(self, application: Record, display_name: str = "made by the emulator") -> str:
        """Give an application a client secret, past every rule; returns the secret."""
        credential, secret = new_password({"displayName": display_name}, self.clock.now())
        application.secrets[credential["keyId"]] = digest(secret)
        passwords = [*application.state.get("passwordCredentials", ()), credential]
        self.directory.write_application(application, {"passwordCredentials": passwords})
        return secret

    def add_resource_api(
        self,
        name: str,
        identifier_uri: str,
        token_version: int = 2,
        scopes: Iterable[str] = (),
        app_roles: Iterable[str] = (),
        admin_scopes: Iterable[str] = (),
        app_id: str = "",
    ) -> ResourceApi:
        """Register an API that offers delegated scopes, of which `admin_scopes` are for administrators, and application roles.

        Its client id is `app_id`, for tests that must know it before, or a new one.
        """
        offered = [
            {"id": new_id(), "value": scope, "isEnabled": True, "type": kind, "adminConsentDisplayName": scope}
            for kind, values in (("User", scopes), ("Admin", admin_scopes))
            for scope in values
        ]
        roles = [
            {
                "id": new_id(),
                "value": r,
                "isEnabled": True,
                "displayName": r,
                "description": r,
                "allowedMemberTypes": ["Application"],
            }
            for r in app_roles
        ]
        api: dict[str, Any] = {
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "requestedAccessTokenVersion": token_version,
            "oauth2PermissionScopes": offered,
            "preAuthorizedApplications": [],
        }
        record = self.directory.add_application(
            {
                "displayName": name,
                "identifierUris": [identifier_uri],
                "api": api,
                "appRoles": roles,
                **({"appId": app_id} if app_id else {}),
            }
        )
        principal = self.directory.add_service_principal(record.state["appId"], {})
        return ResourceApi(record.state["appId"], record.id, principal.id, identifier_uri, token_version)

    def grant_role(self, client_id: str, api: ResourceApi, role: str) -> None:
        """Assign an app role of `api` to a client; KeyError when the client has no service principal or the role is unknown."""
        principal = self._principal(client_id)
        resource = self.directory.service_principals.live[api.service_principal_id]
        ids = {offered["value"]: offered["id"] for offered in resource.state.get("appRoles", ())}
        self.directory.assign_role(principal, resource, ids[role])

    def add_user(
        self,
        user_principal_name: str,
        password: str = "correct horse",  # noqa: S107
        admin: bool = False,
        **values: Any,
    ) -> Record:
        """Create a user who can sign in; `values` are members of the user in Graph form (displayName, accountEnabled ...).

        An administrator may consent to anything.
        """
        user = self.directory.add_user(user_principal_name, password, **values)
        if admin:
            self.directory.admins.add(user.id)
        return user

    def admin_consent(self, client_id: str, api: ResourceApi, scopes: Iterable[str] = ()) -> None:
        """Consent for the whole organization to scopes of `api`, or to all of them."""
        state = self.directory.applications.live[api.object_id].state
        offered = [str(scope["value"]) for scope in state["api"]["oauth2PermissionScopes"]]
        self.tenant.consents.grant(client_id, api.app_id, tuple(scopes) or offered)

    def seed_applications(self, count: int, *, tags: Sequence[str] = (), owner: str = "", **values: Any) -> list[Record]:
        """Put many applications into the directory quickly, past every rule; `owner` is a service principal's object id."""
        owners = [owner] if owner else []
        shared = {"tags": list(tags), **values}
        return [
            self.directory.add_application({"displayName": f"seeded {number}", **shared}, owners=owners)
            for number in range(count)
        ]
