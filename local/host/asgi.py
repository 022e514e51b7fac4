"""The host behind an ASGI server: reads a request off the wire, and writes the response on it.

ASGI 3.0, "HTTP & WebSocket ASGI Message Format" and "Lifespan Protocol".
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local.host.request import HostRequest
from local.host.response import HostResponse, empty_response

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = Callable[[HostRequest], Awaitable[HostResponse]]
Event = Callable[[], Awaitable[None]]


class AsgiFront:
    """An ASGI application over `answer`; `startup` and `shutdown` are run by the server's lifespan. `body_limit` is in bytes."""

    def __init__(self, answer: Answer, startup: Event, shutdown: Event, body_limit: int) -> None:
        self._answer = answer
        self._startup = startup
        self._shutdown = shutdown
        self._body_limit = body_limit

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            raise NotImplementedError(f"a Functions host serves HTTP, not {scope['type']}")

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in scope["headers"]]
        body = await _read(receive, self._body_limit)
        if body is None:
            # The real host answers so too: Azure/azure-functions-host issue 10519.
            response = empty_response(500)
            response.headers.append(("Connection", "close"))
        else:
            path = (scope.get("raw_path") or scope["path"].encode()).decode("utf-8", "replace")
            query = scope["query_string"].decode("latin-1")
            request = HostRequest.received(scope["method"], path, query, headers, body, scope["scheme"])
            response = await self._answer(request)
        sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": sent})
        await send({"type": "http.response.body", "body": response.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._startup()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body, None if it is longer than the limit; what came of it if the client went away."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= limit else None
    parts = [body]
    length = len(body)
    while message.get("more_body", False) and length <= limit:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
    return b"".join(parts) if length <= limit else None
