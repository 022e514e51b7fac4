"""What the tenant's policy allows of the credentials of new applications, where the bridge may read it.

learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy; Policy.Read.All, which nothing else needs. Without it, and
until it was read, everything counts as allowed, and Graph's refusal at the first write says what is not.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.clock import Clock, read_time
from shared.graph.client import GraphClient
from shared.graph.errors import PermissionRefused
from shared.http.refreshed import FetchFailed, Lifetimes, Pending, Refreshed
from shared.retry import Deadline
from shared.strict_json import JsonObject

READ_POLICY = "Policy.Read.All"
POLICY = "policies/defaultAppManagementPolicy"
_SECONDS = 10.0
_HOUR = 3600.0
# Old rules are better than none: Graph has the last word.
_LIFETIMES = Lifetimes(renew=_HOUR, wait=7 * 24 * _HOUR, refuse=7 * 24 * _HOUR, retry=60, retry_empty=60)
_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class CredentialRules(NamedTuple):
    """Of applications that are made now. `secrets`: whether they may have any. The others: how long a credential may live at the
    most; None where the policy says nothing."""

    secrets: bool = True
    longest_secret: timedelta | None = None
    longest_certificate: timedelta | None = None


NO_RULES = CredentialRules()


def read_rules(policy: JsonObject, now: datetime) -> CredentialRules:
    """The rules of a tenantAppManagementPolicy. What excludes actors may not hold for the bridge, and is left to Graph."""
    if not policy.get("isEnabled"):
        return NO_RULES
    restrictions = policy.get("applicationRestrictions") or {}
    passwords, keys = (_in_force(restrictions.get(kind) or [], now) for kind in ("passwordCredentials", "keyCredentials"))
    return CredentialRules(
        secrets=not any(entry.get("restrictionType") == "passwordAddition" for entry in passwords),
        longest_secret=_shortest(passwords, "passwordLifetime"),
        longest_certificate=_shortest(keys, "asymmetricKeyLifetime"),
    )


def _in_force(entries: list[JsonObject], now: datetime) -> list[JsonObject]:
    found = []
    for entry in entries:
        begins = read_time(entry.get("restrictForAppsCreatedAfterDateTime"))
        if entry.get("state") == "enabled" and not entry.get("excludeActors") and (begins is None or begins <= now):
            found.append(entry)
    return found


def _shortest(entries: list[JsonObject], kind: str) -> timedelta | None:
    texts = (str(entry.get("maxLifetime")) for entry in entries if entry.get("restrictionType") == kind)
    return min((days for text in texts if (days := read_duration(text)) is not None), default=None)


def read_duration(text: str) -> timedelta | None:
    """An ISO 8601 duration of Graph's policies, such as P180D or P1Y; None for another form."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=365 * years + 30 * months + days, weeks=weeks, hours=hours, minutes=minutes, seconds=seconds)


class TenantRules:
    """Reads them once an hour, behind whoever asks."""

    def __init__(self, graph: GraphClient, clock: Clock) -> None:
        self._graph = graph
        self._clock = clock
        self._asked = False
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rules")
        self._refreshed = Refreshed("the tenant's app management policy", self._read, _LIFETIMES, executor)

    def current(self) -> CredentialRules:
        """What is known now; never waits. The first time nothing is asked: a new worker's first registration has enough to do."""
        if not self._asked:
            self._asked = True
            return NO_RULES
        try:
            return self._refreshed.value(self._clock.now().timestamp())
        except (Pending, FetchFailed):
            return NO_RULES

    def _read(self) -> CredentialRules:
        deadline = Deadline.after(self._clock, _SECONDS)
        roles = self._graph.own_claims(deadline).get("roles")
        if isinstance(roles, list) and READ_POLICY not in roles:
            return NO_RULES
        try:
            policy = self._graph.call("GET", POLICY, deadline).body
        except PermissionRefused:
            return NO_RULES
        return read_rules(policy, self._clock.now())
