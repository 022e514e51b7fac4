"""The errors that callers see, one class each.

    OAuthError
     ├─ InvalidRequest            400  invalid_request            RFC 6749 section 5.2
     │   ├─ LengthRequired        411
     │   ├─ PayloadTooLarge       413
     │   └─ UnsupportedMediaType  415
     ├─ InvalidClientMetadata     400  invalid_client_metadata    RFC 7591 section 3.2.2
     ├─ InvalidRedirectUri        400  invalid_redirect_uri       RFC 7591 section 3.2.2
     ├─ InvalidSoftwareStatement  400  invalid_software_statement RFC 7591 section 3.2.2
     ├─ UnapprovedSoftwareStatement 400  unapproved_software_statement  RFC 7591 section 3.2.2
     ├─ InvalidClient             401  invalid_client             RFC 6749 section 5.2
     ├─ InvalidScope              400  invalid_scope              RFC 6749 section 5.2
     ├─ UnsupportedGrantType      400  unsupported_grant_type     RFC 6749 section 5.2
     ├─ MissingToken              401  (a challenge without an error code)  RFC 6750 section 3.1
     ├─ InvalidToken              401  invalid_token              RFC 6750 section 3.1
     ├─ InsufficientScope         403  insufficient_scope         RFC 6750 section 3.1
     ├─ AccessDenied              403  access_denied
     ├─ NotFound                  404  not_found
     ├─ MethodNotAllowed          405  invalid_request            RFC 9110 section 15.5.6
     ├─ Conflict                  409  conflict
     ├─ TooManyRequests           429  temporarily_unavailable
     ├─ ServerError               500  server_error
     └─ TemporarilyUnavailable    503  temporarily_unavailable

`description` goes to the caller and never holds a secret, a token or Graph's own words; `detail` goes to the log alone.
"""

from collections.abc import Mapping
from typing import ClassVar

REALM = "entra-dcr-bridge"


def printable(text: str) -> str:
    """`text` with what RFC 6749 section 5.2 forbids in an error description replaced: quotes and backslash by an apostrophe,
    everything outside printable ASCII by a question mark."""
    return "".join("'" if char in '"\\' else char if " " <= char <= "~" else "?" for char in text)


class OAuthError(Exception):
    """An answer to the caller that isn't the one asked for.

    `description`: public, one sentence or two. `detail`: what an operator needs, for the log. `headers`: added to the answer.
    """

    status: ClassVar[int] = 400
    error: ClassVar[str] = "invalid_request"

    def __init__(self, description: str, *, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.description = printable(description)
        self.detail = detail
        self.headers: dict[str, str] = dict(headers or {})


class InvalidRequest(OAuthError):
    """The request is malformed."""


class LengthRequired(InvalidRequest):
    """The body came in chunks, without a Content-Length: the Functions host drops such a body before the app sees it."""

    status = 411


class PayloadTooLarge(InvalidRequest):
    """The body is larger than the bridge reads."""

    status = 413


class UnsupportedMediaType(InvalidRequest):
    """The body is not of the media type that the endpoint reads."""

    status = 415


class InvalidClientMetadata(OAuthError):
    """A member of the client metadata is wrong; `description` names it."""

    error = "invalid_client_metadata"


class InvalidRedirectUri(OAuthError):
    """A redirect URI is wrong."""

    error = "invalid_redirect_uri"


class InvalidSoftwareStatement(OAuthError):
    """The software statement is not a JWT that can be verified."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatement(OAuthError):
    """The software statement's issuer is not one that the operator trusts."""

    error = "unapproved_software_statement"


class InvalidClient(OAuthError):
    """The caller of a client-authenticated endpoint didn't prove who it is."""

    status = 401
    error = "invalid_client"

    def __init__(self, description: str, *, detail: str = "") -> None:
        super().__init__(description, detail=detail, headers={"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'})


class InvalidScope(OAuthError):
    """The scope asked for is unknown."""

    error = "invalid_scope"


class UnsupportedGrantType(OAuthError):
    """The token endpoint doesn't know the grant."""

    error = "unsupported_grant_type"


class MissingToken(OAuthError):
    """No credential came with the request: the challenge carries no error code (RFC 6750 section 3.1), the body does."""

    status = 401
    error = "invalid_token"

    def __init__(self, description: str = "this endpoint needs a credential", *, detail: str = "") -> None:
        super().__init__(description, detail=detail, headers={"WWW-Authenticate": f'Bearer realm="{REALM}"'})


class InvalidToken(OAuthError):
    """The credential is unknown, expired, revoked or for another client."""

    status = 401
    error = "invalid_token"

    def __init__(self, description: str = "the credential is not valid here", *, detail: str = "") -> None:
        super().__init__(description, detail=detail)
        challenge = f'Bearer realm="{REALM}", error="{self.error}", error_description="{self.description}"'
        self.headers["WWW-Authenticate"] = challenge


class InsufficientScope(OAuthError):
    """The credential is good and doesn't allow this."""

    status = 403
    error = "insufficient_scope"

    def __init__(self, description: str, *, detail: str = "") -> None:
        super().__init__(description, detail=detail)
        challenge = f'Bearer realm="{REALM}", error="{self.error}", error_description="{self.description}"'
        self.headers["WWW-Authenticate"] = challenge


class AccessDenied(OAuthError):
    """The operator switched this operation off."""

    status = 403
    error = "access_denied"


class NotFound(OAuthError):
    """There is nothing at this path."""

    status = 404
    error = "not_found"


class MethodNotAllowed(OAuthError):
    """The path exists and doesn't take this method."""

    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        allow = ", ".join(allowed)
        super().__init__(f"the method is not one of: {allow}", headers={"Allow": allow})


class Conflict(OAuthError):
    """Another change of the same client came in between."""

    status = 409
    error = "conflict"


class TooManyRequests(OAuthError):
    """The caller went past what its policy allows."""

    status = 429
    error = "temporarily_unavailable"

    def __init__(self, description: str, *, retry_after: int, detail: str = "") -> None:
        super().__init__(description, detail=detail, headers={"Retry-After": str(max(1, retry_after))})


class ServerError(OAuthError):
    """The bridge or its set-up is at fault; the caller can't mend it."""

    status = 500
    error = "server_error"


class TemporarilyUnavailable(OAuthError):
    """Something the bridge depends on can't answer now; `retry_after` is in seconds."""

    status = 503
    error = "temporarily_unavailable"

    def __init__(self, description: str, *, retry_after: int = 5, detail: str = "") -> None:
        super().__init__(description, detail=detail, headers={"Retry-After": str(max(1, retry_after))})
