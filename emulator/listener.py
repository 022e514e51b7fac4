"""The TLS listener: uvicorn in a thread, with an ASGI application that can also break connections."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from emulator.message import Request, Response

_NO_LINGER = struct.pack("ii", 1, 0)


class Listener:
    """Serves `answer` over TLS. The socket is bound at once, so `port` is known before `start`."""

    def __init__(self, answer: Callable[[Request], Response], host: str, port: int, context: ssl.SSLContext) -> None:
        self._answer = answer
        self._context = context
        self._transports: dict[Any, asyncio.Transport] = {}
        self._socket = socket.create_server((host, port))
        self.host, self.port = self._socket.getsockname()[:2]
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve; returns when connections are accepted."""
        config = uvicorn.Config(
            self,
            http=self._protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=120,
            ssl_context_factory=lambda *_: self._context,
            loop="asyncio",
        )
        started = threading.Event()
        server = uvicorn.Server(config)

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            serving = asyncio.ensure_future(server.serve(sockets=[self._socket]))
            while not server.started and not serving.done():
                await asyncio.sleep(0.005)
            started.set()
            await serving

        self._server = server
        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), name="entra-emulator", daemon=True)
        self._thread.start()
        started.wait(30)

    def stop(self) -> None:
        """Close every connection and the socket."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            if self._loop is not None:
                # A client that keeps its connection open would hold up the end of TLS, and so the server's.
                self._loop.call_soon_threadsafe(self._abort_all)
            self._thread.join(10)
        self._socket.close()

    def _abort_all(self) -> None:
        for transport in list(self._transports.values()):
            transport.abort()

    def _protocol(self) -> type[H11Protocol]:
        transports = self._transports

        class Protocol(H11Protocol):
            """Remembers the transport of each connection, so that a fault can break it."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                # Header and body are written apart; without this the body would wait for the client's delayed ACK.
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                super().connection_made(transport)
                transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.client, None)
                super().connection_lost(exc)

        return Protocol

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        """The ASGI application."""
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["raw_path"].decode("latin-1")
        response = self._answer(Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body))
        if response.delay:
            await asyncio.sleep(response.delay)
        await self._send(response, scope["client"], send)

    async def _send(self, response: Response, client: Any, send: Callable[[Any], Any]) -> None:
        transport = self._transports.get(tuple(client) if client else None)
        if response.cut == "reset" and transport is not None:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
            return
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
        if response.status not in (204, 304):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if response.cut == "truncate" and transport is not None:
            await send({"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True})
            transport.close()
            return
        await send({"type": "http.response.body", "body": response.body})
