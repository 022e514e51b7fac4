"""A token endpoint of the bridge's own (RFC 6749 section 4.4), for portals whose token requests Entra refuses.

WSO2's Keycloak connector asks for the scope `default`, its ForgeRock connector for none; Entra's v2.0 endpoint knows neither. The
tokens open registration and management for callers that the settings name, and nothing else.
"""

import hmac
import logging
from hashlib import sha256
from urllib.parse import parse_qsl

from shared.clock import Clock
from shared.errors import InvalidClient, InvalidRequest, InvalidScope, UnsupportedGrantType, UnsupportedMediaType
from shared.http.exchange import Exchange
from shared.http.message import NO_STORE, Request, Response, json_response
from shared.introspection.callers import FORM, decode_form_text, read_basic
from shared.registration.configuration import RegistrationConfiguration, TokenCaller
from shared.registration.policy import CLIENT_CREDENTIALS
from shared.registration.tokens import CallerToken, seal_caller_token

logger = logging.getLogger("bridge.registration")

# Seconds. Connectors ask anew shortly before the end, so it need not outlive many calls.
LIFETIME = 600
_LARGEST_FORM = 16 * 1024
_MOST_PARAMETERS = 16
_SCOPE = "default"


class CallerTokenEndpoint:
    """Gives tokens to callers, and takes their revocation. Raises the errors of RFC 6749 section 5.2."""

    def __init__(self, configuration: RegistrationConfiguration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock

    def issue(self, exchange: Exchange) -> Response:
        """POST: 200 with a token (RFC 6749 section 5.1)."""
        caller, form = self._authenticate(exchange.request)
        grant = form.get("grant_type")
        if not grant:
            raise InvalidRequest("grant_type is missing")
        if grant != CLIENT_CREDENTIALS:
            raise UnsupportedGrantType(f"only {CLIENT_CREDENTIALS} is known here")
        if form.get("scope") not in (None, "", _SCOPE):
            raise InvalidScope(f"only the scope {_SCOPE}, or none, is known here")
        ends = int(self._clock.now().timestamp()) + LIFETIME
        token = seal_caller_token(CallerToken(caller.client_id, ends), self._configuration.sealing_keys)
        logger.info("the caller %s got a token", caller.name)
        return json_response(200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME})

    def revoke(self, exchange: Exchange) -> Response:
        """POST: 200 (RFC 7009 section 2.2). Nothing is stored, so the token isn't ended: it ends by itself, and connectors revoke
        it in its last seconds alone."""
        _, form = self._authenticate(exchange.request)
        if not form.get("token"):
            raise InvalidRequest("token is missing")
        return Response(200, b"", dict(NO_STORE))

    def _authenticate(self, request: Request) -> tuple[TokenCaller, dict[str, str]]:
        """The caller of a Basic header, and its form."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        credentials = read_basic(value) if scheme.lower() == "basic" else None
        if credentials is None:
            raise InvalidClient("client authentication by HTTP Basic is required")
        client_id, secret = credentials
        # RFC 6749 section 2.3.1 has both form-encoded, which WSO2's connectors don't do.
        caller = self._find(client_id, secret) or self._find(decode_form_text(client_id), decode_form_text(secret))
        if caller is None:
            raise InvalidClient("client authentication failed")
        return caller, _read_form(request)

    def _find(self, client_id: bytes, secret: bytes) -> TokenCaller | None:
        """Compares with all callers, whatever matched before, in constant time."""
        digest, found = sha256(secret).digest(), None
        for caller in self._configuration.token_callers:
            if hmac.compare_digest(caller.digest, digest) & (caller.client_id.encode() == client_id):
                found = caller
        return found


def _read_form(request: Request) -> dict[str, str]:
    """The form of the body (RFC 6749 section 3.2: no parameter twice)."""
    if request.media_type != FORM:
        raise UnsupportedMediaType(f"the body must be {FORM}")
    try:
        text = request.body[: _LARGEST_FORM + 1].decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS) if len(text) <= _LARGEST_FORM else None
    except ValueError:
        pairs = None
    if pairs is None or len(dict(pairs)) != len(pairs):
        raise InvalidRequest("the form is malformed, too long, or has a parameter twice")
    return dict(pairs)
