"""AADSTS errors: their codes, OAuth errors, texts and the body they come in.

Codes and meanings: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Clients must branch on the number;
the texts are those of live reports where one was at hand, else of the reference page.
"""

import uuid
from datetime import datetime
from typing import Any

from emulator.message import Response

ERRORS: dict[int, tuple[int, str, str]] = {
    16000: (400, "interaction_required", "Sign-in is needed, and the request forbids it (prompt=none)."),
    50011: (
        400,
        "invalid_request",
        "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for the "
        "application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your application.",
    ),
    50057: (400, "invalid_grant", "The user account is disabled."),
    50105: (
        400,
        "invalid_grant",
        "Your administrator has configured the application {client_name} ('{client_id}') to block users unless they are "
        "specifically granted ('assigned') access to the application. The signed in user is blocked because they are not a "
        "direct member of a group with access, nor had access directly assigned by an administrator. Please contact your "
        "administrator to assign access to this application.",
    ),
    50126: (400, "invalid_grant", "Error validating credentials due to invalid username or password."),
    50148: (400, "invalid_grant", "The code_verifier does not match the code_challenge supplied in the authorization request."),
    50173: (
        400,
        "invalid_grant",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or "
        "reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before which tokens are not "
        "valid) for this user is '{valid_from}'.",
    ),
    54005: (
        400,
        "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
    ),
    65001: (400, "invalid_grant", "The user or administrator has not consented to use the application with ID '{client_id}'."),
    65004: (400, "access_denied", "User declined to consent to access the app."),
    70000: (400, "invalid_grant", "The provided value for the input parameter '{name}' is not valid."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant_type}'."),
    70008: (400, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity."),
    70011: (
        400,
        "invalid_scope",
        "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
    ),
    70016: (400, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    70018: (
        400,
        "bad_verification_code",
        "Invalid verification code due to User typing in wrong user code for device code flow.",
    ),
    70020: (400, "expired_token", "The provided value for the input parameter 'device_code' is not valid. The code has expired."),
    70043: (400, "invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks."),
    90002: (
        400,
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    ),
    90033: (503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    90038: (400, "invalid_request", "Tenant '{tenant}' request being redirected to the National Cloud '{cloud}'."),
    90055: (429, "temporarily_unavailable", "The server is busy: there have been too many requests. Please try again later."),
    90094: (400, "access_denied", "Admin consent is required for the permissions requested by this application '{client_id}'."),
    90095: (
        400,
        "access_denied",
        "Admin consent is required for the permissions requested by this application '{client_id}'. An admin consent request may "
        "be sent to the admin.",
    ),
    500011: (
        400,
        "invalid_resource",
        "The resource principal named {resource} was not found in the tenant named {tenant_name}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You "
        "might have sent your authentication request to the wrong tenant.",
    ),
    500112: (
        400,
        "invalid_grant",
        "The reply address '{redirect_uri}' does not match the reply address '{expected}' provided when requesting "
        "Authorization code.",
    ),
    501051: (
        400,
        "invalid_grant",
        "Application '{client_id}'({client_name}) is not assigned to a role for the application '{resource}'({resource_name}).",
    ),
    650053: (
        400,
        "invalid_client",
        "The application '{client_name}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the "
        "app vendor.",
    ),
    700016: (
        400,
        "unauthorized_client",
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the application "
        "has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent "
        "your authentication request to the wrong tenant.",
    ),
    700021: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion. Please check your federated identity credential "
        "Subject, Audience and Issuer against the presented assertion.",
    ),
    700022: (
        400,
        "invalid_request",
        "The provided value for the input parameter 'scope' is not valid because it contains more than one resource.",
    ),
    700024: (
        401,
        "invalid_client",
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {start}, expiry time of "
        "assertion {end}.",
    ),
    700025: (
        401,
        "invalid_client",
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    700027: (401, "invalid_client", "Client assertion failed signature validation."),
    700051: (400, "unsupported_response_type", "response_type '{response_type}' is not enabled for the application."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{name}'."),
    7000112: (400, "unauthorized_client", "Application '{client_id}'({client_name}) is disabled."),
    7000215: (
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client "
        "secret ID, for a secret added to app '{client_id}'.",
    ),
    7000218: (
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: (
        401,
        "invalid_client",
        "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys for your "
        "app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
    ),
    7000229: (
        401,
        "invalid_client",
        "The client application {client_id} is missing service principal in the tenant {tenant}. See instructions here: "
        "https://go.microsoft.com/fwlink/?linkid=2225119",
    ),
    9001023: (
        400,
        "invalid_request",
        "The grant type '{grant_type}' is not supported over the /common or /consumers endpoints. Please use the /organizations "
        "or tenant-specific endpoint.",
    ),
    9010010: (
        400,
        "invalid_target",
        "The resource parameter provided in the request doesn't match with the requested scopes.",
    ),
    9002313: (400, "invalid_request", "Invalid request. Request is malformed or invalid."),
    9002325: (
        400,
        "invalid_request",
        "Proof Key for Code Exchange is required for cross-origin authorization code redemption.",
    ),
    9002326: (
        400,
        "invalid_request",
        "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: "
        "'{origin}'.",
    ),
    9002327: (
        400,
        "invalid_request",
        "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
    ),
}


class _Details(dict[str, str]):
    """What fills a text's placeholders; those that nothing is known of stay."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


class StsError(Exception):
    """An AADSTS error. `details` fill the placeholders of the code's text; `status` replaces the usual HTTP status."""

    def __init__(self, code: int, *, status: int | None = None, **details: str) -> None:
        usual, self.error, text = ERRORS[code]
        self.code = code
        self.status = status or usual
        self.text = text.format_map(_Details(details))
        super().__init__(f"AADSTS{code}")

    def body(self, now: datetime, correlation_id: str, host: str) -> dict[str, Any]:
        """The JSON body; `host` is that of the error_uri."""
        timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
        trace_id = str(uuid.uuid4())
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.text} Trace ID: {trace_id} Correlation ID: {correlation_id} "
            f"Timestamp: {timestamp}",
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": f"https://{host}/error?code={self.code}",
        }

    def response(self, now: datetime, correlation_id: str, host: str) -> Response:
        """The whole answer."""
        return Response.of_json(
            self.status,
            self.body(now, correlation_id, host),
            {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "x-ms-request-id": str(uuid.uuid4())},
        )
