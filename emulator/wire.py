"""What a broken network does to a connection: drips, hangs, cuts and handshakes that take their time."""

import asyncio
import socket
import struct
from contextlib import suppress
from http import HTTPStatus

from emulator.message import Response

_NO_LINGER = struct.pack("ii", 1, 0)
_STEPS = 40
_BLOCK = b" " * 65536
GARBAGE = b"\x16\x03\x01\x00\x02\x02\x28 this is not HTTP\r\n\r\n"


def no_linger(connection: socket.socket) -> None:
    """Let the close of a socket be a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


async def break_off(response: Response, transport: asyncio.Transport) -> None:
    """Send what `response.cut` leaves of the answer, and close the connection. Returns early when the client has gone, and when
    the emulator stops."""
    with suppress(asyncio.CancelledError):
        await _send_part(response, transport)
    transport.close()


async def _send_part(response: Response, transport: asyncio.Transport) -> None:
    head, body = _head(response), response.body
    match response.cut:
        case "reset":
            no_linger(transport.get_extra_info("socket"))
            transport.abort()
        case "hang":
            await _wait(transport, response.pace)
            transport.abort()
        case "header_drip":
            await _drip(transport, head, response.pace)
            if not transport.is_closing():
                transport.write(body)
        case "body_drip":
            transport.write(head)
            await _drip(transport, body, response.pace)
        case "truncate":
            transport.write(head + body[: len(body) // 2])
        case "endless":
            await _flood(transport, _head(response, counted=False), response.size)
        case "garbage":
            transport.write(GARBAGE)


def _head(response: Response, counted: bool = True) -> bytes:
    """The status line and headers, which announce the end of the connection."""
    reason = HTTPStatus(response.status).phrase if response.status in HTTPStatus else ""
    lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in response.headers.items())]
    lines += [f"Content-Length: {len(response.body)}"] if counted else []
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1")


async def _drip(transport: asyncio.Transport, data: bytes, seconds: float) -> None:
    steps = min(_STEPS, len(data))
    for number in range(steps):
        if transport.is_closing():
            return
        transport.write(data[len(data) * number // steps : len(data) * (number + 1) // steps])
        await _wait(transport, seconds / steps)


async def _flood(transport: asyncio.Transport, head: bytes, size: int) -> None:
    transport.write(head)
    sent = 0
    while sent < size and not transport.is_closing():
        transport.write(_BLOCK)
        sent += len(_BLOCK)
        while transport.get_write_buffer_size() > 8 * len(_BLOCK) and not transport.is_closing():
            await asyncio.sleep(0.002)
        await asyncio.sleep(0)


async def _wait(transport: asyncio.Transport, seconds: float) -> None:
    """Wait, but no longer than the client does."""
    end = asyncio.get_running_loop().time() + seconds
    while not transport.is_closing() and (left := end - asyncio.get_running_loop().time()) > 0:
        await asyncio.sleep(min(left, 0.05))


async def relay_slowly(client: socket.socket, server: socket.socket, seconds: float) -> None:
    """Carry bytes between two sockets; the server's first flight, its half of the TLS handshake, takes `seconds`."""
    loop = asyncio.get_running_loop()

    async def carry(source: socket.socket, target: socket.socket, pace: float) -> None:
        while data := await loop.sock_recv(source, 65536):
            steps = min(_STEPS, len(data)) if pace else 1
            for number in range(steps):
                await loop.sock_sendall(target, data[len(data) * number // steps : len(data) * (number + 1) // steps])
                await asyncio.sleep(pace / steps)
            pace = 0.0

    ways = [asyncio.ensure_future(carry(client, server, 0)), asyncio.ensure_future(carry(server, client, seconds))]
    try:
        with suppress(OSError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        try:
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            # Whoever stops meanwhile interrupts this wait, too.
            client.close()
            server.close()
