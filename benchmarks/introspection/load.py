"""A load generator that costs little itself: sixteen connections, each with one request under way, prepared bytes, one thread."""

import selectors
import socket
import time

from benchmarks.introspection.material import AUTHORIZATION, FORM

CONNECTIONS = 16


def prepared_requests(tokens: list[str]) -> list[bytes]:
    """The requests as they go over the wire."""
    prepared = []
    for token in tokens:
        body = f"token={token}"
        head = (
            "POST /introspect HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: {AUTHORIZATION}\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        prepared.append((head + body).encode())
    return prepared


def requests_per_second(port: int, requests: list[bytes], seconds: float) -> float:
    """Good answers in a second. Raises AssertionError as soon as one isn't `"active":true` with status 200."""
    selector = selectors.DefaultSelector()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    sent = answered = 0
    try:
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(requests[sent % len(requests)])
            sent += 1
        begun = time.perf_counter()
        end = begun + seconds
        buffers: dict[int, bytes] = {}
        while time.perf_counter() < end:
            for key, _ in selector.select():
                connection = key.fileobj  # type: ignore[assignment]
                received = buffers.pop(key.fd, b"") + connection.recv(65536)
                head, blank, body = received.partition(b"\r\n\r\n")
                if not blank or not _complete(head, body):
                    buffers[key.fd] = received
                    continue
                assert head.startswith(b"HTTP/1.1 200"), head
                assert b'"active":true' in body or b'"active": true' in body, body
                answered += 1
                connection.sendall(requests[sent % len(requests)])
                sent += 1
        return answered / (time.perf_counter() - begun)
    finally:
        for connection in connections:
            connection.close()


def _complete(head: bytes, body: bytes) -> bool:
    """Whether all of the answer is there: by its length, or by the last chunk, as the Functions host sends it."""
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    at = lower.index(b"content-length:") + 15
    return len(body) >= int(lower[at : lower.find(b"\r", at) if lower.find(b"\r", at) > 0 else None])
