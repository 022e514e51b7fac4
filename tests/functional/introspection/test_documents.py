"""Fetching documents from servers that misbehave: nothing but 200, JSON, in size and in time, from the one host."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from shared import telemetry
from shared.http.documents import HttpsDocuments, UnusableDocument
from shared.introspection.endpoint import Introspection
from tests.functional.introspection.key_server import KeyServer, Misbehaviour, key_server, send
from tests.unit.foundation.test_telemetry import Closing
from tests.unit.introspection.authority import TENANT
from tests.unit.introspection.deployment import NOW, InlineExecutor, configuration, introspect_request
from tests.unit.introspection.tokens import make_token


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyServer]:
    with key_server(tmp_path) as running:
        yield running


def reader(keys: KeyServer, timeout: float = 5.0) -> HttpsDocuments:
    return HttpsDocuments(keys.trust(), timeout=timeout, max_bytes=1024 * 1024)


def fetch(keys: KeyServer, path: str = "/x", timeout: float = 5.0) -> object:
    return reader(keys, timeout)(f"https://{keys.host}{path}", keys.host)


def test_reads_a_document_over_tls_with_an_own_ca(keys: KeyServer) -> None:
    """A corporate CA, given as a context."""
    document = fetch(keys, f"/{TENANT}/discovery/v2.0/keys")
    assert isinstance(document, dict)
    assert document["keys"]


@pytest.mark.duty(98)
def test_refuses_a_certificate_that_nobody_vouches_for(keys: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a context the system's CAs count; skipping the check takes an explicit context."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        HttpsDocuments()(f"https://{keys.host}/x", keys.host)
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    assert HttpsDocuments(unchecked)(f"https://{keys.host}/{TENANT}/discovery/v2.0/keys", keys.host)


def redirect(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 302, b"", Location=f"https://{handler.headers['Host']}/{TENANT}/discovery/v2.0/keys")


def moved(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 308, b"{}", Location="file:///etc/passwd")


def large(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, b'{"keys":[' + b" " * 2_000_000 + b"]}")


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65_536)


def html(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, b"<html>maintenance</html>", Content_Type="text/html")


def empty(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, b"")


def accepted(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 202, b"{}")


def forbidden(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 403, b'{"keys":[]}')


def broken(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 503, b"", Retry_After="5")


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"keys":')


BAD = [redirect, moved, large, endless, html, empty, accepted, forbidden, broken, cut]


@pytest.mark.duty(112)
@pytest.mark.parametrize("misbehave", BAD, ids=lambda function: function.__name__)
def test_e25_a_bad_document_is_refused_and_the_old_keys_stay(keys: KeyServer, misbehave: Misbehaviour) -> None:
    """RFC 8725 section 3.10: no redirects, no other status, no more than a megabyte, nothing but JSON."""
    introspection = Introspection(configuration("default", keys.authority.origin), reader(keys), executor=InlineExecutor())
    token = make_token({"claims": {"exp": {"now": 20_000}}}, NOW, keys.authority.origin)
    assert json.loads(introspection.handle(introspect_request(token), NOW).body)["active"] is True
    keys.misbehave = misbehave
    with pytest.raises((OSError, ValueError)):
        fetch(keys)
    asked = len(keys.requests)
    assert json.loads(introspection.handle(introspect_request(token), NOW + 4000).body)["active"] is True
    assert len(keys.requests) == asked + 1
    assert all(TENANT in path or path == "/x" for path in keys.requests)


@pytest.mark.parametrize("url", ["http://{host}/x", "https://127.0.0.1/x", "file:///etc/passwd", "https://{host}@example.com/x"])
def test_e25_asks_nobody_but_the_configured_host_over_https(keys: KeyServer, url: str) -> None:
    """Not even to be refused there."""
    with pytest.raises(ValueError, match="is not an https URL"):
        reader(keys)(url.format(host=keys.host), keys.host)
    assert keys.requests == []


def test_a_server_that_drips_cannot_outlast_the_time_limit(keys: KeyServer) -> None:
    """The limit is for the whole document, not for each byte."""
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stop.wait(0.02):
            handler.wfile.write(b" ")

    keys.misbehave = drip
    try:
        with pytest.raises(TimeoutError):
            fetch(keys, timeout=0.3)
    finally:
        stop.set()


def test_a_server_that_says_nothing_is_left_at_the_time_limit(keys: KeyServer) -> None:
    """A hung authority costs a bounded wait."""
    stop = threading.Event()
    keys.misbehave = lambda _: assert_waited(stop)
    try:
        with pytest.raises(OSError, match="timed out"):
            fetch(keys, timeout=0.3)
    finally:
        stop.set()


def assert_waited(stop: threading.Event) -> None:
    """Waits until the client has given up."""
    assert stop.wait(30)


def test_each_fetch_is_noted_with_what_became_of_it(keys: KeyServer) -> None:
    noted = Closing()
    telemetry.record_to(noted)
    try:
        fetch(keys, f"/{TENANT}/discovery/v2.0/keys")
        with pytest.raises(UnusableDocument, match="404"):
            fetch(keys, "/nowhere")
    finally:
        telemetry.record_to(None)
    good, refreshed, bad, failed = noted.events
    assert isinstance(good, telemetry.Call)
    assert isinstance(bad, telemetry.Call)
    assert (good.service, good.method, good.status, bad.service, bad.status) == ("keys", "GET", 200, "keys", 404)
    assert [refreshed, failed] == [telemetry.Count("bridge.key_refreshes", (("result", r),)) for r in ("done", "failed")]
