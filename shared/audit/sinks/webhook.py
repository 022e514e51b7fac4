"""Sending to an address of an operator over https, and the webhook for machines: signed batches of findings, then the run.

Signatures are those of Standard Webhooks (standardwebhooks.com, version 1.0): a receiver computes HMAC-SHA256 over
`id.timestamp.body` with the shared key, compares it in constant time, and refuses timestamps that are too old. Ready-made
libraries exist for most languages.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from shared.audit.findings import Finding
from shared.audit.result import AuditRun
from shared.audit.sinks import SinkFailure
from shared.clock import Clock, write_time
from shared.retry import Backoff, Deadline, read_retry_after
from shared.secret import Secret

# Seconds between attempts, for one attempt, and the longest that a receiver may ask to wait.
PAUSES = (1.0, 4.0, 15.0)
TIMEOUT = 10.0
LONGEST_PAUSE = 60.0
KEY_PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
# Chats may answer 200 to what they didn't deliver: "Webhook message delivery failed with error: ... HTTP error 429 ...".
_NAMES_FAILURE = re.compile(r"\b(fail(ed|ure)?|error)\b", re.IGNORECASE)


class Poster:
    """Sends over a session that follows no redirects and trusts the configured certificates, as a DirectorySession does."""

    def __init__(self, session: requests.Session, clock: Clock) -> None:
        self._session = session
        self.clock = clock

    def send(
        self,
        method: str,
        url: Secret,
        body: bytes,
        headers: Mapping[str, str],
        deadline: Deadline,
        *,
        read_answer: bool = False,
    ) -> None:
        """Send until it is taken, again where that may help: after 408, 429, 5xx and lost connections. `read_answer`: a text that
        names a failure is one, whatever the status. Raises SinkFailure, which names the host alone: the path may hold a key."""
        host, backoff = urlsplit(url.reveal()).hostname, Backoff(deadline, PAUSES)
        if urlsplit(url.reveal()).scheme != "https":
            raise SinkFailure(f"{host} is not addressed by https")
        while True:
            problem, wait = self._attempt(method, url.reveal(), body, headers, deadline, read_answer)
            if not problem:
                return
            if wait is None or not backoff.wait(min(wait, LONGEST_PAUSE)):
                raise SinkFailure(f"{host} {problem}")

    def _attempt(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], deadline: Deadline, read_answer: bool
    ) -> tuple[str, float | None]:
        """What went wrong (empty for nothing), and the seconds to wait before another attempt; None where that is in vain."""
        timeout = min(max(deadline.remaining(), 1.0), TIMEOUT)
        try:
            answer = self._session.request(
                method, url, data=body, headers=headers, timeout=(timeout, timeout), allow_redirects=False
            )
        except requests.RequestException as cause:
            return f"gave no answer: {type(cause).__name__}", 0.0
        status = answer.status_code
        if 200 <= status < 300:
            failed = read_answer and _NAMES_FAILURE.search(answer.text)
            return (f"answered {status} with a text that names a failure", 0.0) if failed else ("", None)
        if 300 <= status < 400:
            return f"answered {status}: a redirect isn't followed", None
        wait = read_retry_after(answer.headers.get("Retry-After"), self.clock.now()) or 0.0
        return f"answered {status}", wait if status in {408, 429} or status >= 500 else None


def signing_key(secret: Secret) -> bytes:
    """The key in a secret of the form `whsec_` and base64 of 24 to 64 bytes. Raises ValueError, which doesn't show it."""
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(KEY_PREFIX) or not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"expected {KEY_PREFIX} and {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64")
    return key


def signed_headers(key: bytes, message_id: str, sent: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers that tell a receiver which message this is, when it was sent and that it is genuine."""
    timestamp = str(int(sent.timestamp()))
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }


class Webhook:
    """A Sink. The id of a message is made of what it says, so a batch that is sent again in a repeated run has the same one."""

    name = "webhook"

    def __init__(self, poster: Poster, url: Secret, key: bytes) -> None:
        self._poster = poster
        self._url = url
        self._key = key

    def notify(self, findings: Sequence[Finding], deadline: Deadline) -> None:
        """One message with the batch."""
        self._send("audit.findings", {"findings": [finding.as_json() for finding in findings]}, deadline)

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """One message with the record of the run."""
        self._send("audit.run", run.as_json(), deadline)

    def _send(self, kind: str, data: dict[str, Any], deadline: Deadline) -> None:
        now = self._poster.clock.now()
        content = json.dumps({"type": kind, "data": data}, sort_keys=True).encode()
        body = json.dumps({"type": kind, "timestamp": write_time(now), "data": data}).encode()
        message_id = f"msg_{hashlib.sha256(content).hexdigest()[:32]}"
        headers = {"Content-Type": "application/json", **signed_headers(self._key, message_id, now, body)}
        self._poster.send("POST", self._url, body, headers, deadline)
