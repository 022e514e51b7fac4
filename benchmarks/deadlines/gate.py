"""A gate before Graph or the token service: it lets connections through, or does to them what networks do.

What passes is copied byte by byte, so TLS ends at the emulator. What doesn't is answered by the gate itself over TLS.
"""

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNK = b"x" * 65536
FLOOD = 400 * 1024 * 1024
# How long anything lasts that has no end of its own.
LONGEST = 60.0

# By name: what a row of the table says of them.
BEHAVIOURS = {
    "hangs": "takes the request and never answers",
    "stops": "connections that were good stop in the middle of their life",
    "drips its head": "a byte every 20 ms",
    "drips its body": "a byte every 20 ms",
    "drips new heads": "an interim answer (100) every 20 ms",
    "stalls in TLS": "accepts and says nothing",
    "drips in TLS": "a byte of the handshake every 20 ms",
    "refuses": "no connection",
    "resets": "RST after the request",
    "hangs up": "FIN in the middle of the body",
    "floods": "400 MB of body",
    "redirects a flood": "400 MB behind a 302",
}


class Gate:
    """Listens on the loopback address, for the server at `port`. `behaviour` is one of BEHAVIOURS, or empty to pass all on."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self._target, self._tls = port, tls
        self._behaviour = ""
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def behave(self, behaviour: str) -> None:
        """Behave so from now on. Connections end, unless they are what stops."""
        if self._behaviour == "refuses":
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        self._behaviour = behaviour
        if behaviour != "stops":
            for connection in list(self._open):
                _end(connection)
        if behaviour == "refuses":
            _end(self._listener)
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        try:
            with connection, suppress(OSError, ssl.SSLError):
                if self._behaviour in ("", "stops"):
                    self._pass_on(connection)
                elif self._behaviour == "stalls in TLS":
                    self._wait()
                elif self._behaviour == "drips in TLS":
                    self._drip(connection, b"\x16\x03\x03\x3f\xff")
                else:
                    with self._tls.wrap_socket(connection, server_side=True) as secure:
                        self._open.add(secure)  # which has taken over the connection
                        try:
                            secure.recv(65536)
                            self._misbehave(secure)
                        finally:
                            self._open.discard(secure)
        finally:
            self._open.discard(connection)

    def _misbehave(self, secure: ssl.SSLSocket) -> None:
        match self._behaviour:
            case "drips its head":
                self._drip(secure, _HEAD)
            case "drips its body":
                self._drip(secure, _HEAD + b"Content-Length: 1000000\r\n\r\n")
            case "drips new heads":
                self._drip(secure, b"", b"HTTP/1.1 100 Continue\r\n\r\n")
            case "resets":
                secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "hangs up":
                secure.sendall(_HEAD + b'Content-Length: 100\r\n\r\n{"appId":')
            case "floods":
                self._flood(secure, _HEAD)
            case "redirects a flood":
                self._flood(secure, b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n")
            case _:
                self._wait()

    def _flood(self, secure: ssl.SSLSocket, head: bytes) -> None:
        secure.sendall(head + b"\r\n")  # without a length, which would be refused before the first byte
        for _ in range(FLOOD // len(_CHUNK)):
            secure.sendall(_CHUNK)
            time.sleep(0.001)  # about a gigabit a second, so that those who measure get their turn

    def _drip(self, connection: socket.socket, first: bytes, drop: bytes = b"x") -> None:
        connection.sendall(first)
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            time.sleep(0.02)
            connection.sendall(drop)

    def _wait(self) -> None:
        behaviour, end = self._behaviour, time.monotonic() + LONGEST
        while self._behaviour == behaviour and time.monotonic() < end:
            time.sleep(0.02)

    def _pass_on(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            self._open.add(server)
            back = threading.Thread(target=self._copy, args=(server, connection), daemon=True)
            back.start()
            self._copy(connection, server)
            back.join()
            self._open.discard(server)

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                while self._behaviour == "stops":
                    time.sleep(0.02)
                sink.sendall(part)
        _end(sink)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
