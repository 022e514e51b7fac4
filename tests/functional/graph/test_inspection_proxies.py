"""Certificates as proxies that inspect traffic make them: Python 3.13's strict flag refuses them, OpenSSL doesn't."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from emulator.server import EntraEmulator
from shared.application import Application
from shared.graph.session import DirectorySession
from shared.http.documents import HttpsDocuments, trust

PEM = serialization.Encoding.PEM


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePublicKey,
    signed_by: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signed_by, hashes.SHA256())


class Inspector:
    """The CA of a proxy: its basicConstraints isn't critical, and neither it nor its leaves have key identifiers."""

    def __init__(self, directory: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._directory = directory
        certificate = _certificate(
            "Inspector", "Inspector", self._key.public_key(), self._key, x509.BasicConstraints(ca=True, path_length=None)
        )
        self.bundle = directory / "inspector.pem"
        self.bundle.write_bytes(certificate.public_bytes(PEM))

    def server_context(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """The TLS context of a server at `address`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))])
        leaf = _certificate("server", "Inspector", key.public_key(), self._key, names)
        file = self._directory / f"{address}.pem"
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(private + leaf.public_bytes(PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


class Answering(BaseHTTPRequestHandler):
    """Says yes to everything, in JSON."""

    def do_GET(self) -> None:
        body = json.dumps({"answered": True}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Tests need no log of requests."""


type Serve = Callable[[ssl.SSLContext], str]


@pytest.fixture
def inspector(tmp_path: Path) -> Inspector:
    return Inspector(tmp_path)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with a TLS context; gives its URL."""
    servers = []

    def start(tls: ssl.SSLContext) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"https://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def read(url: str, tls: ssl.SSLContext) -> object:
    return HttpsDocuments(tls)(url, url.removeprefix("https://").rstrip("/"))


def test_the_certificates_are_such_that_python_refuses_them_by_itself(inspector: Inspector, serve: Serve) -> None:
    url = serve(inspector.server_context())
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        read(url, ssl.create_default_context(cafile=inspector.bundle))
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, verify=str(inspector.bundle), timeout=5)


@pytest.mark.parametrize("usual_too", [False, True])
def test_a_bundle_that_an_operator_names_holds_for_graph_documents_and_whoever_is_notified(
    inspector: Inspector, serve: Serve, usual_too: bool
) -> None:
    url, bundle = serve(inspector.server_context()), str(inspector.bundle)
    assert DirectorySession(bundle, usual_too=usual_too).get(url).json() == {"answered": True}
    assert DirectorySession(bundle, usual_too=usual_too).post(url, json={}).status_code == 200
    assert read(url, trust(bundle)) == {"answered": True}


def test_a_bundle_is_still_verified(inspector: Inspector, serve: Serve, tmp_path: Path) -> None:
    """Another CA, and another host's certificate, are refused."""
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    by_inspector, elsewhere = serve(inspector.server_context()), serve(inspector.server_context("192.0.2.1"))
    for url, bundle in ((by_inspector, tmp_path / "other.pem"), (elsewhere, inspector.bundle)):
        for usual_too in (False, True):
            with pytest.raises(requests.exceptions.SSLError):
                DirectorySession(str(bundle), usual_too=usual_too).get(url)
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            read(url, trust(str(bundle)))


def test_neither_the_environment_nor_a_request_changes_what_a_bundle_trusts(
    inspector: Inspector, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.issue_cert("127.0.0.1").configure_cert(tls)
    url = serve(tls)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "other.pem"))
    session = DirectorySession(str(inspector.bundle))
    with pytest.raises(requests.exceptions.SSLError):
        session.get(url)
    with pytest.raises(requests.exceptions.SSLError):
        session.get(url, verify=False)
    assert DirectorySession(str(tmp_path / "other.pem")).get(url).status_code == 200


def test_skipped_validation_works_without_a_warning_for_each_call(inspector: Inspector, serve: Serve) -> None:
    """Warnings are errors in these tests."""
    session = DirectorySession(verify=False)
    url = serve(inspector.server_context("192.0.2.1"))
    assert [session.get(url).status_code for _ in range(3)] == [200, 200, 200]
    assert read(url, trust(False)) == {"answered": True}


class InspectingProxy:
    """Takes one CONNECT after another and answers within the tunnel as its target would, under a certificate of its own."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.targets: list[str] = []
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            with connected, suppress(OSError):
                self.targets.append(self._head(connected).split()[1].decode())
                connected.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with self._tls.wrap_socket(connected, server_side=True) as tunnel:
                    self._head(tunnel)
                    tunnel.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{"answered": true}')

    def _head(self, connected: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connected.recv(4096)
            if not data:
                raise ConnectionResetError
            head += data
        return head

    def close(self) -> None:
        """No further connection is taken."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_a_proxy_that_inspects_traffic_is_passed(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = InspectingProxy(inspector.server_context("192.0.2.7"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    # Work behind the answers of other tests' bridges may still be going on in this process.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    bundle = str(inspector.bundle)
    try:
        for session in (DirectorySession(bundle), DirectorySession(bundle, usual_too=True)):
            assert session.get("https://192.0.2.7/x").json() == {"answered": True}
        assert read("https://192.0.2.7/", trust(bundle)) == {"answered": True}
    finally:
        proxy.close()
    assert proxy.targets == ["192.0.2.7:443"] * 3


@pytest.mark.parametrize("name", ["BRIDGE_CA_BUNDLE", "ENTRA_CA_BUNDLE"])
def test_the_setting_holds_for_every_part_that_goes_out(inspector: Inspector, serve: Serve, name: str) -> None:
    url = serve(inspector.server_context())
    webhook = {"AUDIT_WEBHOOK_URL": f"{url}hook", "AUDIT_WEBHOOK_SECRET": "whsec_" + "A" * 44}
    application = Application(
        {
            "ENTRA_TENANT_ID": "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01",
            "ENTRA_MANAGED_IDENTITY": "system",
            "AUDIT_SCHEDULE": "0 0 3 * * *",
            name: str(inspector.bundle),
            **webhook,
        }
    )
    assert application.session.get(url).status_code == 200
    assert application.documents(url, url.removeprefix("https://").rstrip("/")) == {"answered": True}
    assert application.outside.post(url, json={}).status_code == 200


def test_the_emulator_is_reached_under_its_own_certificates() -> None:
    with EntraEmulator() as entra:
        assert DirectorySession(entra.ca_file).get(f"{entra.url}/{entra.tenant_id}/v2.0/.well-known/openid-configuration").ok
