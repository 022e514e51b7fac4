"""The secrets of a client, as rules over Graph's passwordCredentials: which is which, and which are too many.

learn.microsoft.com/graph/api/resources/passwordcredential
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clock import ALWAYS, NEVER, read_time

# The name under which the bridge makes secrets: it removes no others.
DISPLAY_NAME = "dcr"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret as the directory shows it: without its text, of which `hint` is the first three characters."""

    key_id: str
    starts: datetime
    ends: datetime
    hint: str = ""
    own: bool = True

    @property
    def expires_at(self) -> int:
        """`client_secret_expires_at` (RFC 7591 section 3.2.1): whole seconds, never later than the real end."""
        return int(self.ends.timestamp())


def read_secret(credential: dict[str, Any]) -> ClientSecret:
    """One of Graph's passwordCredentials."""
    return ClientSecret(
        key_id=credential["keyId"],
        starts=read_time(credential.get("startDateTime")) or ALWAYS,
        ends=read_time(credential.get("endDateTime")) or NEVER,
        hint=credential.get("hint") or "",
        own=str(credential.get("displayName")).startswith(DISPLAY_NAME),
    )


def read_secrets(application: dict[str, Any]) -> tuple[ClientSecret, ...]:
    """All secrets of an application, the newest first."""
    secrets = (read_secret(credential) for credential in application.get("passwordCredentials") or [])
    return tuple(sorted(secrets, key=lambda secret: secret.starts, reverse=True))


def matching(secrets: Iterable[ClientSecret], text: str) -> ClientSecret | None:
    """The newest secret that `text` may be, judged by the hint: all that Entra tells about a secret."""
    return next((secret for secret in secrets if secret.hint and text.startswith(secret.hint)), None)


def find(secrets: Iterable[ClientSecret], key_id: str) -> ClientSecret | None:
    """The secret of that key id, if it is still there."""
    return next((secret for secret in secrets if secret.key_id == key_id), None)


def in_excess(secrets: Iterable[ClientSecret], most: int) -> tuple[ClientSecret, ...]:
    """The oldest of the bridge's own secrets beyond the newest `most`: a rotation never runs into the directory's limit."""
    newest_first = sorted((secret for secret in secrets if secret.own), key=lambda secret: secret.starts, reverse=True)
    return tuple(newest_first[most:])
