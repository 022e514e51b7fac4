"""A webhook for machines: signed batches of findings, then the record of the run (standardwebhooks.com)."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from shared.audit.findings import Finding
from shared.audit.result import AuditRun
from shared.audit.sinks.posting import Poster
from shared.audit.sinks.signature import signed_headers
from shared.clock import write_time
from shared.retry import Deadline
from shared.secret import Secret


class Webhook:
    """A Sink. The id of a message is made of what it says, so a batch that is sent again in a repeated run has the same one."""

    name = "webhook"

    def __init__(self, poster: Poster, url: Secret, key: bytes) -> None:
        self._poster = poster
        self._url = url
        self._key = key

    def tell(self, findings: Sequence[Finding], deadline: Deadline) -> None:
        """One message with the batch."""
        self._send("audit.findings", {"findings": [finding.as_json() for finding in findings]}, deadline)

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:
        """One message with the record of the run."""
        self._send("audit.run", run.as_json(), deadline)

    def _send(self, kind: str, data: dict[str, Any], deadline: Deadline) -> None:
        now = self._poster.clock.now()
        said = json.dumps({"type": kind, "data": data}, sort_keys=True).encode()
        body = json.dumps({"type": kind, "timestamp": write_time(now), "data": data}).encode()
        message_id = f"msg_{hashlib.sha256(said).hexdigest()[:32]}"
        self._poster.post(self._url, body, signed_headers(self._key, message_id, now, body), deadline)
