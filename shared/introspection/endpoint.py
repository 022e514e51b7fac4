"""The introspection endpoint: RFC 7662, with the answers of RFC 9701 for those who ask for them.

The steps stand in the order of `_answer`. What isn't a good token for this caller is inactive, whatever its badness (section
2.2); what the bridge can't know because keys or the directory are out of reach is 503 and never inactive.
"""

from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from hashlib import sha256

from shared.errors import (
    InvalidRequest,
    InvalidToken,
    LengthRequired,
    MethodNotAllowed,
    PayloadTooLarge,
    TemporarilyUnavailable,
    UnsupportedMediaType,
)
from shared.http.documents import DocumentReader
from shared.http.message import JSON, NO_STORE, Request, Response
from shared.http.refreshed import FetchFailed, Pending, settled, settled_async
from shared.introspection.answer import INACTIVE, active_answer
from shared.introspection.cache import ResultCache
from shared.introspection.callers import FORM, MAX_BODY, CallerAuthentication, read_form
from shared.introspection.claims import agent_of
from shared.introspection.configuration import Caller, IntrospectionConfiguration
from shared.introspection.issuers import TrustedIssuers
from shared.introspection.jws import split_token
from shared.introspection.reasons import Refused, log_agent, log_inactive
from shared.introspection.revocation import DirectoryCheck, DirectoryLookup, subject_of
from shared.introspection.signed_answer import SIGNED_ANSWER, read_signer, wants_signed_answer
from shared.introspection.verifier import TokenVerifier, Verified, check_for_caller
from shared.strict_json import dumps
from shared.telemetry import Count, count, count_again

_ROUNDS = 9  # fetches that one request waits for at most: keys of both tokens' issuers, both clients and users, a registration
_PATIENCE = 6.0  # seconds that one request waits for fetches in all
_ACTIVE = Count("bridge.introspections", (("outcome", "active"),))
_HEADERS = {"Content-Type": JSON, **NO_STORE}
_SIGNED_HEADERS = {"Content-Type": SIGNED_ANSWER, **NO_STORE}
_INACTIVE = Response(200, INACTIVE, _HEADERS)


