"""What an operator decides about the audit: one frozen object, and the rules by which it judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.audit.delivery import Destinations
from shared.audit.findings import Severity
from shared.audit.mail.mail_configuration import MailConfiguration
from shared.secret import Secret

NO_SECRET = Secret("")


class ActionName(StrEnum):
    """The actions by the names that settings use."""

    RENEW = "renew"
    FINISH = "finish"
    UNDO = "undo"
    RETIRE = "retire"
    PRUNE = "prune"
    PURGE = "purge"


class Scope(StrEnum):
    """What is looked at: the bridge's clients; besides them what its identity owns; or all that the tenant has. Whatever it is,
    actions are for the bridge's clients alone."""

    BRIDGE = "bridge"
    OWNED = "owned"
    TENANT = "tenant"


# How many clients (prune: secrets) an action changes in one run.
DEFAULT_LIMITS: Mapping[ActionName, int] = MappingProxyType(
    {
        ActionName.RENEW: 10,
        ActionName.FINISH: 50,
        ActionName.UNDO: 50,
        ActionName.RETIRE: 50,
        ActionName.PRUNE: 200,
        ActionName.PURGE: 100,
    }
)


@dataclass(frozen=True, slots=True)
class AuditRules:
    """What counts as what.

    `thresholds`: days before the end of a credential at which it is a finding, falling.
    `overlap`: how long an old credential is still used after a newer one was made.
    `most`: how many valid credentials of one kind a client may have.
    `longest`: the longest life a secret may have; None for no bound.
    `settling`: how long a registration may take before it counts as half done.
    `unused_after`: the age from which a client that never signed in is a finding.
    `quiet`: how long nobody must have used what is to be removed, where sign-in reports tell.
    `unclaimed_after`: the age from which a secret or client that nobody is known to have been told of is a finding.
    `lifetimes`: how long a client of a policy may exist, by the policy's name.
    """

    thresholds: tuple[int, ...] = (60, 30, 14, 7, 1)
    overlap: timedelta = timedelta(days=7)
    most: int = 2
    longest: timedelta | None = None
    settling: timedelta = timedelta(hours=1)
    unused_after: timedelta = timedelta(days=90)
    quiet: timedelta = timedelta(days=14)
    unclaimed_after: timedelta = timedelta(days=1)
    lifetimes: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))

    def is_in_use(self, last_used: datetime | None, now: datetime) -> bool:
        """Whether something was used lately; not, as far as is known, where nothing tells of its last use."""
        return last_used is not None and now - last_used < self.quiet


@dataclass(frozen=True, slots=True)
class SinkAddresses:
    """Who is notified besides the log; empty where nobody is. Addresses of Teams and Slack are secrets: they hold a key."""

    webhook_url: Secret = NO_SECRET
    webhook_secret: Secret = NO_SECRET
    teams_url: Secret = NO_SECRET
    slack_url: Secret = NO_SECRET
    sns_topic: str = ""
    event_bus: str = ""
    report_blob: str = ""


@dataclass(frozen=True, slots=True)
class VaultLogin:
    """How the bridge comes into HashiCorp Vault: with a token, or as a role of the auth method JWT, for which it shows an Entra
    token of its own for `audience`."""

    token: Secret = NO_SECRET
    role: str = ""
    audience: str = "https://management.azure.com"


@dataclass(frozen=True, slots=True)
class StoreLogins:
    """How the bridge comes into stores that don't know its identity by themselves."""

    vault: VaultLogin = field(default_factory=VaultLogin)
    github_token: Secret = NO_SECRET


@dataclass(frozen=True, slots=True)
class AuditConfiguration:
    """Everything that the audit depends on. Actions not in `actions` are off; time limits are in seconds.

    `least_severity`: what sinks are notified of. `renew_before`, `secret_lifetime`: of renewed secrets. `undo_within`: the age up
    to which a client without service principal is a registration that broke off. `purge_after`: how long a deleted client can
    still be restored. `listed`: how many findings a report holds, the most urgent ones. `confirmations`: how many clients a run
    asks about one by one. `spacing`: between two credential writes on one client. `portal`: the origin of Azure's portal; empty
    where none is known.
    """

    marker_tag: str = "entra-dcr-bridge"
    scope: Scope = Scope.BRIDGE
    rules: AuditRules = field(default_factory=AuditRules)
    time_limit: float = 540.0
    report_time_limit: float = 200.0
    usage_report: bool = False
    least_severity: Severity = Severity.MEDIUM
    actions: frozenset[ActionName] = frozenset()
    limits: Mapping[ActionName, int] = field(default_factory=lambda: DEFAULT_LIMITS)
    dry_run: bool = False
    renew_before: timedelta = timedelta(days=30)
    secret_lifetime: timedelta = timedelta(days=182)
    undo_within: timedelta = timedelta(days=7)
    purge_after: timedelta = timedelta(days=7)
    destinations: Destinations = field(default_factory=Destinations)
    logins: StoreLogins = field(default_factory=StoreLogins)
    sinks: SinkAddresses = field(default_factory=SinkAddresses)
    mail: MailConfiguration = field(default_factory=MailConfiguration)
    listed: int = 1000
    confirmations: int = 100
    spacing: timedelta = timedelta(seconds=10)
    portal: str = ""

    def limit(self, action: ActionName) -> int:
        """How many clients an action changes in one run."""
        return self.limits.get(action, DEFAULT_LIMITS[action])
