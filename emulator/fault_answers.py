"""What a client sees of a fault."""

import base64
import uuid
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime

import orjson

from emulator.directory.policies import DEFAULT_POLICY_ID
from emulator.fault_kinds import MEGABYTE
from emulator.faults import Fault
from emulator.graph import errors
from emulator.graph.authentication import EXPIRED
from emulator.graph.errors import GraphError
from emulator.graph.service_principals import FOREIGN
from emulator.message import Request, Response
from emulator.sts.errors import StsError

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
            return errors.concurrency(int(fault.details.get("status", 409)))
        case "concurrency_503":
            return errors.concurrency(503)
        case "forbidden":
            return errors.denied()
        case "not_found":
            return errors.not_found(fault.details.get("id", "00000000-0000-0000-0000-000000000000"))
        case "company_information":
            return errors.company_information()
        case "passwords_refused":
            return errors.passwords_refused()
        case "too_many_passwords":
            return errors.too_many_passwords(int(fault.details.get("limit", 2)))
        case "secret_forbidden":
            text = f"Credential type not allowed as per assigned policy '{DEFAULT_POLICY_ID}'."
            return GraphError(400, "CredentialTypeNotAllowedAsPerAppPolicy", text)
        case "lifetime_forbidden":
            text = f"Credential lifetime exceeds the max value allowed as per assigned policy '{DEFAULT_POLICY_ID}'."
            details = [{"code": "InvalidKeyEndDate", "message": text, "target": "EndDate"}]
            return GraphError(400, "CredentialInvalidLifetimeAsPerAppPolicy", text, details)
        case "quota_exceeded":
            return errors.quota_exceeded()
        case "no_backing_application":
            return errors.no_backing_application(fault.details.get("app_id", "00000000-0000-0000-0000-000000000000"))
        case "backing_application_forbidden":
            return errors.denied(FOREIGN)
        case "personal_missing":
            return errors.personal_application_missing()
        case "error" if fault.details.get("body", "json") == "json":
            status = int(fault.details.get("status", 503))
            code = fault.details.get("code") or _CODES.get(status, "UnknownError")
            return GraphError(status, code, fault.details.get("message", "The service is not available."))
    return None


def token_answer(fault: Fault, now: datetime, host: str) -> Response | None:
    """The token service's answer of a fault; None for one that it has no answer of its own for."""
    details, request_id = fault.details, str(uuid.uuid4())
    match fault.kind:
        case "throttle":
            after = retry_after(details.get("retry_after", 10))
            response = StsError(90055, status=429).response(now, request_id, host)
            response.headers |= {} if after is None else {"Retry-After": after}
            return response
        case "error" if details.get("body", "json") == "json":
            return StsError(90033, status=int(details.get("status", 503))).response(now, request_id, host)
        case "token_refused":
            return StsError(int(details.get("code", 7000215))).response(now, request_id, host)
        case "token_error_object":
            content = {"error": {"code": details.get("code", "BadRequest"), "message": "The request could not be processed."}}
            return Response.of_json(400, content)
        case "token_html":
            status = int(details.get("status", 503))
            return Response(status, HTML.format(status=status).encode(), {"Content-Type": "text/html"})
        case "token_without_token":
            return Response.of_json(200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599})
    return None


def changed_request(fault: Fault, request: Request) -> Request:
    """The request as a service takes it that is blind for part of it."""
    if fault.kind != "passwords_missing":
        return request
    try:
        body = request.json()
    except ValueError:
        return request
    if isinstance(body, dict):
        body.pop("passwordCredentials", None)
    return replace(request, body=orjson.dumps(body))


def change_response(fault: Fault, response: Response, active_kid: str) -> None:
    """Do to a response, and to what becomes of it on the wire, what the fault does."""
    details = fault.details
    match fault.kind:
        case "slow":
            response.delay = float(details.get("seconds", 1.0))
        case "reset_after":
            response.cut = "reset"
        case "truncated":
            response.cut = "truncate"
        case "hang" | "header_drip" | "body_drip":
            response.cut, response.pace = fault.kind, float(details.get("seconds", 60.0))
        case "endless_body":
            response.cut, response.size = "endless", int(float(details.get("megabytes", 64)) * MEGABYTE)
        case "garbage":
            response.cut = "garbage"
        case "key_missing" if response.status == 200:
            keys = [key for key in response.json()["keys"] if key["kid"] != active_kid]
            response.body = orjson.dumps({"keys": keys})
        case "key_repeated" if response.status == 200:
            keys = response.json()["keys"]
            response.body = orjson.dumps({"keys": [*keys, *(key for key in keys if key["kid"] == active_kid)]})


def raw_answer(fault: Fault, now: datetime) -> Response | None:
    """The answer of an `error` fault whose body is not its service's usual one; else None."""
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
