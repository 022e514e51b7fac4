"""The HTTP session towards Microsoft: pooled, no redirects, no cookies, bounded in memory, cut when a caller's time is over.

urllib3 and requests bound the time of each receive, not of an answer: a server that drips bytes keeps a thread for hours. So each
connection notes its socket with the exchange that it works for (`shared.http.exchange`), whose door shuts it at the deadline.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from shared.http.documents import trust
from shared.http.exchange import SOCKETS, Sockets, sockets_cut_after

# Connections kept for each host: as many as the doors have threads.
POOL_SIZE = 16
# Bytes of one answer; and of a page of a list or the answer to a batch, of which few are read at once: 999 applications have
# about 3 MB.
LARGEST_ANSWER = 2 * 1024 * 1024
LARGEST_LISTING = 16 * 1024 * 1024

# Seconds for a whole call that no exchange watches: the audit's, a command's.
LONGEST_CALL = 30.0

_LARGEST: ContextVar[int | None] = ContextVar("largest", default=None)


@contextmanager
def listing() -> Iterator[None]:
    """Within, an answer may be as large as a page of a list."""
    outer = _LARGEST.set(LARGEST_LISTING)
    try:
        yield
    finally:
        _LARGEST.reset(outer)


class AnswerTooLarge(requests.RequestException):
    """The answer has more bytes than the bridge reads."""


class _CuttableHTTPConnection(HTTPConnection):
    """Notes a duplicate of its socket with the present exchange: TLS detaches the raw one during its handshake."""

    _duplicate: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self._duplicate = connected.dup()
        self._note()
        return connected

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self._note()
        super().putrequest(*args, **kwargs)

    def close(self) -> None:
        super().close()
        duplicate, self._duplicate = self._duplicate, None
        if duplicate is not None:
            (SOCKETS.get() or Sockets()).close(duplicate)

    def _note(self) -> None:
        sockets = SOCKETS.get()
        if sockets is not None and self._duplicate is not None:
            sockets.add(self._duplicate)


class _CuttableHTTPSConnection(_CuttableHTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _CuttableHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CuttableHTTPSConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect. urllib3 warns here at each request that isn't verified; the settings' check warns of it once."""
        if conn.is_closed:
            conn.connect()


class _CuttableAdapter(HTTPAdapter):
    """`tls` is what is trusted; None leaves it to requests: certifi's certificates, or REQUESTS_CA_BUNDLE."""

    def __init__(self, tls: ssl.SSLContext | None, **options: Any) -> None:
        self._tls = tls
        super().__init__(**options)

    # requests calls both of these; the managers they make are where connection classes are chosen.
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs, ssl_context=self._tls)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """As HTTPAdapter.send, but neither the environment nor a caller changes what is trusted."""
        if self._tls is not None:
            kwargs["verify"] = self._tls.verify_mode is not ssl.CERT_NONE
        return super().send(request, *args, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """requests would have certifi's certificates trusted too."""
        if self._tls is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]


class DirectorySession(requests.Session):
    """A session for Graph, the token service, and whoever is notified or keeps what the bridge delivers.

    `verify` is a CA bundle's path, True for the machine's certificates, or False to skip validation; with `usual_too` the
    certificates that requests brings are trusted besides the bundle. Proxies of the environment are used. `timeout` (seconds, for
    each receive) is for callers that name none, as MSAL does.
    """

    def __init__(self, verify: str | bool, timeout: float = 5, *, usual_too: bool = False) -> None:
        super().__init__()
        self._timeout = timeout
        # None: requests' usual certificates.
        self.tls = tls = None if verify is True else trust(verify, DEFAULT_CA_BUNDLE_PATH if usual_too else "")
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Retries are the client's decision, since not every request may be repeated.
        for scheme in ("https://", "http://"):
            self.mount(scheme, _CuttableAdapter(tls, pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests.Session.request`, with our certificates and the body read up to `LARGEST_ANSWER` (within `listing` up to
        `LARGEST_LISTING`); a redirect is an answer, not followed with a token. Outside of an exchange the whole call is cut after
        `LONGEST_CALL`. Raises a RequestException for everything that goes wrong."""
        if SOCKETS.get() is not None:
            return self._request(method, url, *args, **kwargs)
        with sockets_cut_after(LONGEST_CALL):
            return self._request(method, url, *args, **kwargs)

    def _request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["allow_redirects"] = False
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        kwargs["stream"] = True
        sockets = SOCKETS.get()
        try:
            answer = super().request(method, url, *args, **kwargs)
            try:
                _read_body(answer)
            except BaseException:
                answer.close()
                raise
            if sockets is not None and sockets.were_cut:
                # A head that was cut off reads like one that ended.
                answer.close()
                raise requests.ConnectionError("the caller's time is over")
        finally:
            if sockets is not None:
                sockets.clear()
        return answer

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """None: also where redirects aren't followed, requests would read the whole body of one and parse its Location."""
        return None


def _read_body(answer: requests.Response) -> None:
    """Read what `answer.content` gives, which requests would read without a bound."""
    largest = _LARGEST.get() or LARGEST_ANSWER
    announced = answer.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > 15 or int(announced) > largest):
        raise AnswerTooLarge(f"the answer is larger than {largest} bytes")
    body = bytearray()
    try:
        while chunk := answer.raw.read1(65536, decode_content=True):
            body += chunk
            if len(body) > largest:
                raise AnswerTooLarge(f"the answer is larger than {largest} bytes")
    except AnswerTooLarge:
        raise
    except (HTTPError, OSError) as cause:
        raise requests.ConnectionError(cause) from cause
    answer.raw.release_conn()
    answer._content = bytes(body)
    answer._content_consumed = True  # type: ignore[attr-defined]
