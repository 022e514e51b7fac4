"""A server on the loopback address that answers every request with bytes it was given, and hangs up."""

import socket
from contextlib import suppress
from threading import Thread
from types import TracebackType


class RawServer:
    """Answers with `data`."""

    def __init__(self) -> None:
        self.data = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "RawServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            with connected, suppress(OSError):
                connected.recv(65536)
                connected.sendall(self.data)
                connected.shutdown(socket.SHUT_WR)
                while connected.recv(65536):
                    pass
