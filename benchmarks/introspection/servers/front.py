"""One bare ASGI front for all Python implementations.

BENCHMARK_ANSWER chooses bridge, bridge-remembering, pyjwt (as its documentation shows) or pyjwt-peek (the key found by hand).
"""

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.introspection.material import make_introspection, read_material
from benchmarks.introspection.servers.pyjwt_answer import PyJwtAnswer
from shared.http.message import Request

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = Callable[[dict[str, str], bytes], Awaitable[tuple[int, bytes]]]


def chosen_answer() -> Answer:
    """The implementation that the environment names."""
    material = read_material(Path(os.environ["BENCHMARK_MATERIAL"]))
    name = os.environ["BENCHMARK_ANSWER"]
    if name.startswith("pyjwt"):
        by_pyjwt = PyJwtAnswer(material, documented=name == "pyjwt")

        async def answer(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
            return by_pyjwt.answer(headers["authorization"], body)

        return answer
    introspection = make_introspection(material, 4096 if name == "bridge-remembering" else 0)

    async def answer_by_bridge(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        response = await introspection.handle_async(Request("POST", "/introspect", headers, body=body), time.time())
        return response.status, response.body

    return answer_by_bridge


HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
_answer = chosen_answer()


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The front: body in, headers as text, JSON out."""
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    headers = {str(name, "latin-1"): str(value, "latin-1") for name, value in scope["headers"]}
    status, content = await _answer(headers, body)
    length = b"%d" % len(content)
    await send({"type": "http.response.start", "status": status, "headers": [*HEADERS, (b"content-length", length)]})
    await send({"type": "http.response.body", "body": content})
