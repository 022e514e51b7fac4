"""The errors that callers see: status, code and challenge of each."""

import pytest

from shared import errors
from shared.errors import OAuthError

# RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 7591 section 3.2.2, RFC 9110 section 15; the rest are words of our own.
KINDS = {
    "InvalidRequest": (400, "invalid_request"),
    "LengthRequired": (411, "invalid_request"),
    "PayloadTooLarge": (413, "invalid_request"),
    "UnsupportedMediaType": (415, "invalid_request"),
    "InvalidClientMetadata": (400, "invalid_client_metadata"),
    "InvalidRedirectUri": (400, "invalid_redirect_uri"),
    "InvalidSoftwareStatement": (400, "invalid_software_statement"),
    "UnapprovedSoftwareStatement": (400, "unapproved_software_statement"),
    "InvalidClient": (401, "invalid_client"),
    "InvalidScope": (400, "invalid_scope"),
    "UnsupportedGrantType": (400, "unsupported_grant_type"),
    "MissingToken": (401, "invalid_token"),
    "InvalidToken": (401, "invalid_token"),
    "InsufficientScope": (403, "insufficient_scope"),
    "AccessDenied": (403, "access_denied"),
    "NotFound": (404, "not_found"),
    "MethodNotAllowed": (405, "invalid_request"),
    "Conflict": (409, "conflict"),
    "TooManyRequests": (429, "temporarily_unavailable"),
    "ServerError": (500, "server_error"),
    "TemporarilyUnavailable": (503, "temporarily_unavailable"),
}


def subclasses(kind: type[OAuthError]) -> set[type[OAuthError]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_each_kind_has_its_status_and_code() -> None:
    own = {kind for kind in subclasses(OAuthError) - {OAuthError} if kind.__module__ == errors.__name__}
    assert {kind.__name__: (kind.status, kind.error) for kind in own} == KINDS


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (errors.MissingToken(), 'Bearer realm="entra-dcr-bridge"'),
        (errors.InvalidToken(), 'Bearer realm="entra-dcr-bridge", error="invalid_token"'),
        (errors.InsufficientScope("x"), 'Bearer realm="entra-dcr-bridge", error="insufficient_scope"'),
        (errors.InvalidClient("x"), 'Basic realm="entra-dcr-bridge", charset="UTF-8"'),
    ],
)
def test_a_challenge_says_how_to_come_in(error: OAuthError, challenge: str) -> None:
    assert error.headers["WWW-Authenticate"].startswith(challenge)


def test_whoever_should_come_again_is_told_when() -> None:
    assert errors.TooManyRequests("slow down", retry_after=7).headers["Retry-After"] == "7"
    assert int(errors.TemporarilyUnavailable("later").headers["Retry-After"]) > 0
    assert errors.MethodNotAllowed(("GET", "HEAD")).headers["Allow"] == "GET, HEAD"


def test_what_is_for_operators_is_no_part_of_the_answer() -> None:
    error = errors.InvalidClient("client authentication failed", detail="the secret of gateway is wrong")
    assert (error.description, error.detail) == ("client authentication failed", "the secret of gateway is wrong")
    assert errors.InvalidClient("x").detail == ""
