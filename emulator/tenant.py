"""Everything that belongs to the one emulated tenant, handed to each part that answers requests."""

from collections import deque
from dataclasses import dataclass, field

from emulator.assumptions import Assumptions
from emulator.clock import Clock
from emulator.clouds import AUTHORITY_HOSTS, PUBLIC, Cloud
from emulator.consistency import Consistency
from emulator.directory.consents import Consents
from emulator.directory.directory import GRAPH_APP_ID, Directory
from emulator.directory.policies import Policies
from emulator.directory.sign_ins import SignIns
from emulator.message import Request
from emulator.sts.signing_keys import CONSUMER_TENANT, SigningKeys
from emulator.throttling import Throttling


@dataclass(slots=True, eq=False)
class Tenant:
    """The tenant, its cloud, and the settings that shape its answers. `url` is where the emulator is reached."""

    tenant_id: str
    url: str
    clock: Clock
    consistency: Consistency
    directory: Directory
    keys: SigningKeys
    policies: Policies = field(default_factory=Policies)
    cloud: Cloud = PUBLIC
    assumptions: Assumptions = field(default_factory=Assumptions)
    domain: str = "example.onmicrosoft.com"
    name: str = "Example"
    region: str = "EU"
    consents: Consents = field(default_factory=Consents)
    sign_ins: SignIns = field(default_factory=SignIns)
    key_reads: deque[float] = field(default_factory=deque)
    """When `keyCredentials` was selected, in the last minute."""
    throttling: Throttling | None = None
    """What counts requests; None: nobody is throttled."""
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    """What was sent through Graph: the mailbox and the MIME message."""
    issuer_base: str = ""
    """Scheme and host of v2 issuers; the emulator's own URL unless given."""

    @property
    def v1_issuer(self) -> str:
        """The issuer of v1.0 tokens."""
        return f"https://{self.cloud.v1_issuer_host}/{self.tenant_id}/"

    @property
    def v2_issuer(self) -> str:
        """The issuer of v2.0 tokens, for clients that use the emulator's own URL as authority."""
        return f"{self.issuer_base or self.url}/{self.tenant_id}/v2.0"

    @property
    def graph_identifiers(self) -> frozenset[str]:
        """Every name of Microsoft Graph as a resource."""
        graph = self.cloud.graph_resource
        return frozenset({GRAPH_APP_ID, graph, f"{graph}/", self.url, f"{self.url}/"})

    def is_own_name(self, segment: str) -> bool:
        """Whether the tenant segment of a path names this tenant: its id or its domain."""
        return segment.lower() in (self.tenant_id, self.domain)

    def issuer_base_for(self, request: Request) -> str:
        """Scheme and host of v2 issuers in answers to `request`: the real authority when it was addressed by name."""
        name = request.host.partition(":")[0].lower()
        return f"https://{name}" if name in AUTHORITY_HOSTS else self.issuer_base or self.url

    def endpoint_base(self, request: Request) -> str:
        """Scheme and host of links in answers to `request`: as it addressed the emulator."""
        return f"https://{request.host}" if request.host else self.url


COMMON_TENANTS = {"common": "{tenantid}", "organizations": "{tenantid}", "consumers": CONSUMER_TENANT}
"""The tenant-independent path segments, and what stands for the tenant in the issuer of their metadata."""
