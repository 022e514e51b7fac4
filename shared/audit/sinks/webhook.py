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
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.audit.findings import AuditFinding
from shared.audit.result import AuditRun
from shared.audit.sinks import SinkFailure
from shared.clock import Clock, write_time
from shared.retry import Backoff, Deadline, read_retry_after
from shared.secret import Secret

if TYPE_CHECKING:
    import requests

logger = logging.getLogger("bridge.audit")

# Seconds between attempts, for one attempt, and the longest that a receiver may ask to wait.
PAUSES = (1.0, 4.0, 15.0)
TIMEOUT = 10.0
LONGEST_PAUSE = 60.0
KEY_PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
_NAMES_FAILURE = re.compile(r"\b(fail(ed|ure)?|error)\b", re.IGNORECASE)


class HttpsCaller:
    """Calls addresses outside the directory, over a session that follows no redirects and trusts the configured certificates, as
    a DirectorySession does."""

    def __init__(self, session: "requests.Session", clock: Clock) -> None:
        self._session = session
        self.clock = clock

    def call(
        self, method: str, url: str, deadline: Deadline, *, read_answer: bool = False, **request: Any
    ) -> "tuple[requests.Response | None, bool]":
        """The last answer after repeating what may be repeated (408, 429, 5xx, lost connections), None where none came; and
        whether an earlier attempt may have been carried out unseen. `read_answer`: a text that names a failure is one too."""
        # Not at the top: settings are read in every function, and this module checks one of them.
        from requests import RequestException

        backoff, lost = Backoff(deadline, PAUSES), False
        while True:
            timeout = min(max(deadline.remaining(), 1.0), TIMEOUT)
            answer, wait = None, None
            try:
                answer = self._session.request(method, url, timeout=(timeout, timeout), allow_redirects=False, **request)
            except RequestException as cause:
                # The kind alone: the text may hold the address, which may hold a key.
                logger.warning("%s gave no answer: %s", urlsplit(url).hostname, type(cause).__name__)
            if answer is not None:
                passing = answer.status_code in {408, 429} or answer.status_code >= 500
                if not passing and not (read_answer and names_failure(answer)):
                    return answer, lost
                wait = read_retry_after(answer.headers.get("Retry-After"), self.clock.now())
            if not backoff.wait(min(wait or 0, LONGEST_PAUSE)):
                return answer, lost
            lost = lost or answer is None or answer.status_code >= 500

    def send(
        self, method: str, url: Secret, body: bytes, headers: Mapping[str, str], deadline: Deadline, *, read_answer: bool = False
    ) -> None:
        """Send until it is taken. Raises SinkFailure, which names the host alone: the path may hold a key."""
        host = urlsplit(url.reveal()).hostname
        if urlsplit(url.reveal()).scheme != "https":
            raise SinkFailure(f"{host} is not addressed by https")
        answer, _ = self.call(method, url.reveal(), deadline, read_answer=read_answer, data=body, headers=headers)
        if answer is None:
            raise SinkFailure(f"{host} gave no answer")
        if 300 <= answer.status_code < 400:
            raise SinkFailure(f"{host} answered {answer.status_code}: a redirect isn't followed")
        if not 200 <= answer.status_code < 300:
            raise SinkFailure(f"{host} answered {answer.status_code}")
        if read_answer and names_failure(answer):
            raise SinkFailure(f"{host} answered {answer.status_code} with a text that names a failure")


def names_failure(answer: "requests.Response") -> bool:
    """Whether the text of an answer says that it failed: chats may answer 200 to what they didn't deliver, as Teams does with
    "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"."""
    return _NAMES_FAILURE.search(answer.text) is not None


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
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": "v1," + base64.b64encode(mac).decode()}


class Webhook:
    """A Sink. The id of a message is made of what it says, so a batch that is sent again in a repeated run has the same one."""

    name = "webhook"

    def __init__(self, caller: HttpsCaller, url: Secret, key: bytes) -> None:
        self._caller = caller
        self._url = url
        self._key = key

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:
        """One message with the batch."""
        self._send("audit.findings", {"findings": [finding.as_json() for finding in findings]}, deadline)

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """One message with the record of the run."""
        self._send("audit.run", run.as_json(), deadline)

    def _send(self, kind: str, data: dict[str, Any], deadline: Deadline) -> None:
        now = self._caller.clock.now()
        content = json.dumps({"type": kind, "data": data}, sort_keys=True).encode()
        body = json.dumps({"type": kind, "timestamp": write_time(now), "data": data}).encode()
        message_id = f"msg_{hashlib.sha256(content).hexdigest()[:32]}"
        headers = {"Content-Type": "application/json", **signed_headers(self._key, message_id, now, body)}
        self._caller.send("POST", self._url, body, headers, deadline)
