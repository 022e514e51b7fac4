"""What the audit does in AWS, by boto3: an optional package, imported only when something of AWS is used.

Secrets Manager (docs.aws.amazon.com/secretsmanager/latest/apireference: PutSecretValue): the version id is the directory's key
id, so that putting the same secret again is the same version. The new version gets AWSCURRENT, the one before it keeps
AWSPREVIOUS: readers overlap. A stage of the bridge's own tells which version it put there last.

SNS (PublishBatch) and EventBridge (PutEvents) take ten entries a call and answer for each entry.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from shared.audit.delivery import Address, Delivery, DeliveryRefused, DeliveryUnknown, LookupFailed, Stored
from shared.audit.findings import AuditFinding
from shared.audit.result import AuditRun
from shared.audit.sinks import SinkFailure
from shared.clock import ALWAYS
from shared.retry import Deadline

CURRENT = "AWSCURRENT"
OWN_STAGE = "ENTRADCRBRIDGE"
# What AWS answers when it certainly did nothing; see the errors of PutSecretValue and CreateSecret. Throttling isn't among them,
# since boto3 repeats by itself: an attempt before the one that was throttled may have been carried out.
NOT_DONE = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "InvalidParameterException",
        "InvalidRequestException",
        "LimitExceededException",
        "MalformedPolicyDocumentException",
        "PreconditionNotMetException",
        "ResourceExistsException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredTokenException",
    }
)
ENTRIES = 10
SOURCE = "entra-dcr-bridge.audit"
_ARN = re.compile(r"arn:aws[a-z-]*:(sns|events):([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_./-]+")

type ClientFor = Callable[[str, str], Any]
"""Gives boto3's client of a service in a region."""


class Boto3Missing(Exception):
    """boto3 is not installed."""


def boto3_client(service: str, region: str) -> Any:
    """The client of a service in a region, with short timeouts and boto3's own retries; credentials come from where boto3 looks
    for them. Raises Boto3Missing."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise Boto3Missing("boto3 is not installed: add it to the app's requirements") from None
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 4})
    make: Any = boto3.client
    return make(service, region_name=region, config=config)


def error_code(cause: Exception) -> str:
    """AWS's error code, or the exception's name: its text may hold parts of the request."""
    response = getattr(cause, "response", None)
    code = (response.get("Error") or {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(cause).__name__)


def region_of(arn: str, service: str) -> str:
    """The region in an ARN of a topic (service sns) or an event bus (events). Raises ValueError."""
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != service:
        raise ValueError(f"expected an ARN that begins with arn:aws:{service}:REGION:ACCOUNT:")
    return match[2]


class SecretsManager:
    """A SecretStore in any region. boto3 has timeouts of its own."""

    def __init__(self, client_for: ClientFor = boto3_client) -> None:
        self._client_for = client_for
        self._clients: dict[str, Any] = {}

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:  # noqa: ARG002
        """The version with AWSCURRENT, if it is one of the bridge's."""
        try:
            secret = self._client(address).describe_secret(SecretId=address.name)
        except Exception as cause:
            if error_code(cause) == "ResourceNotFoundException":
                return None
            raise LookupFailed(f"describing {address} failed: {error_code(cause)}") from cause
        changed = secret.get("LastChangedDate")
        since = changed.astimezone(UTC) if isinstance(changed, datetime) else ALWAYS
        stages = secret.get("VersionIdsToStages") or {}
        return next((Stored(version, since) for version, names in stages.items() if {CURRENT, OWN_STAGE} <= set(names)), None)

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:  # noqa: ARG002
        """Put the new version, and make the secret first where there is none."""
        try:
            client = self._client(address)
            try:
                self._put_version(client, address, delivery)
            except client.exceptions.ResourceNotFoundException:
                # Made without a value, so that its first version is put like all others.
                client.create_secret(
                    Name=address.name,
                    Description=f"The secret of Entra client {delivery.client_id}, renewed by the registration bridge",
                    Tags=[{"Key": "entra-client-id", "Value": delivery.client_id}],
                )
                self._put_version(client, address, delivery)
        except Boto3Missing as cause:
            raise DeliveryRefused(str(cause)) from cause
        except Exception as cause:
            code = error_code(cause)
            failure = DeliveryRefused if code in NOT_DONE else DeliveryUnknown
            raise failure(f"putting {address} failed: {code}") from cause

    def _put_version(self, client: Any, address: Address, delivery: Delivery) -> None:
        client.put_secret_value(
            SecretId=address.name,
            ClientRequestToken=delivery.key_id,
            SecretString=delivery.text(address.form),
            VersionStages=[CURRENT, OWN_STAGE],
        )

    def _client(self, address: Address) -> Any:
        if address.place not in self._clients:
            self._clients[address.place] = self._client_for("secretsmanager", address.place)
        return self._clients[address.place]


class _AwsSink:
    """What both sinks have in common: a service in the region of an ARN. boto3 has timeouts of its own."""

    service: str

    def __init__(self, arn: str, client_for: ClientFor = boto3_client) -> None:
        self._arn = arn
        self._region = region_of(arn, self.service)
        self._client_for = client_for

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client_for(self.service, self._region), operation)(**parameters)
        except Boto3Missing as cause:
            raise SinkFailure(str(cause)) from cause
        except Exception as cause:
            raise SinkFailure(f"{operation} failed: {error_code(cause)}") from cause
        return answer


class SnsTopic(_AwsSink):
    """A Sink, one message a finding: subscribers filter by the attributes severity, kind and policy."""

    name = "sns"
    service = "sns"

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:  # noqa: ARG002
        """Publish them, ten a call."""
        for batch in batched(findings, ENTRIES, strict=False):
            entries = [self._entry(number, finding) for number, finding in enumerate(batch)]
            failed = self._call("publish_batch", TopicArn=self._arn, PublishBatchRequestEntries=entries).get("Failed")
            if failed:
                codes = ", ".join(sorted({str(entry.get("Code")) for entry in failed}))
                raise SinkFailure(f"sns took {len(batch) - len(failed)} of {len(batch)} messages: {codes}")

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """Nothing: topics reach people, who are notified of findings alone."""

    def _entry(self, number: int, finding: AuditFinding) -> dict[str, Any]:
        attributes = {"severity": finding.severity.label, "kind": finding.kind.value, "policy": finding.policy}
        entry: dict[str, Any] = {
            "Id": str(number),
            "Subject": f"Entra client secrets: {finding.kind.value.replace('_', ' ')} ({finding.severity.label})"[:100],
            "Message": json.dumps(finding.as_json(), indent=1),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
            },
        }
        if self._arn.endswith(".fifo"):
            entry["MessageGroupId"] = finding.client_id or "audit"
            entry["MessageDeduplicationId"] = hashlib.sha256(finding.id.encode()).hexdigest()
        return entry


class EventBus(_AwsSink):
    """A Sink, one event a finding and one for the run: rules match on the detail's members."""

    name = "event_bridge"
    service = "events"

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:  # noqa: ARG002
        """Put them, ten a call."""
        for batch in batched(findings, ENTRIES, strict=False):
            self._put([self._entry("Client Finding", finding.as_json()) for finding in batch])

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:  # noqa: ARG002
        """Put the record of the run."""
        self._put([self._entry("Audit Run", run.as_json())])

    def _put(self, entries: list[dict[str, Any]]) -> None:
        """Put all of them; what the bus doesn't take is put once more."""
        for _ in range(2):
            results = self._call("put_events", Entries=entries).get("Entries") or []
            entries = [entry for entry, result in zip(entries, results, strict=False) if result.get("ErrorCode")]
            if not entries:
                return
        raise SinkFailure(f"event_bridge didn't take {len(entries)} events")

    def _entry(self, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
        return {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": self._arn}
