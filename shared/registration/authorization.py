"""Who may register and manage clients: from a request to a principal, or the error of RFC 6750."""

import hashlib
import hmac
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from shared.clock import Clock
from shared.errors import REALM, InsufficientScope, InvalidRequest, InvalidToken, MissingToken
from shared.http.message import Request
from shared.registration import tokens
from shared.registration.configuration import OPEN_CALLER, RegistrationConfiguration
from shared.registration.policy import Policy

if TYPE_CHECKING:
    from shared.introspection.bearer_tokens import BearerTokens


class CallerKind(Enum):
    """How a caller proved who it is."""

    STATIC = "static"
    ISSUED = "issued"
    ENTRA = "entra"
    INITIAL = "initial"
    REGISTRATION = "registration"
    OPEN = "open"


class Principal(NamedTuple):
    """A caller. `name` is what clients are kept under: two callers never have the same one.

    `token` is what a registration access token says, for that kind alone; `most_clients` a limit beside the policy's own.
    """

    name: str
    kind: CallerKind
    policy: Policy
    token: tokens.RegistrationAccessToken | None = None
    most_clients: int | None = None


class Authorization:
    """Reads the credential of a request. All failures are OAuth errors."""

    def __init__(
        self, configuration: RegistrationConfiguration, entra_tokens: "Callable[[], BearerTokens]", clock: Clock
    ) -> None:
        self._configuration = configuration
        self._entra_tokens = entra_tokens
        self._clock = clock

    def to_register(self, request: Request) -> Principal:
        """Who registers a client (RFC 7591 section 3).

        Raises MissingToken without any credential unless registration is open, InvalidToken for one that isn't good,
        InsufficientScope for one that is good for something else, InvalidRequest for more than one.
        """
        header, value = _credential(request)
        if not value and self._configuration.open_policy is not None:
            return Principal(OPEN_CALLER, CallerKind.OPEN, self._configuration.policy(self._configuration.open_policy))
        token = self._static(header, value, "registration needs a credential of the operator")
        if isinstance(token, Principal):
            return token
        if tokens.is_registration_token(token):
            if tokens.unseal_token(token, self._configuration.sealing_keys) is None:
                raise InvalidToken
            raise InsufficientScope("a registration access token manages one client and registers none")
        return self._caller(token) or self._initial(token) or self._entra(token)

    def to_manage(self, request: Request, client_id: str) -> Principal:
        """Who reads, updates, deletes or rotates the client (RFC 7592 section 2): by its own registration access token, or as a
        caller with a right of its own. Raises as `to_register` does; a token of another client is InvalidToken."""
        missing = "managing a client needs its registration access token or a credential of the operator"
        token = self._static(*_credential(request), missing)
        if isinstance(token, Principal):
            return token
        if tokens.is_registration_token(token):
            return self._registration(token, client_id)
        if self._initial(token) is not None:
            raise InsufficientScope("an initial access token registers clients and manages none")
        return self._caller(token) or self._entra(token)

    def to_audit(self, request: Request) -> Principal:
        """Who reads the report on all clients' secrets: a caller whose policy has `may_audit`. Raises as `to_register` does,
        with a challenge that browsers understand where one asks."""
        try:
            token = self._static(*_credential(request), "the report needs a credential of the operator")
            principal = token if isinstance(token, Principal) else self._entra(token)
        except (MissingToken, InvalidToken) as refusal:
            if "text/html" in request.headers.get("accept", ""):
                # Browsers ask for name and password then, and send them as a static credential `Basic ...` (RFC 7617).
                refusal.headers["WWW-Authenticate"] = f'Basic realm="{REALM}", charset="UTF-8"'
            raise
        if not principal.policy.may_audit:
            raise InsufficientScope("this caller may not read the report")
        return principal

    def _static(self, header: str, value: str, missing: str) -> Principal | str:
        """The caller whose static credential it is, else the token of a Bearer credential. Compares with every configured value,
        whatever matched before, in constant time. Raises MissingToken that says `missing` where there is none."""
        if not value:
            raise MissingToken(missing)
        digests = [hashlib.sha256(text.encode()).digest() for text in _spellings(header, value)]
        found = None
        for credential in self._configuration.static_credentials:
            for digest in digests:
                if hmac.compare_digest(credential.digest, digest) and credential.header == header:
                    found = credential
        if found is None:
            return _bearer(header, value)
        return Principal(found.name, CallerKind.STATIC, self._configuration.policy(found.policy))

    def _registration(self, text: str, client_id: str) -> Principal:
        token = tokens.unseal_token(text, self._configuration.sealing_keys)
        if token is None or not hmac.compare_digest(token.client_id.encode(), client_id.encode()):
            raise InvalidToken
        # The policy is the client's own, known once the client is read.
        return Principal(f"client:{client_id}", CallerKind.REGISTRATION, self._configuration.policy(""), token)

    def _caller(self, text: str) -> Principal | None:
        """The caller of a token that the bridge gave it; one that the settings no longer name is nobody."""
        if not tokens.is_caller_token(text):
            return None
        token = tokens.unseal_caller_token(text, self._configuration.sealing_keys)
        if token is None:
            raise InvalidToken
        if self._clock.now().timestamp() >= token.ends:
            raise InvalidToken(detail="the caller's token has ended")
        for caller in self._configuration.token_callers:
            if caller.client_id == token.caller_id:
                return Principal(caller.name, CallerKind.ISSUED, self._configuration.policy(caller.policy))
        raise InvalidToken(detail="the settings have no such caller any more")

    def _initial(self, text: str) -> Principal | None:
        keys = self._configuration.initial_token_keys
        if keys is None or not tokens.is_initial_token(text):
            return None
        access = tokens.verify_initial_token(text, self._configuration.base_url, keys, self._clock.now())
        if access is None or access.policy not in self._configuration.policies:
            raise InvalidToken
        policy = self._configuration.policy(access.policy)
        return Principal(f"initial:{access.id}", CallerKind.INITIAL, policy, most_clients=access.most_clients)

    def _entra(self, text: str) -> Principal:
        audience = self._configuration.entra_audience
        claims = self._entra_tokens().verify(text, audience) if audience else None
        if claims is None:
            raise InvalidToken
        roles = claims.get("roles")
        held = [role for role in roles if role in self._configuration.entra_roles] if isinstance(roles, list) else []
        caller = claims.get("azp") or claims.get("appid")
        if not held or not isinstance(caller, str):
            raise InsufficientScope("the access token has no app role that allows this")
        # Where a caller has several roles, the order in the settings decides.
        role = next(role for role in self._configuration.entra_roles if role in held)
        # A client id is unique within its tenant alone.
        tenant_id = claims.get("tid")
        name = f"entra:{tenant_id}:{caller}" if tenant_id in self._configuration.entra_tenants else f"entra:{caller}"
        return Principal(name, CallerKind.ENTRA, self._configuration.policy(self._configuration.entra_roles[role]))


