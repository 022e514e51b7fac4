"""One way to call Microsoft Graph: a token, a deadline, retries where repeating does no harm, and failures told apart.

The facts: learn.microsoft.com/graph/throttling (Retry-After, which may be fractional), learn.microsoft.com/graph/errors.
"""

import base64
import binascii
import logging
import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from shared.clock import Clock
from shared.correlation import JOURNEY
from shared.graph.credential import Credential
from shared.graph.errors import (
    ConcurrentWrite,
    DeadlineExceeded,
    Flooded,
    GraphFailure,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    as_line,
    failure_of,
    root_cause,
)
from shared.graph.session import AnswerTooLarge
from shared.retry import Backoff, Deadline, read_retry_after
from shared.strict_json import JsonObject, loads
from shared.telemetry import count, note_call

logger = logging.getLogger("bridge.graph")

# Seconds before the second, third, ... attempt where Graph names none.
BACKOFF = (0.25, 0.5, 1.0, 2.0, 4.0)
# Spreads the attempts of many workers. Dice of its own, so that no work behind an answer turns those of anybody else.
JITTER = random.Random()  # noqa: S311 - keeps no secret
# What the limits of writes to the directory are about.
_DIRECTORY = re.compile(r"/(applications|servicePrincipals|directory)\b")
# No single attempt waits longer for an answer, however much time the caller has.
ATTEMPT_TIMEOUT = 10.0


class GraphAnswer(NamedTuple):
    """A successful answer: status, JSON object (empty for 204), headers."""

    status: int
    body: JsonObject
    headers: Mapping[str, str]


def shown_claims(token: str) -> JsonObject:
    """The claims of an access token, unverified: for showing, never for trusting. Raises ValueError for what isn't one."""
    payload = token.encode().split(b".")[1:2]
    try:
        claims = loads(base64.urlsafe_b64decode(payload[0] + b"==")) if payload else None
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise ValueError("not an access token that can be read")
    return claims


class GraphClient:
    """Calls Graph v1.0. `base_url` is the version's root, such as https://graph.microsoft.com/v1.0."""

    def __init__(self, base_url: str, credential: Credential, session: requests.Session, clock: Clock) -> None:
        self._base_url = base_url.rstrip("/")
        self._credential = credential
        self._session = session
        self._clock = clock
        # On the clock's monotonic scale: until when Graph asked to write nothing.
        self._writes_rest_until = 0.0

    def call(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        body: JsonObject | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        text: str | None = None,
        creates: bool = False,
    ) -> GraphAnswer:
        """Carry out one call, `path` relative to the version's root or an absolute nextLink of the same host. `text` is sent as
        text/plain in place of a JSON body.

        `creates` marks a request that must not be carried out twice: it is repeated only after an answer which says that
        nothing happened (429) or when no connection came about; a lost answer raises OutcomeUnknown. Other requests are repeated
        after 429, 5xx, 409 of concurrent writes and lost connections, while the deadline leaves time.
        Raises a GraphFailure.
        """
        call = _Call(method, self._absolute(path), body, query, headers or {}, creates, text)
        backoff = Backoff(deadline, (pause * JITTER.uniform(0.8, 1.2) for pause in BACKOFF))
        rejected, claims = "", None
        while True:
            token = self._credential.token(deadline, rejected=rejected, claims_challenge=claims)
            try:
                return self._attempt(call, deadline, token)
            except GraphFailure as failure:
                self._note_throttling(call, failure)
                if failure.status == 401 and not rejected:
                    # Expired, or a claims challenge: another token may do, once.
                    rejected, claims = token, failure.claims
                elif not _is_repeatable(failure) or not backoff.wait(failure.retry_after or 0):
                    raise
                count("bridge.graph.retries", status=failure.status)
                logger.warning("trying again: %s", failure)

    def await_writes(self, deadline: Deadline) -> None:
        """Wait until Graph takes writes again, where this worker knows that it throttles them; raises Throttled where the
        deadline doesn't reach as far. For what takes several writes: begun under throttling, it would end half done, and each
        refused request counts for the limit too (learn.microsoft.com/graph/throttling)."""
        left = self._writes_rest_until - self._clock.monotonic()
        if left > 0 and not deadline.pause(left):
            raise Throttled(f"Graph throttles writes, for {left:.0f} s more", status=429, retry_after=left)

    def _note_throttling(self, call: "_Call", failure: GraphFailure) -> None:
        # Mail has limits of its own, of Exchange.
        if isinstance(failure, Throttled) and call.method != "GET" and _DIRECTORY.search(call.name):
            rest = self._clock.monotonic() + (failure.retry_after or 0)
            self._writes_rest_until = max(self._writes_rest_until, rest)

    def own_claims(self, deadline: Deadline) -> JsonObject:
        """The claims of the bridge's own token, among them `oid`, `appid` and `roles`, unverified; empty where the token can't be
        read, which Entra reserves to itself for Graph's tokens."""
        try:
            return shown_claims(self._credential.token(deadline))
        except ValueError:
            return {}

    def reference(self, object_id: str) -> str:
        """The URL that stands for a directory object in `@odata.bind` and `@odata.id`."""
        return f"{self._base_url}/directoryObjects/{object_id}"

    def _absolute(self, path: str) -> str:
        if path.startswith("https://"):
            # A nextLink is opaque, but the token goes to Graph's own host alone.
            try:
                same = urlsplit(path)[:2] == urlsplit(self._base_url)[:2]
            except ValueError:  # no host that a URL can have
                same = False
            if not same:
                raise Unavailable("a link in Graph's answer leads to another host")
            return path
        return f"{self._base_url}/{path.lstrip('/')}"

    def _attempt(self, call: "_Call", deadline: Deadline, token: str) -> GraphAnswer:
        left = deadline.remaining()
        if left <= 0:
            raise DeadlineExceeded(f"no time left for {call.name}")
        request_id = str(uuid.uuid4())
        own = {"Authorization": f"Bearer {token}", "Accept": "application/json", "client-request-id": request_id}
        timeout = min(left, ATTEMPT_TIMEOUT)
        started, journey = self._clock.monotonic(), JOURNEY.get()
        answer: requests.Response | None = None
        try:
            answer = self._session.request(
                call.method,
                call.url,
                params=call.query,
                json=call.body,
                data=call.text,
                headers={**own, **call.headers, **({} if call.text is None else {"Content-Type": "text/plain"})},
                timeout=(timeout, timeout),
            )
        except requests.RequestException as cause:
            kind = OutcomeUnknown if call.creates and not _never_sent(cause) else Unavailable
            if kind is Unavailable and isinstance(cause, AnswerTooLarge):
                kind = Flooded
            raise kind(f"{call.name} got no answer: {root_cause(cause)}", request_id=request_id) from cause
        finally:
            status, seen = (
                (0, request_id) if answer is None else (answer.status_code, answer.headers.get("request-id", request_id))
            )
            seconds = self._clock.monotonic() - started
            note_call("graph", call.method, call.url, status, seconds, seen)
            if journey is not None:
                journey.note_call(call.name, status, seen, seconds)
        return self._read(answer, call, request_id)

    def _read(self, answer: requests.Response, call: "_Call", request_id: str) -> GraphAnswer:
        try:
            # Not the answer's own json(), which raises RecursionError for nesting and takes halves of surrogate pairs.
            body: Any = loads(answer.content) if answer.content else {}
        except ValueError:
            body = None
        status = answer.status_code
        if 200 <= status < 300 and isinstance(body, dict):
            return GraphAnswer(status, body, answer.headers)
        seen = as_line(answer.headers.get("request-id", request_id))
        retry_after = read_retry_after(answer.headers.get("Retry-After"), self._clock.now())
        failure = failure_of(call.name, status, body, seen, retry_after)
        if call.creates and _says_nothing(failure):
            # A gateway's 502, or a refusal whose body was cut off: the directory may have carried the request out.
            raise OutcomeUnknown(str(failure), status=status, code=failure.code, request_id=seen, retry_after=retry_after)
        if status < 400:
            raise Unavailable(f"{call.name} answered {status} without a JSON object (request-id {seen})", status=status)
        failure.claims = read_claims_challenge(answer.headers.get("WWW-Authenticate", ""))
        raise failure


