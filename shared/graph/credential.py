"""How the bridge proves to Entra who it is, and its access tokens: MSAL gets them, one at a time, in a thread of its own.

A token is renewed behind the requests while it is still good, so an outage of the token service costs nothing for the rest of its
life. Every renewal uses a fresh MSAL application: MSAL remembers failures (a 400 for a minute, a 429 or 5xx for up to an hour),
and an error that isn't a string breaks its telemetry until it is rebuilt.
"""

import json
import logging
import re
import time
from threading import Condition, Thread
from typing import Any, NamedTuple, Protocol

import requests

from shared.clock import Clock, SystemClock
from shared.graph.clouds import Cloud
from shared.graph.errors import GraphFailure, PermissionRefused, Unavailable, as_line, root_cause
from shared.graph.identity import ClientCertificate, Identity, ManagedIdentity
from shared.http.exchange import SOCKETS, Sockets
from shared.retry import Deadline, read_retry_after
from shared.telemetry import note_call

logger = logging.getLogger("bridge.graph")

# Seconds. A renewal that takes longer is cut; after failures the next one waits, longer each time.
LONGEST_RENEWAL = 8.0
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
LONGEST_PAUSE = 60.0
# A token this close to its end isn't used any more.
CLOSE_TO_END = 30.0
# Refusals that waiting doesn't mend: the bridge's own credential or permission is wrong. All other errors may pass.
# learn.microsoft.com/entra/identity-platform/reference-error-codes
PERMISSION_CODES = frozenset(
    {
        50034,  # no such account in the tenant
        53003,  # blocked by conditional access
        65001,  # no consent
        70011,  # invalid scope
        90002,  # no such tenant
        500011,  # no such resource
        700016,  # no such application
        700027,  # the assertion's certificate isn't registered
        700030,  # the certificate isn't trusted
        7000112,  # the application is disabled
        7000215,  # wrong secret
        7000216,  # no secret or assertion
        7000222,  # the secret is over
        7000229,  # no service principal
    }
)


_AADSTS = re.compile(r"AADSTS(\d+)")


class Credential(Protocol):
    """Where the access token for Graph comes from."""

    def token(self, deadline: Deadline, *, rejected: str = "", claims_challenge: str | None = None) -> str:
        """An access token for Graph, kept until shortly before its end.

        `rejected` is a token that Graph took no longer, so that another is needed; `claims_challenge` the JSON of its claims
        challenge (continuous access evaluation). Raises PermissionRefused or Unavailable.
        """
        ...


class _Token(NamedTuple):
    """A token; times on the clock's monotonic scale."""

    text: str
    renew_at: float
    ends_at: float


