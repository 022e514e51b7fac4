"""uvicorn around the host's ASGI application: pure Python HTTP/1.1, no framework, only the date added to a response."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uvicorn

_SHUTDOWN_SECONDS = 30


def make_server(application: Any) -> "uvicorn.Server":
    """A server for an ASGI application, to be run on listening sockets; its own log says only what is wrong."""
    # Imported here, so that a host that is asked without a socket needs no package but those of a deployed app.
    import uvicorn

    config = uvicorn.Config(
        application,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    return uvicorn.Server(config)


def listening_socket(port: int) -> tuple[socket.socket, str]:
    """A listening socket on the loopback address, and its URL; port 0 is a free one. Raises OSError if the port is taken."""
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    # asyncio sets it only on sockets that name their protocol; connections take it over from the listening one. Without it each
    # answer on a kept-alive connection would wait for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(application: Any, started: threading.Event, port: int = 0) -> Iterator[str]:
    """Serve an application in a thread of its own for the time of the context, which gets the URL.

    `started` is set by the application once its startup is done. Leaving waits for the requests under way and for its shutdown.
    Raises RuntimeError if the application does not start.
    """
    listener, url = listening_socket(port)
    server = make_server(application)
    started.clear()

    def run() -> None:
        try:
            server.run(sockets=[listener])
        finally:
            started.set()

    thread = threading.Thread(target=run, name="local-host", daemon=True)
    thread.start()
    try:
        started.wait()
        if not thread.is_alive():
            raise RuntimeError("the local host did not start")
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
