"""The sign-in reports of Graph's beta: the last use of each credential and of each service principal.

https://learn.microsoft.com/graph/api/resources/appcredentialsigninactivity and .../serviceprincipalsigninactivity. The worldwide
cloud alone has them. Their schema pages and the examples on them differ in names and in the form of times.
"""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.clock import parse_graph_time
from emulator.clouds import PUBLIC
from emulator.directory.sign_ins import CredentialUse, Use, latest
from emulator.graph import authorization
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError, bad_request, no_such_segment
from emulator.graph.listing import DEFAULT_PAGE
from emulator.graph.router import Router
from emulator.message import Response

PERMISSION = "AuditLog.Read.All"
CREDENTIALS, PRINCIPALS = "appCredentialSignInActivities", "servicePrincipalSignInActivities"
_FILTER = re.compile(r"(appId|keyId) eq '([^']*)'")
_ACTIVITIES = tuple(
    f"{way}{side}SignInActivity" for way in ("delegated", "applicationAuthentication") for side in ("Client", "Resource")
)
_OFFSET = timedelta(hours=-8)


def add_routes(router: Router) -> None:
    """Serve both reports."""
    router.add("GET", f"/beta/reports/{CREDENTIALS}", credentials)
    router.add("GET", f"/beta/reports/{PRINCIPALS}", principals)


def credentials(call: Call) -> Response:
    """GET of the last use of each credential."""
    until = _checked(call, CREDENTIALS)
    found = [use for uses in call.tenant.sign_ins.credentials.values() if (use := latest(uses, until)) is not None]
    return _page(call, CREDENTIALS, [_credential(call, use) for use in found])


def principals(call: Call) -> Response:
    """GET of the last uses of each service principal."""
    until = _checked(call, PRINCIPALS)
    applications: dict[str, dict[str, Use]] = {}
    for (app_id, activity), uses in call.tenant.sign_ins.applications.items():
        if (use := latest(uses, until)) is not None:
            applications.setdefault(app_id, {})[activity] = use
    return _page(call, PRINCIPALS, [_principal(call, app_id, uses) for app_id, uses in applications.items()])


def _checked(call: Call, report: str) -> float:
    """The moment up to which the report knows; GraphError for who may not have it."""
    if call.tenant.cloud is not PUBLIC:
        raise no_such_segment(report)
    authorization.require(call, PERMISSION)
    if call.tenant.assumptions.sign_in_reports == "no_premium":
        text = "Neither tenant is B2C or tenant doesn't have premium license"
        raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text)
    if call.tenant.assumptions.sign_in_reports == "empty":
        return float("-inf")
    return call.tenant.clock.time() - call.tenant.assumptions.sign_in_reports_lag_seconds


def _credential(call: Call, use: CredentialUse) -> dict[str, Any]:
    by_example = call.tenant.assumptions.sign_in_reports_follow == "examples"
    expires = parse_graph_time(use.expires).timestamp() if use.expires else None
    return {
        "id": _encoded(f"{use.key_id}|application"),
        "keyId": use.key_id,
        "keyType": "secret" if by_example and use.kind == "clientSecret" else use.kind,
        "keyUsage": "verify" if use.kind == "clientSecret" else "sign",
        "appId": use.app_id,
        "appObjectId": use.object_id,
        "servicePrincipalObjectId": use.principal_id,
        "resourceId": use.resource_id,
        "credentialOrigin": "application",
        "expirationDate" if by_example else "expirationDateTime": _time(call, expires) if expires is not None else None,
        "signInActivity": _activity(call, use),
    }


def _principal(call: Call, app_id: str, uses: dict[str, Use]) -> dict[str, Any]:
    last = max(uses.values(), key=lambda use: use.at)
    activities = {name: _activity(call, uses[name]) if name in uses else None for name in _ACTIVITIES}
    return {"id": _encoded(app_id), "appId": app_id, "lastSignInActivity": _activity(call, last), **activities}


def _activity(call: Call, use: Use) -> dict[str, str]:
    return {"lastSignInDateTime": _time(call, use.at), "lastSignInRequestId": use.request_id}


def _time(call: Call, seconds: float) -> str:
    """ISO 8601 as the schema says, or with the odd offset of the examples."""
    moment = datetime.fromtimestamp(seconds, UTC)
    if call.tenant.assumptions.sign_in_reports_follow == "examples":
        return (moment + _OFFSET).strftime("%Y-%m-%dT%H:%M:%S") + "-8:00"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _page(call: Call, report: str, entries: list[dict[str, Any]]) -> Response:
    """The page that is asked for of those entries that a `$filter` leaves."""
    text = call.query.get("$filter")
    if text is not None:
        match = _FILTER.fullmatch(text.strip())
        if match is None:
            raise bad_request("Invalid filter clause.")
        entries = [entry for entry in entries if entry.get(match[1]) == match[2]]
    top, start = (call.query.get(name, default) for name, default in (("$top", str(DEFAULT_PAGE)), ("$skiptoken", "0")))
    if not (top.isdigit() and start.isdigit() and 1 <= int(top) <= call.tenant.assumptions.top_maximum):
        raise bad_request("Invalid page size or token.")
    end = int(start) + int(top)
    base = call.base.removesuffix("/v1.0")
    content: dict[str, Any] = {"@odata.context": f"{base}/beta/$metadata#reports/{report}"}
    if end < len(entries):
        wanted = f"&$filter={text}" if text is not None else ""
        content["@odata.nextLink"] = f"{base}/beta/reports/{report}?$top={top}{wanted}&$skiptoken={end}"
    return answer(200, {**content, "value": entries[int(start) : end]})
