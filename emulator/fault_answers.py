"""What a client sees of a fault."""

import base64
from datetime import datetime
from email.utils import format_datetime

import orjson

from emulator.faults import Fault
from emulator.graph import errors
from emulator.graph.authentication import EXPIRED
from emulator.graph.errors import GraphError
from emulator.message import Response

HTML = (
    "<html><head><title>{status}</title></head><body><center><h1>{status} Error</h1></center>"
    "<hr>Microsoft-Azure-Application-Gateway/v2</body></html>"
)
_CODES = {500: "generalException", 502: "UnknownError", 503: "Service_ServiceUnavailable", 504: "UnknownError"}


def graph_error(fault: Fault, authority: str) -> GraphError | None:
    """The Graph error of a fault that strikes after authentication; None for faults of another sort."""
    match fault.kind:
        case "throttle":
            return errors.throttled(retry_after(fault.details.get("retry_after", 10)))
        case "expired_token":
            return errors.unauthenticated(EXPIRED, authority)
        case "claims_challenge":
            claims = fault.details.get("claims", '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}')
            text = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
            return errors.unauthenticated(
                f"{text}TokenCreatedWithOutdatedPolicies", authority, base64.b64encode(claims.encode()).decode()
            )
        case "concurrency":
            return errors.concurrency()
        case "personal_missing":
            return errors.personal_application_missing()
        case "error" if fault.details.get("body", "json") == "json":
            status = int(fault.details.get("status", 503))
            code = fault.details.get("code") or _CODES.get(status, "UnknownError")
            return GraphError(status, code, fault.details.get("message", "The service is not available."))
    return None


def raw_answer(fault: Fault, now: datetime) -> Response | None:
    """The answer of an `error` fault whose body is not Graph's usual one, or of a throttled token service; else None."""
    if fault.kind != "error":
        return None
    status = int(fault.details.get("status", 503))
    message = fault.details.get("message", "The service is not available.")
    code = fault.details.get("code", "UnknownError")
    inner = {"date": now.strftime("%Y-%m-%dT%H:%M:%S")}
    match fault.details.get("body", "json"):
        case "html":
            return Response(status, HTML.format(status=status).encode(), {"Content-Type": "text/html"})
        case "empty":
            return Response(status)
        case "text":
            return Response(status, str(message).encode(), {"Content-Type": "text/plain"})
        case "message_object":
            content = {"error": {"code": code, "message": {"lang": "en", "value": message}, "innerError": inner}}
        case "details_object":
            content = {"error": {"code": code, "message": message, "details": {"code": code}, "innerError": inner}}
        case "legacy":
            content = {"odata.error": {"code": code, "message": {"lang": "en", "value": message}}}
        case _:
            return None
    return Response(status, orjson.dumps(content), {"Content-Type": "application/json"})


def retry_after(value: object) -> str | None:
    """A Retry-After header: seconds, text as it is, an HTTP date for a datetime; None stays None."""
    if isinstance(value, datetime):
        return format_datetime(value, usegmt=True)
    return None if value is None else str(value)
