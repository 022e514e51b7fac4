"""Posting JSON to an address of an operator: https alone, no redirects, repeated where that may help."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from shared.audit.sinks.sink import SinkFailure
from shared.clock import Clock
from shared.retry import Deadline, read_retry_after
from shared.secret import Secret

PAUSES = (1.0, 4.0, 15.0)
TIMEOUT = 10.0
LONGEST_PAUSE = 60.0


class Poster:
    """Posts over a session that follows no redirects and trusts the configured certificates, as a DirectorySession does."""

    def __init__(self, session: requests.Session, clock: Clock) -> None:
        self._session = session
        self.clock = clock

    def post(self, url: Secret, body: bytes, headers: Mapping[str, str], deadline: Deadline, *, method: str = "POST") -> None:
        """Post, or put, until it is taken. Raises SinkFailure, which names the host alone: the path may hold a key."""
        address = url.reveal()
        host = urlsplit(address).hostname
        if urlsplit(address).scheme != "https":
            raise SinkFailure(f"{host} is not addressed by https")
        problem = ""
        for pause in (*PAUSES, None):
            problem, wait = self._attempt(method, address, body, headers, deadline)
            if not problem:
                return
            if wait is None or pause is None or not deadline.pause(min(max(pause, wait), LONGEST_PAUSE)):
                break
        raise SinkFailure(f"{host} {problem}")

    def _attempt(
        self, method: str, address: str, body: bytes, headers: Mapping[str, str], deadline: Deadline
    ) -> tuple[str, float | None]:
        """What went wrong (empty for nothing), and the seconds to wait before another attempt; None where that is in vain."""
        timeout = min(max(deadline.remaining(), 1.0), TIMEOUT)
        try:
            answer = self._session.request(
                method,
                address,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                timeout=(timeout, timeout),
                allow_redirects=False,
            )
        except requests.RequestException as cause:
            return f"gave no answer: {type(cause).__name__}", 0.0
        if 200 <= answer.status_code < 300:
            return "", None
        if 300 <= answer.status_code < 400:
            return f"answered {answer.status_code}: a redirect isn't followed", None
        wait = read_retry_after(answer.headers.get("Retry-After"), self.clock.now()) or 0.0
        repeatable = answer.status_code in {408, 429} or answer.status_code >= 500
        return f"answered {answer.status_code}", wait if repeatable else None