class _Http:
    """The HTTP client that MSAL asks for, which notes the last Retry-After: MSAL's own errors don't tell it."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self.retry_after: str | None = None

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        return self._send("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> requests.Response:
        return self._send("POST", url, kwargs)

    def _send(self, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        started, status = time.monotonic(), 0
        try:
            answer = self._session.request(method, url, **kwargs)
            status = answer.status_code
        finally:
            note_call("token_service", method, url, status, time.monotonic() - started)
        self.retry_after = answer.headers.get("Retry-After")
        if answer.status_code == 200:
            try:
                answer.json()
            except ValueError:
                # MSAL would log the whole of it, and it may hold a token.
                raise Unavailable("the token service's answer can't be read") from None
        return answer


class _Attempt:
    """A request for a token that is under way."""

    def __init__(self, started_at: float, session: requests.Session) -> None:
        self.started_at = started_at
        self.http = _Http(session)
        self.sockets = Sockets()


class MsalCredential:
    """A Credential of the bridge's own identity. Its tokens are for `cloud.graph`."""

    def __init__(
        self, identity: Identity, tenant_id: str, cloud: Cloud, session: requests.Session, clock: Clock | None = None
    ) -> None:
        self._identity = identity
        self._tenant_id = tenant_id
        self._cloud = cloud
        self._session = session
        self._clock = clock or SystemClock()
        self._changed = Condition()
        self._token: _Token | None = None
        self._renewal: _Attempt | None = None
        self._failure: GraphFailure | None = None
        self._failures = 0
        self._next_try = 0.0

    def begin(self) -> None:
        """Ask for the first token, for which the caller waits when it needs it."""
        with self._changed:
            if self._token is None and self._failure is None:
                self._start_renewal(self._clock.monotonic(), None)

    def token(self, deadline: Deadline, *, rejected: str = "", claims_challenge: str | None = None) -> str:
        """See `Credential`. All that need a token wait for the same renewal, each to its own deadline."""
        with self._changed:
            while True:
                now = self._clock.monotonic()
                held = self._token
                usable = held is not None and held.text != rejected and now < held.ends_at
                if not usable or held is None or now >= held.renew_at:
                    self._start_renewal(now, claims_challenge)
                if usable and held is not None:
                    return held.text
                if self._renewal is None and self._failure is not None:
                    raise self._as_raised(self._failure, now)
                left = min(deadline.remaining(), LONGEST_RENEWAL)
                if left <= 0:
                    raise Unavailable("the token service did not answer in time")
                self._changed.wait(left)

    def _start_renewal(self, now: float, claims_challenge: str | None) -> None:
        """Start one unless one runs or a failure was a moment ago. Needs the lock."""
        running = self._renewal
        if running is not None and now - running.started_at < LONGEST_RENEWAL:
            return
        if running is not None:
            running.sockets.cut()
        elif now < self._next_try:
            return
        self._renewal = renewal = _Attempt(now, self._session)
        Thread(target=self._renew, args=(renewal, claims_challenge), name="token renewal", daemon=True).start()

    def _renew(self, renewal: _Attempt, claims_challenge: str | None) -> None:
        SOCKETS.set(renewal.sockets)
        token: _Token | None = None
        failure: GraphFailure | None = None
        try:
            token = self._read(self._acquire(renewal.http, claims_challenge), self._clock.monotonic())
        except GraphFailure as refused:
            failure = refused
        except Exception as cause:  # MSAL raises whatever its answers make it stumble over
            failure = self._failure_of(cause)
        if failure is not None:
            failure.retry_after = read_retry_after(renewal.http.retry_after, self._clock.now())
        with self._changed:
            if self._renewal is not renewal:
                return  # cut, and another one runs
            self._renewal = None
            if token is not None:
                self._token, self._failure, self._failures, self._next_try = token, None, 0, 0.0
            elif failure is not None:
                self._remember(failure)
            self._changed.notify_all()

    def _remember(self, failure: GraphFailure) -> None:
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failure = failure
        self._failures += 1
        self._next_try = self._clock.monotonic() + min(max(pause, failure.retry_after or 0), LONGEST_PAUSE)
        logger.error("%s", failure)

    def _as_raised(self, failure: GraphFailure, now: float) -> GraphFailure:
        """A new exception for each that waited, with what is left of the pause."""
        return type(failure)(str(failure), code=failure.code, retry_after=max(1.0, self._next_try - now))

    def _read(self, answer: object, now: float) -> _Token:
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise self._refusal(answer)
        seconds = float(answer.get("expires_in") or 0)
        # MSAL keeps the answer's refresh_in to itself.
        return _Token(answer["access_token"], now + seconds / 2, now + max(seconds - CLOSE_TO_END, seconds / 2))

    def _refusal(self, answer: object) -> GraphFailure:
        fields = answer if isinstance(answer, dict) else {}
        error = as_line(str(fields.get("error", "no answer")))
        codes = fields.get("error_codes")
        text = f"the token service refused the bridge's own credential: {error}, AADSTS {as_line(json.dumps(codes or []))}"
        if isinstance(codes, list) and PERMISSION_CODES.intersection(code for code in codes if isinstance(code, int)):
            return PermissionRefused(text, code=error)
        return Unavailable(text, code=error)

    def _failure_of(self, cause: Exception) -> GraphFailure:
        """MSAL raises ValueError for a tenant that isn't there, with Entra's sentence in its text."""
        named = _AADSTS.search(root_cause(cause))
        if named is not None and int(named[1]) in PERMISSION_CODES:
            return PermissionRefused(f"the token service refused the bridge's own credential: {named[0]}")
        return Unavailable(f"the token service {self._cloud.authority} can't be used: {root_cause(cause)}")

    def _acquire(self, http: _Http, claims_challenge: str | None) -> Any:
        import msal

        identity = self._identity
        if isinstance(identity, ManagedIdentity):
            managed = (
                msal.UserAssignedManagedIdentity(client_id=identity.client_id)
                if identity.client_id
                else msal.SystemAssignedManagedIdentity()
            )
            try:
                client = msal.ManagedIdentityClient(managed, http_client=http)
                return client.acquire_token_for_client(resource=self._cloud.graph, claims_challenge=claims_challenge)
            except Exception as cause:
                raise Unavailable(f"no managed identity answers on this machine: {root_cause(cause)}") from cause
        application = msal.ConfidentialClientApplication(
            identity.client_id,
            client_credential=_client_credential(identity),
            authority=f"{self._cloud.authority}/{self._tenant_id}",
            # The authority is the operator's setting; asking Microsoft's list of hosts would be a call to the public cloud.
            instance_discovery=False,
            # A claims challenge can be answered: Graph may then end a session at once instead of at the token's expiry.
            client_capabilities=["cp1"],
            http_client=http,
        )
        return application.acquire_token_for_client(scopes=[self._cloud.graph_scope], claims_challenge=claims_challenge)


def _client_credential(identity: Any) -> object:
    """What MSAL takes for a secret or certificate. Raises PermissionRefused for a certificate that can't be used."""
    if not isinstance(identity, ClientCertificate):
        return identity.secret.reveal()
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = identity.private_key.reveal()
    try:
        load_pem_private_key(key.encode(), password=None)
        x509.load_pem_x509_certificate(identity.certificate.encode())
    except (ValueError, TypeError) as cause:
        raise PermissionRefused(f"the bridge's own client certificate can't be read: {root_cause(cause)}") from cause
    return {"private_key": key, "public_certificate": identity.certificate}
