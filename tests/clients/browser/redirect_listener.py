"""An OAuth client's redirect URI: a plain HTTP server on localhost that remembers what browsers bring."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


class RedirectListener:
    """Serves `url` (http://localhost:PORT/callback) while entered; `received` are the parameters of each visit, GET or POST."""

    def __init__(self) -> None:
        received: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._note(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self._note(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _note(self, parameters: str) -> None:
                if urlsplit(self.path).path == "/callback":
                    received.append(dict(parse_qsl(parameters)))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>Back at the client</title><p>Thank you.</p>")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Codes do not belong in logs."""

        self.received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_address[1]}"
        self.url = f"{self.origin}/callback"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
