"""Calls the emulator from the same process, without a socket: an adapter for `requests`."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from emulator.faults import Fault
from emulator.message import Request, Response


class EndlessBody(io.RawIOBase):
    """`size` blanks, of which only those that are read are made."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, as far as there is something left."""
        count = min(len(buffer), self._left)
        buffer[:count] = b" " * count
        self._left -= count
        return count


class InProcessAdapter(BaseAdapter):
    """Answers prepared requests with `answer`; cuts become the exceptions that a broken connection gives.

    `connecting` is asked for the fault that strikes the connection; `elapse`, if there is one, is told how many seconds went by.
    """

    def __init__(
        self,
        answer: Callable[[Request], Response],
        connecting: Callable[[], Fault | None] = lambda: None,
        elapse: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__()
        self._answer = answer
        self._connecting = connecting
        self._elapse = elapse or (lambda _: None)
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        """The answer to one request; TLS settings and proxies play no part.

        What takes longer than the timeout is a timeout at once; a shorter delay is not waited for. A drip counts as a whole, as
        for a client that watches the time and not each byte.
        """
        connect_limit, limit = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        self._connect(request, connect_limit)
        parts = urlsplit(str(request.url))
        body = request.body or b""
        headers: dict[str, str] = {name.lower(): str(value) for name, value in request.headers.items()}
        headers.setdefault("host", parts.netloc)
        data = body if isinstance(body, bytes) else str(body).encode()
        response = self._answer(Request(str(request.method), parts.path, parts.query, headers, data))
        self._wait(request, max(response.delay, response.pace), limit, endless=response.cut == "hang")
        match response.cut:
            case "truncate":
                raise requests.exceptions.ChunkedEncodingError("the emulator cut the answer short", request=request)
            case "garbage" | "reset":
                raise requests.ConnectionError("the emulator broke the connection", request=request)
        raw = HTTPResponse(
            body=io.BufferedReader(EndlessBody(response.size)) if response.cut == "endless" else io.BytesIO(response.body),
            headers=response.headers,
            status=response.status,
            preload_content=False,
            request_method=request.method,
        )
        return self._builder.build_response(request, raw)

    def _connect(self, request: requests.PreparedRequest, limit: float | None) -> None:
        fault = self._connecting()
        if fault is None:
            return
        if fault.kind == "connection_refused":
            raise requests.ConnectionError("the emulator refused the connection", request=request)
        self._wait(request, float(fault.details.get("seconds", 1.0)), limit)

    def _wait(self, request: requests.PreparedRequest, seconds: float, limit: float | None, endless: bool = False) -> None:
        too_slow = endless or (limit is not None and seconds > limit)
        self._elapse(min(seconds, limit) if too_slow and limit is not None else seconds)
        if too_slow:
            raise requests.ReadTimeout("the emulator's answer is slow", request=request)

    def close(self) -> None:
        """Nothing to release."""


def in_process_session(
    answer: Callable[[Request], Response],
    connecting: Callable[[], Fault | None] = lambda: None,
    elapse: Callable[[float], None] | None = None,
) -> requests.Session:
    """A `requests` session whose https calls all go to `answer`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", InProcessAdapter(answer, connecting, elapse))
    return session
