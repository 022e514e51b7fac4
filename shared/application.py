"""The composition root: builds what the functions need, once for each worker process and only when it is first needed.

Heavy libraries are imported where a part is built, and each part has a lock of its own, so that introspection waits for nothing
that it doesn't use. Each part reads its own settings: a wrong one stops the parts that need it, and no other.
"""

import os
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.clock import Clock, SystemClock
from shared.environment import Environment, usable
from shared.http.message import Request, Response, public_response
from shared.parts import part
from shared.retry import Deadline
from shared.settings.by_part import SettingsByPart
from shared.telemetry import close as close_telemetry

if TYPE_CHECKING:
    from shared.audit.report import ReportEndpoint
    from shared.audit.result import AuditRun
    from shared.audit.run import Audit
    from shared.background import Background
    from shared.discovery.endpoint import Discovery
    from shared.graph.client import GraphClient
    from shared.graph.credential import MsalCredential
    from shared.graph.directory import Directory
    from shared.graph.session import DirectorySession
    from shared.graph.tenant_rules import TenantRules
    from shared.http.documents import HttpsDocuments
    from shared.http.readiness import Readiness
    from shared.introspection.bearer_tokens import BearerTokens
    from shared.introspection.endpoint import Introspection
    from shared.portals.kong import KongPortal
    from shared.portals.wso2 import Wso2Portal
    from shared.registration.authorization import Authorization
    from shared.registration.configuration import RegistrationContext
    from shared.registration.endpoint import RegistrationService
    from shared.registration.finishing import FinishedRegistrations, RegistrationFinisher

# pydantic would look through all installed distributions for plugins, which the bridge has none of, before the first model.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# Seconds: for readiness' token and the metadata's questions; for a run that finishes registrations; for what drips after it.
PROBE_SECONDS, FINISHING_SECONDS, SOCKETS_LATE = 5.0, 240.0, 5.0


