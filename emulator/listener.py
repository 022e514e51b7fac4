"""The TLS listener: uvicorn's HTTP in a thread, behind a door that can also open late or slam."""

import asyncio
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from emulator.faults import Fault
from emulator.message import Request, Response
from emulator.wire import break_off, no_linger, relay_slowly

_HANDSHAKE_SECONDS = 120.0


class Listener:
    """Serves `answer` over TLS. The socket is bound at once, so `port` is known before `start`.

    `connecting` is asked for each connection whether a fault strikes it.
    """

    def __init__(
        self,
        answer: Callable[[Request], Response],
        host: str,
        port: int,
        context: ssl.SSLContext,
        connecting: Callable[[], Fault | None],
    ) -> None:
        self._answer = answer
        self._context = context
        self._connecting = connecting
        self._transports: dict[Any, asyncio.Transport] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # A task that is cancelled before its first step closes nothing: whoever stops does, for what no transport has yet.
        self._unserved: set[socket.socket] = set()
        self._socket = socket.create_server((host, port), backlog=2048)
        self._socket.setblocking(False)
        self.host, self.port = self._socket.getsockname()[:2]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve; returns when connections are accepted."""
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="entra-emulator", daemon=True)
        self._thread.start()
        started.wait(30)

    def stop(self) -> None:
        """Close every connection and the socket."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)
        self._socket.close()

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
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
        )
        config.load()
        state = ServerState()

        def protocol() -> asyncio.Protocol:
            return config.http_protocol_class(config=config, server_state=state, app_state={})  # type: ignore[call-arg]

        self._loop.add_reader(self._socket, self._accept, protocol)
        started.set()
        await self._stopping.wait()
        self._loop.remove_reader(self._socket)
        # A client that keeps its connection open would hold up the end of TLS, and so the end of this.
        for transport in list(self._transports.values()):
            transport.abort()
        tasks = [*self._tasks, *state.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        for connection in self._unserved:
            connection.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accept(self, factory: Callable[[], asyncio.Protocol]) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = self._socket.accept()
            connection.setblocking(False)
            self._unserved.add(connection)
            self._spawn(self._connect(connection, factory))

    async def _connect(self, accepted: socket.socket, factory: Callable[[], asyncio.Protocol]) -> None:
        connection = accepted
        fault = self._connecting()
        seconds = float(fault.details.get("seconds", 1.0)) if fault is not None else 0.0
        kind = fault.kind if fault is not None else ""
        try:
            if kind == "connection_refused":
                no_linger(connection)
                connection.close()
                return
            if kind == "late_connection":
                await asyncio.sleep(seconds)
            if kind == "slow_handshake":
                near, connection = socket.socketpair()
                near.setblocking(False)
                connection.setblocking(False)
                self._unserved.add(near)
                self._spawn(self._relay(accepted, near, seconds))
            with suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(
                    factory, connection, ssl=self._context, ssl_handshake_timeout=_HANDSHAKE_SECONDS
                )
        except asyncio.CancelledError:
            connection.close()
            raise
        finally:
            if connection is accepted:
                self._unserved.discard(accepted)

    async def _relay(self, client: socket.socket, server: socket.socket, seconds: float) -> None:
        try:
            await relay_slowly(client, server, seconds)
        finally:
            self._unserved -= {client, server}

    def _protocol(self) -> type[H11Protocol]:
        transports = self._transports
        relayed = itertools.count(1)

        class Protocol(H11Protocol):
            """Remembers the transport of each connection, so that a fault can break it."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                raw = transport.get_extra_info("socket")
                if raw.family != socket.AF_UNIX:
                    # Header and body are written apart; without this the body would wait for the client's delayed ACK.
                    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                super().connection_made(transport)
                self.client = self.client or ("relayed", next(relayed))
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
        if response.cut and transport is not None:
            await break_off(response, transport)
            # Only then does uvicorn know that there is nothing left to answer.
            while tuple(client) in self._transports:
                await asyncio.sleep(0.005)
            return
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
        if response.status not in (204, 304):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})