class Introspection:
    """The use case behind the door. One object serves all requests of a worker, from any number of threads or an event loop.

    `read` fetches the issuers' documents. `directory` is needed when a check asks it. `executor` runs fetches; by default
    a small pool of its own.
    """

    def __init__(
        self,
        configuration: IntrospectionConfiguration,
        read: DocumentReader,
        *,
        directory: DirectoryLookup | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._options = options = configuration.options
        executor = executor or ThreadPoolExecutor(max_workers=8, thread_name_prefix="introspection")
        self.issuers = TrustedIssuers(configuration, read, executor)
        # What judges the tokens; the bridge's own callers bring tokens of the same kind.
        self.verifier = TokenVerifier(self.issuers, options)
        self._authentication = CallerAuthentication(configuration, self.verifier)
        self._cache = ResultCache(options.cache_size, options.cache_ttl)
        self.signer = read_signer(configuration)
        self._directory: DirectoryCheck | None = None
        if configuration.asks_directory:
            if directory is None:
                raise ValueError("options.revocation and grants need a directory to ask")
            self._directory = DirectoryCheck(options, configuration.directory_tenant, directory, executor)

    @property
    def remembered(self) -> int:
        """How many answers are kept at the moment."""
        return len(self._cache)

    def forget(self) -> None:
        """Drops the answers that are kept."""
        self._cache.clear()

    def warm(self, now: float) -> None:
        """Starts fetching the keys of every source and returns at once: for the start of a worker."""
        for source in self.issuers.sources:
            with suppress(Pending, FetchFailed):
                source.store.value(now)

    def handle(self, request: Request, now: float) -> Response:
        """The answer to `request` at `now`, seconds since 1970; blocks while a fetch that it needs runs. Raises OAuthError."""
        try:
            return settled(partial(self._answer, request, now), _PATIENCE, _ROUNDS)
        except FetchFailed as failed:
            raise _not_known(failed) from None

    async def handle_async(self, request: Request, now: float) -> Response:
        """The same for an event loop, which it never blocks: without a fetch to wait for it runs straight through."""
        try:
            try:
                return self._answer(request, now)
            except Pending:
                return await settled_async(partial(self._answer, request, now), _PATIENCE, _ROUNDS)
        except FetchFailed as failed:
            raise _not_known(failed) from None

    def _answer(self, request: Request, now: float) -> Response:
        form = self._read(request)
        caller, own_token = self._authentication.authenticate(request.headers, form, now)
        if own_token is not None:
            self._check_bearer(own_token, now)
        token = form.get(b"token")
        if token is None:
            raise InvalidRequest("the parameter token is missing")
        response = self._introspect(token, caller, now)
        if self.signer is not None and wants_signed_answer(request.headers.get("accept")):
            return Response(200, self.signer.sign(response.body, caller.name, now), _SIGNED_HEADERS)
        return response

    def _read(self, request: Request) -> dict[bytes, bytes]:
        method = request.method
        if method == "POST":
            body = request.body
            if not body and "transfer-encoding" in request.headers:
                raise LengthRequired("send the request with a Content-Length: a chunked body doesn't arrive")
            if len(body) > MAX_BODY:
                raise PayloadTooLarge(f"the body is larger than {MAX_BODY} bytes")
            if body and request.headers.get("content-type") != FORM and request.media_type != FORM:
                raise UnsupportedMediaType(f"the body must be {FORM}")
            return read_form(body)
        if method == "GET" and self._options.allow_get:
            return self._read_query(request)
        raise MethodNotAllowed(("GET", "POST") if self._options.allow_get else ("POST",))

    def _read_query(self, request: Request) -> dict[bytes, bytes]:
        # Off unless an operator needs it (Gravitee's default): URLs end up in logs. Credentials never come this way.
        if "client_secret" in request.query:
            raise InvalidRequest("client credentials must not be in the URL")
        token = request.query.get("token", "")
        if "," in token:  # the host joins repeated parameters with a comma, which no token holds
            raise InvalidRequest("the parameter token is repeated")
        return {b"token": token.encode("utf-8", "replace")} if token else {}

    def _introspect(self, token: bytes, caller: Caller, now: float) -> Response:
        directory = self._directory
        verified: Verified | None = None
        try:
            segments = split_token(token)
            signature = segments[2]
            digest = sha256(segments[3]).digest()
            cache_key = (caller.name, digest)
            known = self._cache.get(cache_key, signature, now)
            if known is not None:
                if directory is None or known.subject is None:
                    count_again(_ACTIVE)
                    return known.response
                with suppress(Refused):  # it is verified anew then, and refused below, where the log can say what it is
                    directory.check(known.subject, caller, now)
                    count_again(_ACTIVE)
                    return known.response
            verified = self.verifier.verify_segments(segments, digest, now)
            claims, client_id = verified.claims, verified.client_id
            check_for_caller(verified, caller, self._options)
            answer = active_answer(claims, client_id, caller.claims, caller.roles_as_scope)
            subject = None
            if directory is not None:
                subject = subject_of(claims, client_id)
                directory.check(subject, caller, now)
        except Refused as refused:
            if verified is not None:
                refused.key_id, refused.claims = verified.key.key_id, verified.claims
            count(_ACTIVE.name, outcome="inactive", reason=refused.reason)
            log_inactive(refused, caller.name, agent_of(verified.claims) if verified is not None else None)
            return _INACTIVE
        agent = agent_of(claims)
        if agent is not None:
            log_agent(agent, client_id, claims.get("uti"), caller.name)
        count_again(_ACTIVE)
        response = Response(200, dumps(answer), _HEADERS)
        self._cache.put(cache_key, response, signature, verified, subject, now)
        return response

    def _check_bearer(self, own_token: Verified, now: float) -> None:
        if self._directory is not None:
            try:
                self._directory.check(subject_of(own_token.claims, own_token.client_id), None, now)
            except Refused as refused:
                raise InvalidToken("the access token is not valid here", detail=f"bearer caller: {refused.reason}") from None


def _not_known(failed: FetchFailed) -> TemporarilyUnavailable:
    return TemporarilyUnavailable(
        "the token's state can't be told at the moment", retry_after=failed.retry_after, detail=failed.name
    )
