"""What a caller is told when Graph doesn't do what was asked. Graph's own words go to the log and no further."""

from shared.errors import InvalidClientMetadata, OAuthError, ServerError, TemporarilyUnavailable
from shared.graph.errors import (
    ConcurrentWrite,
    DeadlineExceeded,
    GraphFailure,
    PermissionRefused,
    PolicyRefused,
    QuotaExceeded,
    SizeExceeded,
    Throttled,
    ValueRefused,
)


def answer_to(failure: GraphFailure) -> OAuthError:
    """The error for a failure of the directory that no use case could mend.

    A value that Graph refuses is the caller's to change. A missing permission is the operator's fault, so not a 4xx. Everything
    that may pass by itself is 503 with Retry-After, so that a portal tries again.
    """
    detail = str(failure)
    match failure:
        case PolicyRefused(lifetime=False):
            return InvalidClientMetadata(
                "token_endpoint_auth_method: the tenant's policy allows no client secrets; use private_key_jwt", detail=detail
            )
        case PolicyRefused():
            return ServerError("the tenant's policy allows no client secrets as long-lived as the bridge's", detail=detail)
        case SizeExceeded():
            return InvalidClientMetadata("the metadata is longer than the directory can keep for one client", detail=detail)
        case ValueRefused():
            return InvalidClientMetadata("the directory refuses a value of this registration", detail=detail)
        case PermissionRefused():
            return ServerError("the bridge lacks a right in the directory; its operator can see which in the log", detail=detail)
        case QuotaExceeded():
            return TemporarilyUnavailable("the directory takes no more clients from this bridge", retry_after=3600, detail=detail)
        case Throttled():
            return TemporarilyUnavailable("the directory asks to slow down", retry_after=_seconds(failure, 10), detail=detail)
        case ConcurrentWrite():
            return TemporarilyUnavailable("the client is being changed by another request", retry_after=5, detail=detail)
        case DeadlineExceeded():
            return TemporarilyUnavailable("the directory did not answer in time", retry_after=5, detail=detail)
        case _:
            return TemporarilyUnavailable("the directory cannot answer now", retry_after=_seconds(failure, 5), detail=detail)


def _seconds(failure: GraphFailure, otherwise: int) -> int:
    """Retry-After in whole seconds, rounded up: Graph sends fractions."""
    return otherwise if failure.retry_after is None else min(3600, int(failure.retry_after) + 1)