def _is_repeatable(failure: GraphFailure) -> bool:
    return isinstance(failure, Throttled | ConcurrentWrite | Unavailable) and not isinstance(failure, OutcomeUnknown | Flooded)


def _says_nothing(failure: GraphFailure) -> bool:
    """Whether an answer to a request that creates something leaves open what became of it."""
    if isinstance(failure, ConcurrentWrite | Throttled) or failure.status == 401:
        return False
    return failure.status >= 500 or not failure.code


def follow_pages(
    read: Callable[[str, Mapping[str, str] | None], GraphAnswer], path: str, query: Mapping[str, str]
) -> Iterator[list[JsonObject]]:
    """The pages of a list that `read` reads: from `path` with the query, then each nextLink as it stands
    (learn.microsoft.com/graph/paging)."""
    link: str | None = path
    first: Mapping[str, str] | None = query
    while link is not None:
        answer = read(link, first)
        first = None
        entries, link = answer.body.get("value", []), answer.body.get("@odata.nextLink")
        if not isinstance(entries, list) or not isinstance(link, str | None):
            raise Unavailable("a page of Graph's answer is no list")
        yield [entry for entry in entries if isinstance(entry, dict)]


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    body: JsonObject | None
    query: Mapping[str, str] | None
    headers: Mapping[str, str]
    creates: bool
    text: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Method and path, for the log: a query may hold what a caller sent."""
        return as_line(f"{self.method} {urlsplit(self.url).path}")


def _never_sent(cause: requests.RequestException) -> bool:
    """Whether the connection wasn't even made, so that the request can't have been carried out."""
    reason = getattr(cause.args[0], "reason", None) if cause.args else None
    return isinstance(cause, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def read_claims_challenge(header: str) -> str | None:
    """The claims that Graph demands in a continuous access evaluation challenge, as JSON text; None when it demands none."""
    match = re.search(r'\bclaims="([A-Za-z0-9+/=_-]+)"', header)
    if match is None:
        return None
    encoded = match[1].replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