class Application(SettingsByPart):
    """The parts of the bridge, wired to each other. Using one whose settings are missing or wrong raises InvalidSettings."""

    def __init__(self, variables: Mapping[str, str], clock: Clock | None = None) -> None:
        super().__init__(variables)
        self.clock = clock or SystemClock()
        self._unchecked = Lock()

    # What functions call

    @part
    def budget(self) -> float:
        """Seconds for one request of registration or management."""
        from shared.settings.tenant import BUDGET_MILLISECONDS

        # A wrong value is named, and answered with 500, where the settings of registration are read.
        return Environment(usable(lambda: self.values) or {}).read(BUDGET_MILLISECONDS) / 1000

    async def introspect(self, request: Request) -> Response:
        """POST /introspect."""
        return await self.introspection.handle_async(request, self.clock.now().timestamp())

    @part
    def registration(self) -> "RegistrationService":
        """The endpoints of RFC 7591 and RFC 7592."""
        self.credential.begin()  # the token service answers while the rest loads
        from shared.registration.endpoint import RegistrationService

        return RegistrationService(self._registration_context, lambda: self.bearer_tokens)

    @part
    def _registration_context(self) -> "RegistrationContext":
        from shared.registration.configuration import RegistrationContext
        from shared.registration.memory import WorkerMemory

        common = self.registration_settings, self.directory, self.clock, self._background
        return RegistrationContext(*common, WorkerMemory(self.clock), self._tenant_rules.current)

    @part
    def _tenant_rules(self) -> "TenantRules":
        from shared.graph.tenant_rules import TenantRules

        return TenantRules(self.graph, self.clock)

    @part
    def _background(self) -> "Background":
        from shared.background import Background

        return Background(self.clock)

    def close(self) -> None:
        """End the work behind the answers, for a process that goes on without this bridge."""
        self._background.close()
        close_telemetry()

    @part
    def kong(self) -> "KongPortal":
        """Kong Konnect's dialect of registration."""
        from shared.portals.kong import KongPortal
        from shared.settings.portals import read_product_scopes

        return KongPortal(self.registration, self._read(read_product_scopes), self.clock)

    @part
    def wso2(self) -> "Wso2Portal":
        """The dialects of WSO2's key manager connectors."""
        from shared.portals.wso2 import Wso2Portal

        return Wso2Portal(self.registration, self.registration_settings, self.clock)

    def finish_registrations(self) -> "FinishedRegistrations | None":
        """The timer's run; None where registration isn't set up."""
        finisher = usable(lambda: self._finisher)
        if finisher is None:
            return None
        from shared.http.exchange import sockets_cut_after

        with sockets_cut_after(FINISHING_SECONDS + SOCKETS_LATE):
            return finisher.finish(Deadline.after(self.clock, FINISHING_SECONDS))

    @part
    def _finisher(self) -> "RegistrationFinisher":
        from shared.registration.finishing import RegistrationFinisher

        return RegistrationFinisher(self._registration_context)

    @part
    def introspection(self) -> "Introspection":
        """The endpoint of RFC 7662."""
        from shared.introspection.endpoint import Introspection

        configuration = self.introspection_settings
        lookup = None
        if configuration.asks_directory:
            from shared.graph.lookups import GraphLookup

            lookup = GraphLookup(self.directory, self.clock)
        introspection = Introspection(configuration, self.documents, directory=lookup)
        introspection.warm(self.clock.now().timestamp())
        return introspection

    @part
    def discovery(self) -> "Discovery":
        """The metadata documents. They leave out what its settings keep from working."""
        from shared.discovery.endpoint import ApiScopes, Discovery, EntraMetadata
        from shared.settings.offer import make_offer
        from shared.settings.tenant import OFFLINE_ACCESS

        tenant = self.tenant
        metadata = EntraMetadata(tenant.cloud.authority, tenant.tenant_id, self.documents, self.clock)
        registration = usable(lambda: self.registration_settings)
        introspection = usable(lambda: self.introspection_settings)
        offline = self._read(lambda values: values.read(OFFLINE_ACCESS))
        offer = make_offer(self.base_url, registration, introspection, offline_access=offline)
        if registration is None:
            return Discovery(offer, metadata.document)
        scopes = ApiScopes(self._read_api_scopes, self.clock).names if registration.resource_apis and offer.all_scopes else tuple
        return Discovery(offer, metadata.document, scopes, lambda: self._tenant_rules.current().secrets)

    def _read_api_scopes(self) -> list[str]:
        from shared.registration.scopes import advertised_scopes

        apis = self.registration_settings.resource_apis
        return advertised_scopes(apis, self.directory, Deadline.after(self.clock, PROBE_SECONDS))

    @part
    def audit(self) -> "Audit":
        """The audit of client secrets."""
        from shared.audit.build import build_audit, vault_tokens
        from shared.graph.secret_probe import SecretProbe

        tenant = self.tenant
        return build_audit(
            self.audit_settings,
            graph=self.graph,
            graph_origin=tenant.cloud.graph,
            clock=self.clock,
            session=self.outside,
            token_for=vault_tokens(tenant.identity, tenant.tenant_id, tenant.cloud, self.session),
            probe=SecretProbe(self.session, tenant.cloud, tenant.tenant_id),
            tenant_id=tenant.tenant_id,
            own_client_id=tenant.identity.client_id,
        )

    @part
    def _report(self) -> "ReportEndpoint":
        from shared.audit.report import ReportEndpoint

        return ReportEndpoint(self.audit, self.audit_settings.report_time_limit)

    def report(self, request: Request) -> Response:
        """GET /audit, for callers whose policy has `may_audit`."""
        self._authorization.to_audit(request)
        return self._report.handle(request)

    def run_audit(self, schedule_status: Mapping[str, Any] | None, past_due: bool, run_id: str) -> "AuditRun":
        """The timer's run. `schedule_status` and `past_due` are what the timer says of itself."""
        from shared.audit.window import Window

        window = Window.of_timer(schedule_status, past_due, self.clock.now())
        return self.audit.run(self.audit_settings.time_limit, run_id=run_id, window=window)

    def health(self, request: Request) -> Response:
        """GET /health and its probes. The first one has the settings checked: the host keeps only what is logged in a call."""
        if self._unchecked.acquire(blocking=False):
            from shared.settings.whole import log_settings

            log_settings(self.variables)
        return self.readiness.read(request)

    @part
    def readiness(self) -> "Readiness":
        """The probes."""
        from shared.http.readiness import Readiness

        return Readiness(
            {
                "directory": lambda: self.credential.token(Deadline.after(self.clock, PROBE_SECONDS)),
                "metadata": lambda: self.discovery.document(),
            }
        )

    def introspection_keys(self, _: Request) -> Response:
        """GET /introspect/keys: the keys that verify signed answers (RFC 9701), as a JWK set."""
        signer = self.introspection.signer
        return public_response({"keys": []} if signer is None else signer.key_set())

    # What they stand on

    @part
    def bearer_tokens(self) -> "BearerTokens":
        """Judges the tokens that callers of registration bring: of the bridge's tenant and those that registration names."""
        from shared.introspection.bearer_tokens import tokens_of_tenants

        tenants = self.registration_settings.entra_tenants | {self.tenant.tenant_id}
        return tokens_of_tenants(tenants, self.tenant.cloud.authority, self.documents, self.clock)

    @part
    def _authorization(self) -> "Authorization":
        from shared.registration.authorization import Authorization

        return Authorization(self.registration_settings, lambda: self.bearer_tokens, self.clock)

    # Adapters

    @part
    def documents(self) -> "HttpsDocuments":
        from shared.http.documents import HttpsDocuments, trust

        return HttpsDocuments(trust(self.tenant.verify))

    @part
    def credential(self) -> "MsalCredential":
        from shared.graph.credential import MsalCredential

        tenant = self.tenant
        return MsalCredential(tenant.identity, tenant.tenant_id, tenant.cloud, self.session)

    @part
    def session(self) -> "DirectorySession":
        from shared.graph.session import DirectorySession

        return DirectorySession(self.tenant.verify)

    @part
    def outside(self) -> "DirectorySession":
        """For vaults and webhooks, which are elsewhere than Entra: a CA bundle holds for them beside the usual certificates, and
        skipping validation doesn't."""
        from shared.graph.session import DirectorySession

        return DirectorySession(self.tenant.verify or True, usual_too=True)

    @part
    def graph(self) -> "GraphClient":
        from shared.graph.client import GraphClient

        return GraphClient(f"{self.tenant.cloud.graph}/v1.0", self.credential, self.session, self.clock)

    @part
    def directory(self) -> "Directory":
        from shared.graph.directory import Directory

        return Directory(self.graph)


@cache
def application() -> Application:
    """The one application object of this worker."""
    made = Application(os.environ)
    made.start_telemetry()
    return made
