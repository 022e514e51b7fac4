"""A loopback HTTPS server in the place of a secret store; what a kind of store answers is its own."""

import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

import trustme

type Answer = tuple[int, Any, dict[str, str]]


@dataclass
class StoreDouble:
    """The server with switches for what goes wrong. `refusals`: answers given before the store does anything, first ones first, a
    status and Retry-After; `lost_answers`: how many writes are carried out and then not answered."""

    ca_file: str
    calls: list[tuple[str, str]] = field(default_factory=list, kw_only=True)
    refusals: list[tuple[int, str]] = field(default_factory=list, kw_only=True)
    lost_answers: int = field(default=0, kw_only=True)

    def refuse(self, status: int) -> Any:
        """The body of a refusal before anything is done."""
        raise NotImplementedError

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Answer:
        """What the store answers: status, JSON, headers. `target` is path and query."""
        raise NotImplementedError

    def lets_in(self, headers: Any) -> Answer | None:
        """None for a caller with the right token, else its refusal."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The store's origin."""
        return f"https://localhost:{self._server.server_address[1]}"


def _handler(store: StoreDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def _serve(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
            store.calls.append((self.command, urlsplit(self.path).path))
            refusal = store.lets_in(self.headers)
            if refusal is not None:
                self._send(*refusal)
            elif store.refusals:
                status, retry_after = store.refusals.pop(0)
                self._send(status, store.refuse(status), {"Retry-After": retry_after} if retry_after else {})
            else:
                answer = store.answer(self.command, self.path, self.headers, body)
                if self.command != "GET" and store.lost_answers:
                    store.lost_answers -= 1
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(*answer)

        do_GET = do_PUT = do_POST = do_PATCH = _serve  # noqa: N815 - the names that http.server looks for

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler
