"""Amazon SNS and EventBridge, by boto3, which is imported only when it is used. One message or event for each finding.

docs.aws.amazon.com: SNS PublishBatch and EventBridge PutEvents take ten entries a call and answer for each entry.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Any

from shared.audit.aws_client import Boto3Missing, boto3_client, error_code
from shared.audit.findings import Finding
from shared.audit.result import AuditRun
from shared.audit.sinks.sink import SinkFailure
from shared.retry import Deadline

ENTRIES = 10
SOURCE = "entra-dcr-bridge.audit"
DETAIL_TYPE = "Client Finding"
RUN_TYPE = "Audit Run"
_ARN = re.compile(r"arn:aws[a-z-]*:(sns|events):([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_./-]+")

type ClientFor = Callable[[str, str], Any]
"""Gives boto3's client of a service in a region."""


def region_of(arn: str, service: str) -> str:
    """The region in an ARN of a topic (service sns) or an event bus (events). Raises ValueError."""
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != service:
        raise ValueError(f"expected an ARN that begins with arn:aws:{service}:REGION:ACCOUNT:")
    return match[2]


class SnsTopic:
    """A Sink: subscribers filter by the attributes severity, kind and policy. `client_for` gives the boto3 client."""

    name = "sns"

    def __init__(self, topic: str, client_for: ClientFor = boto3_client) -> None:
        self._topic = topic
        self._region = region_of(topic, "sns")
        self._client_for = client_for

    def tell(self, findings: Sequence[Finding], deadline: Deadline) -> None:  # noqa: ARG002 - boto3 has timeouts of its own
        """Publish them, ten a call."""
        for batch in batched(findings, ENTRIES, strict=False):
            entries = [self._entry(number, finding) for number, finding in enumerate(batch)]
            answer = _call(self._client, "publish_batch", TopicArn=self._topic, PublishBatchRequestEntries=entries)
            if answer.get("Failed"):
                codes = sorted({str(failed.get("Code")) for failed in answer["Failed"]})
                raise SinkFailure(f"sns took {len(batch) - len(answer['Failed'])} of {len(batch)} messages: {', '.join(codes)}")

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:
        """Nothing: topics reach people, who are told of findings alone."""

    def _client(self) -> Any:
        return self._client_for("sns", self._region)

    def _entry(self, number: int, finding: Finding) -> dict[str, Any]:
        attributes = {"severity": finding.severity.label, "kind": finding.kind.value, "policy": finding.policy}
        entry: dict[str, Any] = {
            "Id": str(number),
            "Subject": f"Entra client secrets: {finding.kind.value.replace('_', ' ')} ({finding.severity.label})"[:100],
            "Message": json.dumps(finding.as_json(), indent=1),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
            },
        }
        if self._topic.endswith(".fifo"):
            entry["MessageGroupId"] = finding.client_id or "audit"
            entry["MessageDeduplicationId"] = hashlib.sha256(finding.id.encode()).hexdigest()
        return entry


class EventBus:
    """A Sink: rules match on the detail's members. `bus` is the ARN of the event bus."""

    name = "event_bridge"

    def __init__(self, bus: str, client_for: ClientFor = boto3_client) -> None:
        self._bus = bus
        self._region = region_of(bus, "events")
        self._client_for = client_for

    def tell(self, findings: Sequence[Finding], deadline: Deadline) -> None:  # noqa: ARG002
        """Put them, ten a call."""
        for batch in batched(findings, ENTRIES, strict=False):
            self._put([self._entry(DETAIL_TYPE, finding.as_json()) for finding in batch])

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:  # noqa: ARG002
        """Put the record of the run."""
        self._put([self._entry(RUN_TYPE, run.as_json())])

    def _client(self) -> Any:
        return self._client_for("events", self._region)

    def _put(self, entries: list[dict[str, Any]]) -> None:
        for _ in range(2):
            answer = _call(self._client, "put_events", Entries=entries)
            results = answer.get("Entries") or []
            entries = [entry for entry, result in zip(entries, results, strict=False) if result.get("ErrorCode")]
            if not entries:
                return
        raise SinkFailure(f"event_bridge didn't take {len(entries)} events")

    def _entry(self, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
        return {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": self._bus}


def _call(client: Callable[[], Any], operation: str, **parameters: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client(), operation)(**parameters)
    except Boto3Missing as cause:
        raise SinkFailure(str(cause)) from cause
    except Exception as cause:
        raise SinkFailure(f"{operation} failed: {error_code(cause)}") from cause
    return answer
