"""Fetching an issuer's public documents: https, one host, no redirects, bounded in size and time.

urllib.request and not requests: it costs 4 ms of import where requests costs 92, and four GETs an hour need no pool.
"""

import ssl
import time
from typing import Protocol
from urllib.parse import urlsplit

from shared.strict_json import loads
from shared.telemetry import count, note_call

MAX_DOCUMENT = 1024 * 1024  # bytes; Entra's key documents are about 15 KB
TIMEOUT = 5.0  # seconds for a whole document


class UnusableDocument(ValueError):
    """A document that isn't what an issuer publishes, or holds nothing usable. `status`: with which it came, if not 200."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class DocumentReader(Protocol):
    """Reads one JSON document of an issuer."""

    def __call__(self, url: str, host: str) -> object:
        """The JSON value at `url`, which must be on `host` (host or host:port). Raises any exception to say that it couldn't."""


def check_location(url: str, host: str) -> None:
    """Raises UnusableDocument unless `url` is https on exactly `host`: a document must not send the bridge elsewhere."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.netloc.lower() != host.lower() or "@" in parts.netloc or parts.fragment:
        raise UnusableDocument(f"{url[:200]!r} is not an https URL on {host}")


def trust(verify: str | bool, besides: str = "") -> ssl.SSLContext:
    """The certificates to trust: a CA bundle's path, True for the machine's own, False for any, which is no protection at all.
    `besides`: the path of a bundle to trust too.

    A bundle that an operator names is verified as OpenSSL does and Python did before 3.13. Its strict flag wants what the CAs of
    proxies that inspect traffic often lack: a critical basicConstraints, an authority key identifier.
    """
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if isinstance(verify, str):
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if besides:
        context.load_verify_locations(besides)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class HttpsDocuments:
    """The DocumentReader for real issuers. `tls` holds the trust: a CA bundle of the operator's, or none at all by explicit
    choice; without it the system's CAs are trusted. Proxies are taken from the environment, as on every corporate network."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, timeout: float = TIMEOUT, max_bytes: int = MAX_DOCUMENT) -> None:
        self._tls = tls
        self._timeout = timeout
        self._max_bytes = max_bytes

    def __call__(self, url: str, host: str) -> object:
        check_location(url, host)
        started, status = time.monotonic(), 0
        try:
            found = self._fetch(url)
            status = 200
        except UnusableDocument as refusal:
            status = refusal.status
            raise
        finally:
            note_call("keys", "GET", url, status, time.monotonic() - started)
            count("bridge.key_refreshes", result="done" if status == 200 else "failed")
        return found

    def _fetch(self, url: str) -> object:
        # Imported here: a cold start that only answers health checks doesn't pay for it.
        from urllib import request as library
        from urllib.error import HTTPError

        if self._tls is None:
            self._tls = ssl.create_default_context()
        # No redirect handler: a 3xx is an error like any other status but 200. No http, ftp, file or data handler either.
        opener = library.OpenerDirector()
        opener.add_handler(library.ProxyHandler())
        opener.add_handler(library.HTTPSHandler(context=self._tls))
        opener.add_handler(library.HTTPErrorProcessor())
        opener.add_handler(library.HTTPDefaultErrorHandler())
        deadline = time.monotonic() + self._timeout
        headers = {"Accept": "application/json", "User-Agent": "entra-dcr-bridge"}
        request = library.Request(url, headers=headers)  # noqa: S310 - https checked above
        try:
            answer = opener.open(request, timeout=self._timeout)
        except HTTPError as refusal:
            with refusal:  # it holds the connection
                raise UnusableDocument(f"{url} answered {refusal.code}", refusal.code) from None
        with answer:
            if answer.status != 200:
                raise UnusableDocument(f"{url} answered {answer.status}", answer.status)
            body = bytearray()
            # read1 returns after one receive, so that a server that drips bytes can't outlast the deadline.
            while chunk := answer.read1(65536):
                body += chunk
                if len(body) > self._max_bytes:
                    raise UnusableDocument(f"{url} is larger than {self._max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{url} took longer than {self._timeout} s")
        return loads(bytes(body))
