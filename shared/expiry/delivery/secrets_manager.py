"""AWS Secrets Manager by boto3, which is imported only when it is used.

docs.aws.amazon.com/secretsmanager/latest/apireference: PutSecretValue. The version id is the directory's key id, so that putting the
same secret again is the same version. The new version gets AWSCURRENT, the one before it keeps AWSPREVIOUS: readers overlap. A
stage of the bridge's own tells which versions it put there.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.expiry.delivery.destination import Address
from shared.expiry.delivery.store import Delivery, DeliveryRefused, DeliveryUnknown, LookupFailed, Stored
from shared.graph.deadline import Deadline

CURRENT = "AWSCURRENT"
OWN_STAGE = "ENTRADCRBRIDGE"
# What AWS answers when it certainly did nothing; see the errors of PutSecretValue and CreateSecret.
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
        "ThrottlingException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredTokenException",
    }
)

type ClientFor = Callable[[str], Any]
"""Gives boto3's secretsmanager client of a region."""


def boto3_client(region: str) -> Any:
    """The client with short timeouts and boto3's own retries; credentials come from where boto3 looks for them."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise DeliveryRefused("boto3 is not installed: add it to the app's requirements") from None
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 4})
    return boto3.client("secretsmanager", region_name=region, config=config)


class SecretsManager:
    """A SecretStore in any region."""

    def __init__(self, client_for: ClientFor = boto3_client) -> None:
        self._client_for = client_for
        self._clients: dict[str, Any] = {}

    def current(self, address: Address, deadline: Deadline) -> Stored | None:  # noqa: ARG002 - boto3 has timeouts of its own
        """The version with AWSCURRENT, if it is one of the bridge's."""
        try:
            secret = self._client(address).describe_secret(SecretId=address.name)
        except Exception as cause:
            if _code(cause) == "ResourceNotFoundException":
                return None
            raise LookupFailed(f"describing {address} failed: {_code(cause)}") from cause
        stages = secret.get("VersionIdsToStages") or {}
        for version, names in stages.items():
            if CURRENT in names and OWN_STAGE in names:
                changed = secret.get("LastChangedDate")
                return Stored(
                    version, changed.astimezone(UTC) if isinstance(changed, datetime) else datetime.min.replace(tzinfo=UTC)
                )
        return None

    def put(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:  # noqa: ARG002
        """Put the new version, and make the secret first where there is none."""
        client = self._client(address)
        try:
            try:
                self._put(client, address, delivery)
            except client.exceptions.ResourceNotFoundException:
                # Made without a value, so that its first version is put like all others.
                client.create_secret(
                    Name=address.name,
                    Description=f"The secret of Entra client {delivery.client_id}, renewed by the registration bridge",
                    Tags=[{"Key": "entra-client-id", "Value": delivery.client_id}],
                )
                self._put(client, address, delivery)
        except Exception as cause:
            code = _code(cause)
            kind = DeliveryRefused if code in NOT_DONE else DeliveryUnknown
            raise kind(f"putting {address} failed: {code}") from cause

    def _put(self, client: Any, address: Address, delivery: Delivery) -> None:
        client.put_secret_value(
            SecretId=address.name,
            ClientRequestToken=delivery.key_id,
            SecretString=delivery.text(address.form),
            VersionStages=[CURRENT, OWN_STAGE],
        )

    def _client(self, address: Address) -> Any:
        if address.place not in self._clients:
            self._clients[address.place] = self._client_for(address.place)
        return self._clients[address.place]


def _code(cause: Exception) -> str:
    """AWS's error code, or the exception's name: its text may hold parts of the request."""
    response = getattr(cause, "response", None)
    if isinstance(response, dict):
        return str((response.get("Error") or {}).get("Code") or type(cause).__name__)
    return type(cause).__name__
