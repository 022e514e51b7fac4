"""AWS Secrets Manager by boto3, which is imported only when it is used.

docs.aws.amazon.com/secretsmanager/latest/apireference: PutSecretValue. The version id is the directory's key id, so that putting
the same secret again is the same version. The new version gets AWSCURRENT, the one before it keeps AWSPREVIOUS: readers overlap.
A stage of the bridge's own tells which version it put there last.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.audit.aws_client import Boto3Missing, boto3_client, error_code
from shared.audit.delivery.destinations import Address
from shared.audit.delivery.store import Delivery, DeliveryRefused, DeliveryUnknown, LookupFailed, Stored
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

SERVICE = "secretsmanager"

type ClientFor = Callable[[str, str], Any]
"""Gives boto3's client of a service in a region."""


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
            if error_code(cause) == "ResourceNotFoundException":
                return None
            raise LookupFailed(f"describing {address} failed: {error_code(cause)}") from cause
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
        try:
            client = self._client(address)
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
        except Boto3Missing as cause:
            raise DeliveryRefused(str(cause)) from cause
        except Exception as cause:
            code = error_code(cause)
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
            self._clients[address.place] = self._client_for(SERVICE, address.place)
        return self._clients[address.place]