def _credential(request: Request) -> tuple[str, str]:
    """The one header that carries a credential, and its value; both empty where there is none.

    RFC 6750 section 2: no more than one method for one request; section 2.3's query parameter is refused altogether.
    """
    if "access_token" in request.query:
        raise InvalidRequest("a token in the query string is not accepted; send it in the Authorization header")
    given = [(name, value) for name in ("authorization", "x-api-key") if (value := request.headers.get(name, "").strip())]
    if len(given) > 1:
        raise InvalidRequest("more than one credential is given")
    return given[0] if given else ("", "")


def _spellings(header: str, value: str) -> list[str]:
    """The ways in which the same credential may be written: as it came, and with one blank behind a scheme in any case, which has
    no case (RFC 9110 section 11.1). Of the configured value nothing but its digest may be known."""
    scheme, *rest = value.split(maxsplit=1)
    if header != "authorization" or not rest:
        return [value]
    return list(dict.fromkeys((value, *(f"{word} {rest[0]}" for word in _cases(scheme)))))


def _cases(scheme: str) -> tuple[str, ...]:
    return scheme, scheme.capitalize(), scheme.lower(), scheme.upper()


def _bearer(header: str, value: str) -> str:
    """The token of a Bearer credential (RFC 6750 section 2.1). Raises InvalidToken for any other, which is then simply
    unknown."""
    scheme, _, token = value.replace("\t", " ").partition(" ")
    if header != "authorization" or scheme.lower() != "bearer":
        raise InvalidToken
    if "," in token:
        raise InvalidRequest("more than one credential is given")
    if token.strip() == "null":
        raise InvalidToken(detail="the caller sent the word null as its token: its own request for a token must have failed")
    return token.strip()
