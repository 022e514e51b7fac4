"""What can go wrong between the bridge and Microsoft Graph, told apart by status and code, never by guessing.

    GraphFailure
     ├─ ObjectMissing        404 Request_ResourceNotFound: deleted, never there, or not replicated yet
     ├─ NotReplicated        a write refused because the object it speaks of has not arrived everywhere yet
     ├─ ValueRefused         400: Graph doesn't take a value
     │   └─ UniqueNameTaken  the uniqueName belongs to another application, perhaps a soft-deleted one
     ├─ PolicyRefused        the tenant's app management policy forbids the credential
     ├─ PermissionRefused    401, 403: the bridge's own permission or credential is wrong
     ├─ QuotaExceeded        the directory takes no more objects of this bridge
     ├─ SizeExceeded         the application object is full
     ├─ TooManySecrets       the application has as many secrets as Entra keeps
     ├─ AlreadyExists        409: an object with this key is there already
     ├─ ConcurrentWrite      409: two writes met
     ├─ Throttled            429
     ├─ Unavailable          5xx, no connection, an answer that isn't Graph's
     │   └─ Flooded          an answer without an end, which isn't asked for again
     ├─ OutcomeUnknown       a request that creates something may or may not have been carried out
     └─ DeadlineExceeded     the caller's time is over

Errors: learn.microsoft.com/graph/errors.
"""

from collections.abc import Mapping
from typing import Any


class GraphFailure(Exception):
    """A failed call. Its text is for the log: method, path, status, code and Graph's request id; no body, no token.

    `reason` is Graph's own sentence: for the log, and to tell apart what has no code of its own; never shown to callers.
    `details` are the codes of the error's details. `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        reason: str = "",
        details: tuple[str, ...] = (),
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.reason = reason
        self.details = details
        self.request_id = request_id
        self.retry_after = retry_after
        # The JSON of a claims challenge, where Graph answers 401 with one (continuous access evaluation).
        self.claims: str | None = None


class ObjectMissing(GraphFailure):
    """Graph answers 404 Request_ResourceNotFound, which says nothing of a young object: replicas hear of it late."""


class NotReplicated(GraphFailure):
    """The service principal of an application that hasn't arrived where it is to be made."""


class ValueRefused(GraphFailure):
    """Graph answers 400."""


class UniqueNameTaken(ValueRefused):
    """The uniqueName is in use; a soft-deleted application keeps it too."""


class PolicyRefused(GraphFailure):
    """The tenant's policy for application credentials stands against it; `lifetime` tells that a shorter one may pass."""

    @property
    def lifetime(self) -> bool:
        return self.code == "CredentialInvalidLifetimeAsPerAppPolicy"


class PermissionRefused(GraphFailure):
    """Graph answers 401 or 403, or the token service gives the bridge no token."""


class QuotaExceeded(GraphFailure):
    """Directory_QuotaExceeded."""


class SizeExceeded(GraphFailure):
    """Directory_ResourceSizeExceeded."""


class TooManySecrets(GraphFailure):
    """TooManyAppPasswords: the application has as many secrets as Entra keeps."""


class ConcurrentWrite(GraphFailure):
    """Directory_ConcurrencyViolation and its kin, which come as 409 and as 503: nothing was done; wait briefly and try again."""


class AlreadyExists(GraphFailure):
    """Request_MultipleObjectsWithSameKeyValue: a service principal or an identifier URI of that value exists."""


class Throttled(GraphFailure):
    """Graph answers 429; `retry_after` in seconds where it says."""


class Unavailable(GraphFailure):
    """Graph or the token service can't answer now."""


class Flooded(Unavailable):
    """The answer is larger than anything that Graph sends, and would be so again."""


class OutcomeUnknown(Unavailable):
    """The answer to a request that isn't idempotent was lost: the object may exist."""


class DeadlineExceeded(GraphFailure):
    """No time was left for a (further) call."""


_BY_CODE: Mapping[str, type[GraphFailure]] = {
    "Request_ResourceNotFound": ObjectMissing,
    "NoBackingApplicationObject": NotReplicated,
    "Directory_QuotaExceeded": QuotaExceeded,
    "Directory_ResourceSizeExceeded": SizeExceeded,
    "TooManyAppPasswords": TooManySecrets,
    "Request_MultipleObjectsWithSameKeyValue": AlreadyExists,
    "Directory_ConcurrencyViolation": ConcurrentWrite,
    "Error_MsaAppDoesNotExist": ConcurrentWrite,
    "CredentialInvalidLifetimeAsPerAppPolicy": PolicyRefused,
    "CredentialTypeNotAllowedAsPerAppPolicy": PolicyRefused,
    "ObjectConflict": UniqueNameTaken,
}
_BY_STATUS: Mapping[int, type[GraphFailure]] = {
    400: ValueRefused,
    401: PermissionRefused,
    403: PermissionRefused,
    # Without Request_ResourceNotFound: a gateway's, or Directory_ObjectNotFound about the tenant. It says nothing of the object.
    404: Unavailable,
    409: ConcurrentWrite,
    429: Throttled,
}
# Sentences of refusals that have come without a code of their own, by Application.ReadWrite.All and .OwnedBy.
_NOT_REPLICATED = (
    "does not reference a valid application object",
    "the backing application of the service principal being created",
)
_LONGEST_REASON = 300


def read_error(body: object) -> tuple[str, str]:
    """Code and message of a Graph error body; both empty where the body isn't one (gateways answer HTML or nothing)."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    message = error.get("message")
    if isinstance(message, dict):
        message = message.get("value")
    return str(error.get("code") or ""), str(message or "")


def _codes(body: Any) -> tuple[str, ...]:
    """The codes of `details`, which is usually a list and has been seen as an object."""
    details = body["error"].get("details") if isinstance(body, dict) and isinstance(body.get("error"), dict) else None
    entries = details if isinstance(details, list) else [details]
    return tuple(str(entry.get("code")) for entry in entries if isinstance(entry, dict))


def failure_of(call: str, status: int, body: object, request_id: str, retry_after: float | None) -> GraphFailure:
    """The failure that an answer means, by its codes first: one code comes with several statuses. `call` is method and path."""
    code, message = read_error(body)
    details = _codes(body)
    kind = next((_BY_CODE[known] for known in (*details, code) if known in _BY_CODE), None)
    if kind is None:
        kind = Unavailable if status >= 500 else _BY_STATUS.get(status, ValueRefused)
    if kind in (ValueRefused, PermissionRefused) and any(sentence in message for sentence in _NOT_REPLICATED):
        kind = NotReplicated
    if kind is ValueRefused and "property uniqueName already exists" in message:
        kind = UniqueNameTaken
    said = f": {as_line(message)}" if message else ""
    what = as_line(code) or "without a Graph error"
    text = f"{call} answered {status} {what}{said} (request-id {request_id or 'none'})"
    return kind(text, status=status, code=code, reason=message, details=details, request_id=request_id, retry_after=retry_after)


def as_line(text: str) -> str:
    """A text from elsewhere on one line of the log, cut to 300 characters."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}..."


def root_cause(failure: BaseException) -> str:
    """What is at the bottom of a failed connection, such as the sentence of OpenSSL, for the log."""
    seen: BaseException = failure
    while True:
        inner = [entry for entry in (*seen.args, getattr(seen, "reason", None)) if isinstance(entry, BaseException)]
        context = None if seen.__suppress_context__ else seen.__context__
        below = seen.__cause__ or (inner[0] if inner else context)
        if below is None or below is seen:
            break
        seen = below
    return as_line(f"{type(seen).__name__}: {seen}")
