"""Delivering to AWS Secrets Manager, on moto."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from shared.audit.aws import OWN_STAGE, SecretsManager
from shared.audit.delivery import Address, Delivery, DeliveryRefused, DeliveryUnknown, LookupFailed, SecretForm, Stored, StoreKind
from shared.clock import ALWAYS
from shared.retry import Deadline
from shared.secret import Secret
from tests.functional.audit.test_key_vault import CLIENT, END, QuickClock

REGION = "eu-west-1"
DEADLINE = Deadline.after(QuickClock(), 60)
ADDRESS = Address(StoreKind.SECRETS_MANAGER, REGION, f"mule/{CLIENT}", SecretForm.JSON)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield boto3.client("secretsmanager", region_name=REGION)


def delivery(text: str = "s3cret~value") -> Delivery:
    return Delivery(CLIENT, str(uuid.uuid4()), Secret(text), END)


class Failing:
    """A client of which one operation raises."""

    def __init__(self, client: Any, operation: str, error: Exception) -> None:
        self._client, self._operation, self._error = client, operation, error

    def __getattr__(self, name: str) -> Any:
        if name != self._operation:
            return getattr(self._client, name)

        def fail(**_: object) -> None:
            raise self._error

        return fail


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutSecretValue")


def test_the_first_delivery_makes_the_secret_and_tags_it(aws: Any) -> None:
    new = delivery()
    SecretsManager().put_secret(ADDRESS, new, DEADLINE)
    assert json.loads(aws.get_secret_value(SecretId=ADDRESS.name)["SecretString"]) == {
        "client_id": CLIENT,
        "client_secret": "s3cret~value",
        "expires_at": int(END.timestamp()),
    }
    assert {"Key": "entra-client-id", "Value": CLIENT} in aws.describe_secret(SecretId=ADDRESS.name)["Tags"]


def test_readers_of_the_version_before_overlap_with_those_of_the_new_one(aws: Any) -> None:
    store = SecretsManager()
    old, new = delivery("old"), delivery("new")
    store.put_secret(ADDRESS, old, DEADLINE)
    store.put_secret(ADDRESS, new, DEADLINE)
    current = aws.get_secret_value(SecretId=ADDRESS.name, VersionStage="AWSCURRENT")
    previous = aws.get_secret_value(SecretId=ADDRESS.name, VersionStage="AWSPREVIOUS")
    assert (current["VersionId"], previous["VersionId"]) == (new.key_id, old.key_id)
    assert json.loads(previous["SecretString"])["client_secret"] == "old"


def test_knows_by_the_key_id_which_secret_is_handed_out(aws: Any) -> None:
    store = SecretsManager()
    assert store.read_current(ADDRESS, DEADLINE) is None
    store.put_secret(ADDRESS, delivery(), DEADLINE)
    new = delivery()
    store.put_secret(ADDRESS, new, DEADLINE)
    stored = store.read_current(ADDRESS, DEADLINE)
    assert stored is not None
    assert stored.key_id == new.key_id
    assert abs((datetime.now(UTC) - stored.since).total_seconds()) < 3600


def test_a_secret_without_a_date_counts_as_an_old_one() -> None:
    class Dateless:
        def describe_secret(self, **_: object) -> dict[str, object]:
            return {"VersionIdsToStages": {"k1": ["AWSCURRENT", OWN_STAGE], "k0": ["AWSPREVIOUS", OWN_STAGE]}}

    stored = SecretsManager(lambda *_: Dateless()).read_current(ADDRESS, DEADLINE)
    assert stored == Stored("k1", ALWAYS)


def test_a_secret_that_somebody_else_put_there_since_is_none_of_the_bridges(aws: Any) -> None:
    store = SecretsManager()
    store.put_secret(ADDRESS, delivery(), DEADLINE)
    aws.put_secret_value(SecretId=ADDRESS.name, SecretString="by hand")
    assert store.read_current(ADDRESS, DEADLINE) is None


def test_the_same_delivery_again_is_the_same_version(aws: Any) -> None:
    store = SecretsManager()
    new = delivery()
    store.put_secret(ADDRESS, new, DEADLINE)
    store.put_secret(ADDRESS, new, DEADLINE)
    assert len(aws.describe_secret(SecretId=ADDRESS.name)["VersionIdsToStages"]) == 1


def test_the_plain_form_is_the_secret_alone(aws: Any) -> None:
    address = Address(StoreKind.SECRETS_MANAGER, REGION, "plain", SecretForm.PLAIN)
    SecretsManager().put_secret(address, delivery(), DEADLINE)
    assert aws.get_secret_value(SecretId="plain")["SecretString"] == "s3cret~value"


# docs.aws.amazon.com/secretsmanager/latest/apireference: the errors of PutSecretValue and CreateSecret, and of the credentials.
@pytest.mark.parametrize(
    "code",
    [
        *("AccessDeniedException", "DecryptionFailure", "EncryptionFailure", "InvalidParameterException"),
        *("InvalidRequestException", "LimitExceededException", "MalformedPolicyDocumentException"),
        *("PreconditionNotMetException", "ResourceExistsException", "UnrecognizedClientException"),
        *("InvalidClientTokenId", "ExpiredTokenException"),
    ],
)
def test_a_refusal_of_aws_means_that_nothing_was_stored(aws: Any, code: str) -> None:
    store = SecretsManager(lambda *_: Failing(aws, "put_secret_value", refusal(code)))
    with pytest.raises(DeliveryRefused, match=code):
        store.put_secret(ADDRESS, delivery(), DEADLINE)


@pytest.mark.parametrize(
    "error",
    [refusal("InternalServiceError"), refusal("ThrottlingException"), ReadTimeoutError(endpoint_url="https://aws.example")],
)
def test_an_answer_that_got_lost_means_that_nobody_knows(aws: Any, error: Exception) -> None:
    store = SecretsManager(lambda *_: Failing(aws, "put_secret_value", error))
    with pytest.raises(DeliveryUnknown):
        store.put_secret(ADDRESS, delivery(), DEADLINE)


def test_a_failing_description_is_a_failed_lookup(aws: Any) -> None:
    store = SecretsManager(lambda *_: Failing(aws, "describe_secret", refusal("AccessDeniedException")))
    with pytest.raises(LookupFailed, match="AccessDenied"):
        store.read_current(ADDRESS, DEADLINE)


def test_without_boto3_a_delivery_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(DeliveryRefused, match="boto3"):
        SecretsManager().put_secret(ADDRESS, delivery(), DEADLINE)


def test_boto3_is_not_imported_before_it_is_used() -> None:
    code = "import sys, shared.audit.build, shared.audit.aws; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
