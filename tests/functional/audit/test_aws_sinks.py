"""Amazon SNS and EventBridge, on moto."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.audit.aws import EventBus, SnsTopic, region_of
from shared.audit.findings import Severity
from shared.audit.sinks import SinkFailure
from shared.retry import Deadline
from tests.functional.audit.test_key_vault import QuickClock
from tests.functional.audit.test_webhook import finding, run

REGION = "eu-central-1"
DEADLINE = Deadline.after(QuickClock(), 60)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


def queue(name: str = "findings") -> tuple[Any, str, str]:
    sqs: Any = boto3.client("sqs", region_name=REGION)
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return sqs, url, arn


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def topic(name: str = "alerts", **subscription: Any) -> tuple[str, Any, str]:
    sns: Any = boto3.client("sns", region_name=REGION)
    fifo = name.endswith(".fifo")
    arn = sns.create_topic(Name=name, Attributes={"FifoTopic": "true"} if fifo else {})["TopicArn"]
    sqs, url, queue_arn = queue("findings.fifo" if fifo else "findings")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true", **subscription})
    return arn, sqs, url


def test_each_finding_is_a_message_of_the_topic(aws: None) -> None:
    arn, sqs, url = topic()
    SnsTopic(arn).notify([finding(f"client {number}", number=number) for number in range(23)], DEADLINE)
    names = {message["client_name"] for message in received(sqs, url)}
    assert names == {f"client {number}" for number in range(23)}


def test_subscribers_can_filter_by_severity(aws: None) -> None:
    arn, sqs, url = topic(FilterPolicy=json.dumps({"severity": ["critical"]}))
    SnsTopic(arn).notify([finding("calm", Severity.LOW), finding("urgent", Severity.CRITICAL)], DEADLINE)
    assert [message["client_name"] for message in received(sqs, url)] == ["urgent"]


def test_a_fifo_topic_drops_what_is_sent_twice(aws: None) -> None:
    sns: Any = boto3.client("sns", region_name=REGION)
    arn = sns.create_topic(Name="alerts.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    entry = SnsTopic(arn)._entry(0, finding())
    again = SnsTopic(arn)._entry(1, finding())
    assert entry["MessageDeduplicationId"] == again["MessageDeduplicationId"]
    assert entry["MessageGroupId"] == finding().client_id
    SnsTopic(arn).notify([finding()], DEADLINE)


def test_a_topic_that_is_gone_is_a_failure(aws: None) -> None:
    with pytest.raises(SinkFailure, match="NotFound"):
        SnsTopic(f"arn:aws:sns:{REGION}:123456789012:nowhere").notify([finding()], DEADLINE)


def test_messages_that_sns_does_not_take_are_a_failure() -> None:
    class Partial:
        def publish_batch(self, **_: object) -> dict[str, Any]:
            return {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}

    with pytest.raises(SinkFailure, match="InternalError"):
        SnsTopic(f"arn:aws:sns:{REGION}:123456789012:x", lambda *_: Partial()).notify([finding()], DEADLINE)


def test_findings_and_the_run_are_events_that_rules_can_match(aws: None) -> None:
    events: Any = boto3.client("events", region_name=REGION)
    bus = events.create_event_bus(Name="alerts")["EventBusArn"]
    sqs, url, queue_arn = queue()
    pattern = {"source": ["entra-dcr-bridge.audit"], "detail-type": ["Client Finding"], "detail": {"severity": ["high"]}}
    events.put_rule(Name="high", EventBusName="alerts", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="high", EventBusName="alerts", Targets=[{"Id": "queue", "Arn": queue_arn}])
    sink = EventBus(bus)
    sink.notify([finding("a"), finding("b", Severity.LOW), *(finding(f"c{number}") for number in range(12))], DEADLINE)
    sink.report_run(run(), DEADLINE)
    details = [message["detail"] for message in received(sqs, url)]
    assert {detail["client_name"] for detail in details} == {"a", *(f"c{number}" for number in range(12))}


def test_an_event_that_was_not_taken_is_put_again_alone() -> None:
    calls: list[list[str]] = []

    class Flaky:
        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            calls.append([json.loads(entry["Detail"])["client_name"] for entry in Entries])
            first = len(calls) == 1
            results = [{"ErrorCode": "ThrottlingException"} if first and number == 1 else {} for number in range(len(Entries))]
            return {"FailedEntryCount": int(first), "Entries": results}

    sink = EventBus(f"arn:aws:events:{REGION}:123456789012:event-bus/default", lambda *_: Flaky())
    sink.notify([finding("a"), finding("b"), finding("c")], DEADLINE)
    assert calls == [["a", "b", "c"], ["b"]]


@pytest.mark.parametrize(
    "arn",
    ["", "alerts", "arn:aws:sqs:eu-west-1:123456789012:x", "arn:aws:sns::123456789012:x", "arn:aws:sns:eu-west-1:12:x"],
)
def test_an_address_that_is_no_arn_of_a_topic_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="arn:aws:sns"):
        region_of(arn, "sns")


def test_arns_of_other_partitions_are_understood() -> None:
    assert region_of("arn:aws-us-gov:sns:us-gov-west-1:123456789012:x", "sns") == "us-gov-west-1"
    assert region_of("arn:aws-cn:events:cn-north-1:123456789012:event-bus/x", "events") == "cn-north-1"
