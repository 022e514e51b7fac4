"""Calls the emulator from the same process, without a socket: an adapter for `requests`."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from emulator.message import Request, Response


class InProcessAdapter(BaseAdapter):
    """Answers prepared requests with `answer`; cuts become the exceptions that a broken connection gives."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        super().__init__()
        self._answer = answer
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        """The answer to one request; TLS settings and proxies play no part.

        A delay longer than the timeout is a timeout at once; a shorter one is not waited for.
        """
        parts = urlsplit(str(request.url))
        body = request.body or b""
        headers: dict[str, str] = {name.lower(): str(value) for name, value in request.headers.items()}
        headers.setdefault("host", parts.netloc)
        data = body if isinstance(body, bytes) else str(body).encode()
        response = self._answer(Request(str(request.method), parts.path, parts.query, headers, data))
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if limit is not None and response.delay > limit:
            raise requests.ReadTimeout("the emulator's answer is slow", request=request)
        if response.cut == "truncate":
            raise requests.exceptions.ChunkedEncodingError("the emulator cut the answer short", request=request)
        if response.cut:
            raise requests.ConnectionError("the emulator broke the connection", request=request)
        raw = HTTPResponse(
            body=io.BytesIO(response.body),
            headers=response.headers,
            status=response.status,
            preload_content=False,
            request_method=request.method,
        )
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        """Nothing to release."""


def in_process_session(answer: Callable[[Request], Response]) -> requests.Session:
    """A `requests` session whose https calls all go to `answer`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", InProcessAdapter(answer))
    return session
