"""Servers that hang, drip and flood: a door answers at its deadline, and no thread stays behind."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import azure.functions as func
import pytest
import requests
import trustme

from emulator.server import EntraEmulator
from shared.application import Application
from shared.graph import session as sessions
from shared.graph.errors import GraphFailure
from shared.graph.session import DirectorySession
from shared.http.door import Pool, answer
from shared.http.exchange import Exchange
from shared.http.message import Response, json_response
from tests.unit.http.test_door import Context

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

type Behaviour = Callable[[socket.socket, Event], None]


def hang(connected: socket.socket, stop: Event) -> None:
    stop.wait(30)


def drip_head(connected: socket.socket, stop: Event) -> None:
    connected.sendall(HEAD)
    while not stop.wait(0.02):
        connected.sendall(b"x")


def drip_body(connected: socket.socket, stop: Event) -> None:
    connected.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    while not stop.wait(0.02):
        connected.sendall(b"x")


def drip_last_body(connected: socket.socket, stop: Event) -> None:
    connected.sendall(HEAD + b"Connection: close\r\nContent-Length: 1000000\r\n\r\n")
    while not stop.wait(0.02):
        connected.sendall(b"x")


BEHAVIOURS: dict[str, Behaviour] = {
    "hangs": hang,
    "drips its head": drip_head,
    "drips its body": drip_body,
    "drips the body of a connection's last answer": drip_last_body,
}


class Server:
    """A TLS server on the loopback address that behaves as told once a request has come, or before the handshake."""

    def __init__(self, authority: trustme.CA, behave: Behaviour, handshake: bool = True) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._tls)
        self._behave, self._handshake = behave, handshake
        self._stop = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            thread = Thread(target=self._serve, args=(raw,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket) -> None:
        try:
            if not self._handshake:
                self._stop.wait(30)
                return
            with self._tls.wrap_socket(raw, server_side=True) as connected:
                connected.recv(65536)
                self._behave(connected, self._stop)
        except OSError:
            return  # the client has gone
        finally:
            raw.close()

    def close(self) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def session(authority: trustme.CA, tmp_path: Path) -> Iterator[DirectorySession]:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with DirectorySession(str(bundle), timeout=30) as made:
        yield made


def at_the_door(call: Callable[[], Any]) -> tuple[int, Event, list[BaseException]]:
    """The door's status for an endpoint that makes the call, and whether and how the call ended afterwards."""
    ended, failures = Event(), list[BaseException]()

    def endpoint(exchange: Exchange) -> Response:
        try:
            call()
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            ended.set()
        return json_response(200, {})

    request = func.HttpRequest("GET", "https://bridge.example.com/register/x", body=b"")
    found = asyncio.run(answer(request, Context(), {"GET": endpoint}, budget=0.4, pool=Pool("slow", 2)))
    return found.status_code, ended, failures


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_server_that_does_not_answer_keeps_neither_the_caller_nor_the_thread(
    behaviour: str, authority: trustme.CA, session: DirectorySession
) -> None:
    server = Server(authority, BEHAVIOURS[behaviour])
    try:
        status, ended, failures = at_the_door(lambda: session.get(server.url))
        assert status == 503
        assert ended.wait(5)
        assert isinstance(failures[0], requests.RequestException)
    finally:
        server.close()


def test_a_tls_handshake_that_hangs_is_cut_too(authority: trustme.CA, session: DirectorySession) -> None:
    server = Server(authority, hang, handshake=False)
    try:
        status, ended, _ = at_the_door(lambda: session.get(server.url))
        assert status == 503
        assert ended.wait(5)
    finally:
        server.close()


def test_cutting_one_exchange_leaves_another_one_on_the_same_pool_alone(authority: trustme.CA, session: DirectorySession) -> None:
    def serve(connected: socket.socket, stop: Event) -> None:
        body = b'{"ok":true}'
        for _ in range(3):
            connected.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            if not connected.recv(65536):
                return

    slow, quick = Server(authority, hang), Server(authority, serve)
    try:
        assert session.get(quick.url).json() == {"ok": True}

        def both() -> None:
            session.get(quick.url)
            session.get(slow.url)

        assert at_the_door(both)[0] == 503
        assert session.get(quick.url).json() == {"ok": True}
    finally:
        slow.close()
        quick.close()


def test_an_answer_without_end_is_not_kept_in_memory(
    authority: trustme.CA, session: DirectorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LARGEST_ANSWER", 1024 * 1024)
    sent = 0

    def flood(connected: socket.socket, stop: Event) -> None:
        nonlocal sent
        connected.sendall(HEAD + b"\r\n")
        while not stop.is_set():
            connected.sendall(b"x" * 65536)
            sent += 65536

    server = Server(authority, flood)
    try:
        with pytest.raises(sessions.AnswerTooLarge):
            session.get(server.url)
    finally:
        server.close()
    assert sent < 64 * 1024 * 1024


def test_a_page_of_a_list_may_be_larger_than_other_answers(authority: trustme.CA, session: DirectorySession) -> None:
    size = 3 * 1024 * 1024
    head = HEAD + f"Content-Length: {size}\r\n\r\n".encode()
    server = Server(authority, lambda connected, stop: connected.sendall(head + b"x" * size))
    try:
        with sessions.listing():
            assert len(session.get(server.url).content) == size
        with pytest.raises(sessions.AnswerTooLarge):
            session.get(server.url)
    finally:
        server.close()


def test_a_body_that_is_cut_off_is_a_lost_answer(authority: trustme.CA, session: DirectorySession) -> None:
    server = Server(authority, lambda connected, stop: connected.sendall(HEAD + b"Content-Length: 100\r\n\r\n{"))
    try:
        with pytest.raises(requests.ConnectionError):
            session.get(server.url)
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["header_drip", "body_drip"])
@pytest.mark.parametrize("timer", ["finish_registrations", "audit"])
def test_a_timer_ends_beside_a_server_that_drips(timer: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drop a moment keeps each wait for the socket short, and no door watches the whole."""
    monkeypatch.setattr("shared.application.FINISHING_SECONDS", 2.0)
    monkeypatch.setattr("shared.application.SOCKETS_LATE", 0.5)
    monkeypatch.setattr("shared.graph.session.LONGEST_CALL", 0.5)
    ended = Event()
    with EntraEmulator(lag=(0, 0)) as entra:
        bridge = entra.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
        entra.faults.add(kind=kind, times=100, seconds=36.0, method="GET", path="/applications")
        entra.faults.add(kind=kind, times=100, seconds=36.0, method="GET", path="/servicePrincipals")
        settings = {
            "BRIDGE_BASE_URL": "https://bridge.example.com",
            "ENTRA_TENANT_ID": entra.tenant_id,
            "ENTRA_CLIENT_ID": bridge.client_id,
            "ENTRA_CLIENT_SECRET": bridge.client_secret or "",
            "ENTRA_AUTHORITY_URL": entra.url,
            "ENTRA_GRAPH_URL": entra.url,
            "ENTRA_CA_BUNDLE": entra.ca_file,
            "REGISTRATION_SEALING_KEYS": "sealing-key-of-the-tests-0123456789abcdef",
        }

        def run() -> None:
            application = Application(settings)
            if timer == "audit":
                assert not application.audit.run(3.0).complete
            else:
                with suppress(GraphFailure):
                    application.finish_registrations()
            ended.set()

        Thread(target=run, daemon=True).start()
        assert ended.wait(20)
        assert any(fault.hits for fault in entra.faults.all)
