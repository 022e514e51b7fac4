"""What an operator decides about the audit: one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.audit.delivery.destinations import Destinations
from shared.audit.findings import Severity
from shared.audit.rules import Rules
from shared.secret import Secret

MARKER_TAG = "entra-dcr-bridge"


class ActionName(StrEnum):
    """The actions by the names that settings use."""

    RENEW = "renew"
    FINISH = "finish"
    UNDO = "undo"
    RETIRE = "retire"
    PRUNE = "prune"
    PURGE = "purge"


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
class SinkAddresses:
    """Where news goes besides the log; empty where it doesn't. Addresses of Teams and Slack are secrets: they hold a key."""

    webhook_url: Secret = field(default_factory=lambda: Secret(""))
    webhook_secret: Secret = field(default_factory=lambda: Secret(""))
    teams_url: Secret = field(default_factory=lambda: Secret(""))
    slack_url: Secret = field(default_factory=lambda: Secret(""))
    sns_topic: str = ""
    event_bus: str = ""
    report_blob: str = ""


@dataclass(frozen=True, slots=True)
class AuditConfiguration:
    """Everything that the audit depends on. Actions not in `actions` are off.

    `listed`: how many findings a record or report holds, the most urgent ones. `confirmations`: how many clients a run asks about
    one by one. `least_severity`: what sinks besides the log are told. `renew_before`, `secret_lifetime`: of renewed secrets.
    `spacing`: between two credential writes on one client. `settle`: from making a secret to handing it out, since the token
    service takes some seconds to know it. `purge_after`: how long a deleted client can still be restored. `undo_within`: the age
    up to which a client without service principal is a registration that broke off.
    """

    marker_tag: str = MARKER_TAG
    rules: Rules = field(default_factory=Rules)
    time_limit: float = 540.0
    report_time_limit: float = 200.0
    check_principals: bool = True
    usage_report: bool = False
    confirmations: int = 100
    listed: int = 1000
    log_standing: bool = True
    reminders: bool = True
    least_severity: Severity = Severity.MEDIUM
    actions: frozenset[ActionName] = frozenset()
    limits: Mapping[ActionName, int] = field(default_factory=lambda: DEFAULT_LIMITS)
    dry_run: bool = False
    spacing: timedelta = timedelta(seconds=10)
    settle: timedelta = timedelta(seconds=20)
    renew_before: timedelta = timedelta(days=30)
    secret_lifetime: timedelta = timedelta(days=182)
    undo_within: timedelta = timedelta(days=7)
    purge_after: timedelta = timedelta(days=7)
    destinations: Destinations = field(default_factory=Destinations)
    sinks: SinkAddresses = field(default_factory=SinkAddresses)

    def limit(self, action: ActionName) -> int:
        """How many clients an action deals with in one run."""
        return self.limits.get(action, DEFAULT_LIMITS[action])
