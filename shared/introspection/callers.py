"""Who may introspect: client credentials in either place, or an Entra access token. RFC 7662 section 2.1, RFC 6749 section 2.3.

The form that carries token and credentials is read here too (RFC 6749 section 3.2).

Secrets are random and kept as SHA-256 alone; all of them are compared, in constant time. What keeps guessers away is their
entropy: a counter in one instance's memory wouldn't, since instances multiply.
"""

from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import unquote_to_bytes

from shared.errors import REALM, InsufficientScope, InvalidClient, InvalidRequest, InvalidToken
from shared.introspection.claims import roles_of
from shared.introspection.configuration import Caller, IntrospectionConfiguration
from shared.introspection.jws import MAX_TOKEN
from shared.introspection.reasons import Refused
from shared.introspection.verifier import TokenVerifier, Verified, check_for_bridge

MAX_PROVEN = 256
MAX_BODY = 2 * MAX_TOKEN  # bytes
MAX_PARAMETERS = 32
FORM = "application/x-www-form-urlencoded"
# Those that mean something here; RFC 6749 section 3.2 forbids repeating them. Unknown ones are ignored.
PARAMETERS = frozenset({b"token", b"token_type_hint", b"client_id", b"client_secret"})
_PERCENT, _PLUS, _AMPERSAND = b"%+&"
Credentials = tuple[bytes, bytes]  # client id and secret


def decode_form_text(text: bytes) -> bytes:
    """`text` with its form encoding undone: plus signs and percent escapes."""
    return unquote_to_bytes(text.replace(b"+", b" ")) if _PERCENT in text or _PLUS in text else text


def read_form(body: bytes) -> dict[bytes, bytes]:
    """The known parameters of a form body; one without a value counts as omitted. Raises InvalidRequest for a repeated one."""
    if body.startswith(b"token=") and _AMPERSAND not in body and _PERCENT not in body and _PLUS not in body:
        return {b"token": body[6:]} if len(body) > 6 else {}  # what nearly every gateway sends beside a Basic header
    form: dict[bytes, bytes] = {}
    encoded = _PERCENT in body or _PLUS in body  # a JWT needs no encoding, so most bodies have none
    rest = body
    for _ in range(MAX_PARAMETERS):
        pair, _, rest = rest.partition(b"&")
        name, _, value = pair.partition(b"=")
        if encoded:
            name, value = decode_form_text(name), decode_form_text(value)
        if name in PARAMETERS and value:
            if name in form:
                raise InvalidRequest(f"the parameter {name.decode('ascii')} is repeated")
            form[name] = value
        if not rest:
            return form
    raise InvalidRequest("the request has too many parameters")


def read_basic(value: str) -> Credentials | None:
    """Client id and secret of a Basic header's value, as sent; None when it isn't base64 with a colon (RFC 7617 section 2)."""
    try:
        client_id, colon, secret = a2b_base64(value.strip(), strict_mode=True).partition(b":")
    except ValueError:
        return None
    return (client_id, secret) if colon else None


class CallerAuthentication:
    """Tells who calls. Raises InvalidClient, InvalidToken, InsufficientScope or InvalidRequest when it can't."""

    def __init__(self, configuration: IntrospectionConfiguration, verifier: TokenVerifier) -> None:
        self._secrets = tuple(
            (entry.caller.name.encode("utf-8"), digest, entry.caller)
            for entry in configuration.callers
            for digest in entry.secret_sha256
        )
        self._bearer_callers = configuration.bearer_callers
        self._options = configuration.options
        self._verifier = verifier
        # Headers that were accepted before, as SHA-256: finding one by its digest tells a guesser no more than comparing secrets.
        self._proven: dict[bytes, Caller] = {}

    def authenticate(self, headers: Mapping[str, str], form: Mapping[bytes, bytes], now: float) -> tuple[Caller, Verified | None]:
        """The caller, and its own token when it brought one. `headers` have lower-case names. Raises Pending, FetchFailed too."""
        authorization = headers.get("authorization")
        client_id, secret = form.get(b"client_id"), form.get(b"client_secret")
        if authorization is None:
            if client_id is None or secret is None:
                raise self._challenge("client authentication is required")
            return self._by_secret(((client_id, secret),)), None
        proof = None
        if client_id is None and secret is None:
            proof = sha256(authorization.encode("utf-8", "surrogatepass")).digest()
            caller = self._proven.get(proof)
            if caller is not None:
                return caller, None
        scheme, _, value = authorization.partition(" ")
        scheme = scheme.lower()
        if scheme == "bearer" and self._bearer_callers:
            if secret is not None:
                raise InvalidRequest("the request authenticates in two ways")
            return self._by_token(value, now)
        credentials = read_basic(value) if scheme == "basic" else None
        if credentials is None:
            raise self._challenge("client authentication failed")
        # RFC 6749 section 2.3.1: id and secret are form-encoded before they go into the header. Many gateways don't do it.
        decoded = decode_form_text(credentials[0]), decode_form_text(credentials[1])
        candidates = [credentials] if decoded == credentials else [credentials, decoded]
        if client_id is not None or secret is not None:
            # lua-resty-openidc sends both at once; RFC 6749 section 2.3 forbids it, so both must at least say the same.
            candidates = [pair for pair in candidates if client_id in (None, pair[0]) and secret in (None, pair[1])]
            if not candidates:
                raise InvalidRequest("the header and the body name different clients")
        caller = self._by_secret(candidates)
        if proof is not None and len(self._proven) < MAX_PROVEN:
            self._proven[proof] = caller
        return caller, None

    def _by_secret(self, candidates: Iterable[Credentials]) -> Caller:
        found = None
        for client_id, secret in candidates:
            presented = sha256(secret).digest()
            for name, digest, caller in self._secrets:
                # No early exit: the time tells neither which caller nor how much of a digest matched.
                if compare_digest(digest, presented) & (name == client_id):
                    found = caller
            if found is not None:
                return found
        raise self._challenge("client authentication failed")

    def _by_token(self, token: str, now: float) -> tuple[Caller, Verified]:
        try:
            verified = self._verifier.verify(token.strip().encode("utf-8", "replace"), now)
            check_for_bridge(verified, self._options.bearer_audiences, self._options.bearer_tenants)
            roles = roles_of(verified.claims)
        except Refused as refused:
            raise InvalidToken("the access token is not valid here", detail=f"bearer caller: {refused.reason}") from None
        for entry in self._bearer_callers:
            if entry.role in roles:
                return entry.caller, verified
        raise InsufficientScope("the access token carries no role that may introspect")

    def _challenge(self, description: str) -> InvalidClient:
        error = InvalidClient(description)
        if self._bearer_callers:
            # One header with both challenges: the Functions host keeps one value for each header name.
            error.headers["WWW-Authenticate"] += f', Bearer realm="{REALM}"'
        return error
