"""Introspection over real HTTP, and the corpus replayed there; the replay works with any deployment of the bridge.

with key_server(tmp_path) as keys:
    ... start the bridge with the authority keys.authority.origin, CA keys.ca_file, and the audiences of deployment.AUDIENCES ...
    assert replay(f"{base_url}/introspect", keys.authority.origin, basic(client_id, secret)) == []
"""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

from shared.errors import OAuthError
from shared.http.message import Request, Response, error_response
from shared.introspection.callers import FORM
from shared.introspection.endpoint import Introspection
from tests.unit.introspection.tokens import CASES, fill, make_token

TRIES = 4


@contextmanager
def served(introspection: Introspection) -> Iterator[str]:
    """The URL of a server that hands its requests to `introspection`, as a door does."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # header and body in one packet: apart, each answer waits 40 ms for a delayed acknowledgement

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            try:
                answer = introspection.handle(Request("POST", self.path, headers, body=body), time.time())
            except OAuthError as error:
                answer = error_response(error)
            self._send(answer)

        def _send(self, answer: Response) -> None:
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/introspect"
        finally:
            server.shutdown()
            thread.join()


def connect(url: str, tls: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """A connection to the host of `url`."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=30, context=tls)
    return http.client.HTTPConnection(parts.netloc, timeout=30)


def ask(connection: http.client.HTTPConnection, url: str, form: dict[str, str], authorization: str) -> tuple[int, bytes]:
    """Status and body of one introspection."""
    headers = {"Content-Type": FORM, "Authorization": authorization}
    connection.request("POST", urlsplit(url).path, urlencode(form), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def replay(url: str, origin: str, authorization: str, settings: str = "default", tls: ssl.SSLContext | None = None) -> list[str]:
    """What the endpoint at `url` answers otherwise than the corpus says, a line for each case; empty if all agree.

    `origin` is the authority that the tokens name, whose keys are those of tests.unit.introspection.authority in this process.
    """
    differences = []
    with closing(connect(url, tls)) as connection:
        for case in CASES:
            if case.get("settings", "default") != settings:
                continue
            # Some cases are one second from their limit, and the endpoint has a clock of its own: those are asked again.
            for _ in range(TRIES):
                found = _differences(connection, url, origin, authorization, case)
                if not found:
                    break
            differences += found
    return differences


def _differences(
    connection: http.client.HTTPConnection, url: str, origin: str, authorization: str, case: dict[str, Any]
) -> list[str]:
    now = time.time()
    status, body = ask(connection, url, {"token": make_token(case, now, origin)}, authorization)
    expected = case["expect"]
    if status != 200:
        return [f"{case['name']}: {status} {body!r}"]
    if not expected["active"]:
        return [] if body == b'{"active":false}' else [f"{case['name']}: {body!r}"]
    members = json.loads(body)
    wanted = {"active": True, **fill(expected.get("answer", {}), now, origin)}
    wanted |= dict.fromkeys(expected.get("absent", ()))
    return [f"{case['name']}: {name} is {members.get(name)!r}" for name in wanted if members.get(name) != wanted[name]]
