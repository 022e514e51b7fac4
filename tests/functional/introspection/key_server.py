"""An authority on TLS: serves the documents of tests.unit.introspection.authority on localhost, well or badly."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from tests.unit.introspection.authority import Authority

Misbehaviour = Callable[[BaseHTTPRequestHandler], None]


class KeyServer:
    """A running server. `authority` holds the documents, `ca_file` the CA to trust; `misbehave` replaces the answers."""

    def __init__(self, server: ThreadingHTTPServer, ca_file: Path) -> None:
        self.host = f"localhost:{server.server_address[1]}"
        self.authority = Authority(f"https://{self.host}")
        self.ca_file = ca_file
        self.misbehave: Misbehaviour | None = None
        self.requests: list[str] = []

    def trust(self) -> ssl.SSLContext:
        """A TLS context that trusts this server's CA and nothing else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One GET."""
        self.requests.append(handler.path)
        if self.misbehave is not None:
            self.misbehave(handler)
            return
        document = self.authority.documents().get(handler.path)
        send(handler, 404 if document is None else 200, json.dumps(document).encode())


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """A complete answer."""
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def key_server(directory: Path) -> Iterator[KeyServer]:
    """Serves while the context lasts; the CA's certificate is written into `directory`."""
    ca = trustme.CA()
    ca_file = directory / "ca.pem"
    ca.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    running: list[KeyServer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                running[0].answer(self)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                self.close_connection = True

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: Any, client_address: Any) -> None:
            # The handshake belongs into the connection's own thread: one that fails must not stop the server.
            try:
                with context.wrap_socket(request, server_side=True) as connection:
                    super().finish_request(connection, client_address)
            except (ssl.SSLError, ConnectionError):
                return

    with Server(("127.0.0.1", 0), Handler) as server:
        running.append(KeyServer(server, ca_file))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield running[0]
        finally:
            server.shutdown()
            thread.join()
