"""The Entra emulator: one object that holds the tenant and, while started, serves it over TLS."""

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from requests import Session

from emulator.assumptions import Assumptions
from emulator.call_log import CallLog
from emulator.certificates import Authority
from emulator.clock import Clock
from emulator.clouds import CLOUDS
from emulator.consistency import Consistency
from emulator.control.surface import ControlSurface
from emulator.directory.directory import GRAPH_APP_ROLES, Directory, new_id
from emulator.directory.record import Record
from emulator.directory.secrets import digest, new_password
from emulator.dispatch import Dispatcher
from emulator.faults import Faults
from emulator.graph.key_credentials import merged_keys
from emulator.graph.listing import Lister
from emulator.graph.routes import build_graph
from emulator.listener import Listener
from emulator.message import Request, Response
from emulator.sts.managed_identity import ManagedIdentities
from emulator.sts.mint import Mint
from emulator.sts.service import TokenService
from emulator.sts.signing_keys import SigningKeys
from emulator.tenant import Tenant
from emulator.transport import in_process_session


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


class EntraEmulator:
    """One emulated tenant: Microsoft Graph and the token service on one host.

    As a context manager, or between `start` and `stop`, it serves at `url`. Without that it answers in-process: `answer` takes
    a request, `session` gives a `requests` session. `cloud` is "public", "usgov", "usdod" or "china"; `issuer_base` replaces the
    emulator's own URL in v2 issuers; `host` and `port` are where to listen, `host_names` further names for the certificate.
    """

    def __init__(
        self,
        *,
        tenant_id: str | None = None,
        cloud: str = "public",
        host: str = "127.0.0.1",
        port: int = 0,
        host_names: Sequence[str] = (),
        issuer_base: str = "",
        seed: int = 0,
    ) -> None:
        self._host, self._port, self._host_names = host, port, tuple(host_names)
        self._listener: Listener | None = None
        self._authority: Authority | None = None
        self.tenant_id = tenant_id or str(uuid.uuid4())
        self.clock = Clock()
        self.consistency = Consistency(self.clock, seed)
        self.faults = Faults(seed)
        self.keys = SigningKeys()
        domain = "example.onmicrosoft.com"
        self.directory = Directory(self.tenant_id, domain, self.clock, self.consistency)
        self.tenant = Tenant(
            tenant_id=self.tenant_id,
            url="https://localhost",
            clock=self.clock,
            consistency=self.consistency,
            directory=self.directory,
            keys=self.keys,
            cloud=CLOUDS[cloud],
            domain=domain,
            issuer_base=issuer_base,
        )
        lister = Lister()
        self.sts = TokenService(self.tenant)
        self.mint = Mint(self.tenant, self.sts.issuer)
        self.managed_identities = ManagedIdentities(self.tenant, self.sts.issuer)
        others = {"_emulator": ControlSurface(self).answer, "msi": self.managed_identities.answer}
        self.answer = Dispatcher(self.tenant, build_graph(self.tenant, lister), lister, self.sts.answer, others, self.faults)

    @property
    def url(self) -> str:
        """Where the emulator is: authority host and Graph host alike."""
        return self.tenant.url

    @property
    def ca_file(self) -> str:
        """The path of the CA's certificate (PEM); RuntimeError before `start`."""
        if self._authority is None:
            raise RuntimeError("the emulator was not started, so it has no CA")
        return self._authority.ca_file

    @property
    def requests(self) -> CallLog:
        """The calls received so far."""
        return self.answer.log

    @property
    def assumptions(self) -> Assumptions:
        """The switches for what is not established about Entra."""
        return self.tenant.assumptions

    def start(self) -> Self:
        """Serve over TLS in a thread; returns when connections are accepted."""
        self._authority = Authority(self._host_names)
        self._listener = Listener(self.answer, self._host, self._port, self._authority.server_context())
        shown = self._host_names[0] if self._host_names else ("127.0.0.1" if self._host == "0.0.0.0" else self._host)  # noqa: S104
        self.tenant.url = f"https://{shown}:{self._listener.port}"
        self._listener.start()
        return self

    def stop(self) -> None:
        """Stop serving; the state stays."""
        if self._listener is not None:
            self._listener.stop()
        if self._authority is not None:
            self._authority.close()
        self._listener = self._authority = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def session(self) -> Session:
        """A `requests` session that reaches the emulator without a socket, whatever host its URLs name."""
        return in_process_session(self.answer)

    def handle(self, request: Request) -> Response:
        """Answer one request in-process."""
        return self.answer(request)

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
        principal = self.directory.add_service_principal(app_id, {"displayName": name, "servicePrincipalType": "ManagedIdentity"})
        for role in roles:
            self.directory.assign_role(principal, self.directory.graph, GRAPH_APP_ROLES[role])
        if user_assigned:
            self.managed_identities.user_assigned[app_id] = principal
        else:
            self.managed_identities.system_assigned = principal
        return CallerAccount(app_id, "", principal.id)

    @property
    def identity_environment(self) -> dict[str, str]:
        """The environment variables by which a function app finds its managed identities."""
        return {"IDENTITY_ENDPOINT": f"{self.url}{ManagedIdentities.path}", "IDENTITY_HEADER": self.managed_identities.header}

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

    def token_for(self, account: CallerAccount, scope: str = "") -> str:
        """A token, for Graph unless `scope` says otherwise, for a client with its secret; RuntimeError when refused."""
        wanted = scope or f"{self.tenant.cloud.graph_resource}/.default"
        form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
        answer = self.session().post(f"{self.url}/{self.tenant_id}/oauth2/v2.0/token", data={**form, "scope": wanted})
        if answer.status_code != 200:
            raise RuntimeError(answer.json()["error_description"])
        return str(answer.json()["access_token"])

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
    ) -> ResourceApi:
        """Register an API that offers delegated scopes and application roles."""
        offered = [
            {"id": new_id(), "value": scope, "isEnabled": True, "type": "User", "adminConsentDisplayName": scope}
            for scope in scopes
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
            {"displayName": name, "identifierUris": [identifier_uri], "api": api, "appRoles": roles}
        )
        principal = self.directory.add_service_principal(record.state["appId"], {})
        return ResourceApi(record.state["appId"], record.id, principal.id, identifier_uri, token_version)

    def grant_role(self, client_id: str, api: ResourceApi, role: str) -> None:
        """Assign an app role of `api` to a client; KeyError when the client has no service principal or the role is unknown."""
        principal = self.directory.service_principal_of(client_id)
        resource = self.directory.service_principals.live[api.service_principal_id]
        ids = {offered["value"]: offered["id"] for offered in resource.state.get("appRoles", ())}
        if principal is None:
            raise KeyError(client_id)
        self.directory.assign_role(principal, resource, ids[role])

    def add_user(self, user_principal_name: str, password: str = "correct horse", **values: Any) -> Record:  # noqa: S107
        """Create a user who can sign in; `values` are members of the user in Graph form (displayName, accountEnabled ...)."""
        return self.directory.add_user(user_principal_name, password, **values)

    def seed_applications(self, count: int, *, tags: Sequence[str] = (), owner: str = "", **values: Any) -> list[Record]:
        """Put many applications into the directory quickly, past every rule; `owner` is a service principal's object id."""
        owners = [owner] if owner else []
        shared = {"tags": list(tags), **values}
        return [
            self.directory.add_application({"displayName": f"seeded {number}", **shared}, owners=owners)
            for number in range(count)
        ]
