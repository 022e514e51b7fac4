"""Graph's errors and the envelope they come in (https://learn.microsoft.com/graph/errors)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


class GraphError(Exception):
    """An error answer: HTTP status, code, message, and the details and headers that some carry."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Sequence[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)
        self.headers = headers or {}

    def body(self, now: datetime, request_id: str, client_request_id: str) -> dict[str, Any]:
        """The JSON body."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        error["innerError"] = {
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        return {"error": error}


def bad_request(message: str, detail: str = "", target: str = "") -> GraphError:
    """400 Request_BadRequest; `detail` is the code of an entry in `details` with the same message, `target` its property."""
    details = [{"code": detail, "message": message, "target": target}] if detail else []
    return GraphError(400, "Request_BadRequest", message, details)


def invalid_value(name: str, resource: str = "Application") -> GraphError:
    """400 for a property with a value that Entra does not take. It names the top-level property, never the value."""
    return bad_request(f"Invalid value specified for property '{name}' of resource '{resource}'.", "InvalidValue", name)


def unsupported_query(message: str = "Unsupported Query.") -> GraphError:
    """400 for a query that needs the advanced form, or that does not exist."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_found(identifier: str) -> GraphError:
    """404, the same for objects that never were, are deleted, or have not arrived at the replica."""
    text = f"Resource '{identifier}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", text)


def no_such_segment(segment: str) -> GraphError:
    """400 for a path that Graph does not have."""
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def denied(message: str = "Insufficient privileges to complete the operation.") -> GraphError:
    """403 for a caller without the permission, or without ownership."""
    return GraphError(403, "Authorization_RequestDenied", message)


def conflict_on(name: str) -> GraphError:
    """400 for a unique value that another object has, soft-deleted ones included."""
    text = f"Another object with the same value for property {name} already exists."
    return bad_request(text, "ObjectConflict", name)


def concurrency(status: int = 409) -> GraphError:
    """409, or 503 by other reports, for credential writes in quick succession."""
    text = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
    return GraphError(status, "Directory_ConcurrencyViolation", text)


def company_information() -> GraphError:
    """The passing 404 that says nothing of the object: the directory itself could not be read."""
    text = "Unable to read the company information from the directory."
    return GraphError(404, "Directory_ObjectNotFound", text)


def too_many_passwords(limit: int) -> GraphError:
    """400 for a password beyond what an application may have."""
    text = f"Not allowed to add {limit + 1} passwords. You can only add a maximum of {limit} passwords."
    return GraphError(400, "TooManyAppPasswords", text, [{"code": "TooManyAppPasswords", "target": "passwordCredentials"}])


def no_backing_application(app_id: str) -> GraphError:
    """400 for a service principal whose application is not there, or has not arrived."""
    text = f"The appId '{app_id}' of the service principal does not reference a valid application object."
    return bad_request(text, "NoBackingApplicationObject", "appId")


def passwords_refused() -> GraphError:
    """400 where passwords come from addPassword alone."""
    return bad_request("New password credentials must be generated using service actions.")


def quota_exceeded(status: int = 403) -> GraphError:
    """403 for a principal that has created as many objects as it may."""
    text = "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to increase "
    text += "the quota limit or delete objects to reduce the used quota."
    return GraphError(status, "Directory_QuotaExceeded", text)


def personal_application_missing() -> GraphError:
    """409 while an application for personal accounts has not reached their directory."""
    return GraphError(409, "Error_MsaAppDoesNotExist", "The corresponding MSA application does not exist.")


def unauthenticated(message: str, authority: str, claims: str = "") -> GraphError:
    """401; `claims` (base64 JSON) makes it a claims challenge of continuous access evaluation."""
    challenge = f'Bearer realm="", authorization_uri="{authority}/common/oauth2/authorize", '
    challenge += 'client_id="00000003-0000-0000-c000-000000000000"'
    if claims:
        challenge += f', error="insufficient_claims", claims="{claims}"'
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})


def throttled(retry_after: str | None, caller: str = "", tenant: str = "") -> GraphError:
    """429 with the Retry-After given, or without one."""
    headers = {
        "x-ms-throttle-scope": f"Tenant_Application/Write/{caller}/{tenant}",
        "x-ms-throttle-information": "WriteLimitExceeded",
    }
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return GraphError(429, "TooManyRequests", "Too many requests.", headers=headers)
