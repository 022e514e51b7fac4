"""Which credentials may be asked for: dates, tenant policy, and the count for personal accounts."""

import re
from collections.abc import Container
from datetime import datetime, timedelta
from typing import Any

from emulator.clock import parse_graph_time
from emulator.directory.policies import Policies
from emulator.directory.record import State
from emulator.directory.secrets import two_years_after
from emulator.graph.errors import GraphError, bad_request, too_many_passwords
from emulator.graph.redirect_uris import PERSONAL
from emulator.tenant import Tenant

_READ_ONLY = ("secretText", "hint", "customKeyIdentifier")
_DAYS = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")


def check_password(tenant: Tenant, state: State, asked: dict[str, Any], at_creation: bool) -> None:
    """Raise GraphError 400 (or the policy's status) unless an application `state` may get the password that is `asked` for."""
    refused = [name for name in (*_READ_ONLY, *(("keyId",) if at_creation else ())) if asked.get(name) is not None]
    if refused:
        raise bad_request(f"Property '{refused[0]}' of a password credential is generated and cannot be set.")
    now = tenant.clock.now()
    start = parse_graph_time(asked["startDateTime"]) if asked.get("startDateTime") else now
    end = parse_graph_time(asked["endDateTime"]) if asked.get("endDateTime") else two_years_after(start)
    if tenant.assumptions.password_dates_must_be_in_order and (end <= start or end <= now):
        raise bad_request("Key credential end date is invalid.", "InvalidKeyEndDate", "EndDate")
    if state.get("signInAudience") in PERSONAL and len(state.get("passwordCredentials") or ()) >= 2:
        raise too_many_passwords(2)
    _check_policy(tenant.policies, state, start, end, tenant.assumptions.app_policy_status)


def _check_policy(policies: Policies, state: State, start: datetime, end: datetime, status: int) -> None:
    policy_id = policies.default["id"]
    for restriction in policies.restrictions(state, "passwordCredentials"):
        kind = restriction["restrictionType"]
        if kind == "passwordAddition":
            text = f"Credential type not allowed as per assigned policy '{policy_id}'."
            raise GraphError(status, "CredentialTypeNotAllowedAsPerAppPolicy", text)
        if kind == "passwordLifetime" and end - start > duration(restriction["maxLifetime"]):
            text = f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy_id}'."
            details = [{"code": "InvalidKeyEndDate", "message": text, "target": "EndDate"}]
            raise GraphError(status, "CredentialInvalidLifetimeAsPerAppPolicy", text, details)


def check_keys(tenant: Tenant, state: State, credentials: list[State], new: Container[str]) -> None:
    """Raise GraphError unless an application `state` may get those of the keyCredentials whose ids are `new`."""
    policy_id = tenant.policies.default["id"]
    for restriction in tenant.policies.restrictions(state, "keyCredentials"):
        if restriction["restrictionType"] != "asymmetricKeyLifetime":
            continue
        for credential in credentials:
            lifetime = parse_graph_time(credential["endDateTime"]) - parse_graph_time(credential["startDateTime"])
            if credential["keyId"] in new and lifetime > duration(restriction["maxLifetime"]):
                text = f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy_id}'."
                raise GraphError(tenant.assumptions.app_policy_status, "CredentialInvalidLifetimeAsPerAppPolicy", text)


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of days (P180D), weeks, months of 30 and years of 365 days; time parts are ignored."""
    match = _DAYS.fullmatch(text)
    if match is None:
        raise ValueError(f"not a duration: {text}")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return timedelta(days=365 * years + 30 * months + 7 * weeks + days)
