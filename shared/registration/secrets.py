"""The secrets of a client: rules over Graph's passwordCredentials, and making and removing them in the directory.

learn.microsoft.com/graph/api/resources/passwordcredential
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import ALWAYS, NEVER, read_time
from shared.graph.errors import GraphFailure, PolicyRefused
from shared.registration.configuration import RegistrationContext
from shared.registration.policy import Policy
from shared.retry import Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

# The name under which the bridge makes secrets: it removes no others.
DISPLAY_NAME = "dcr"
# Seconds that clearing away may take of a caller's time; the audit finishes what is left.
_CLEARING = 1.5


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
        """`client_secret_expires_at` (RFC 7591 section 3.2.1): whole seconds, never later than the real end; 0 for none."""
        return 0 if self.ends == NEVER else int(self.ends.timestamp())


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A secret whose text is known. `proven` is False where only its first characters could be compared."""

    secret: ClientSecret
    text: str = field(repr=False)
    proven: bool = True


def read_secret(credential: JsonObject) -> ClientSecret:
    """One of Graph's passwordCredentials. Both of its times may be null."""
    return ClientSecret(
        key_id=credential["keyId"],
        starts=read_time(credential.get("startDateTime")) or ALWAYS,
        ends=read_time(credential.get("endDateTime")) or NEVER,
        hint=credential.get("hint") or "",
        own=str(credential.get("displayName")).startswith(DISPLAY_NAME),
    )


def read_issued_secret(credential: JsonObject) -> IssuedSecret:
    """A passwordCredential in the one answer that holds its text."""
    return IssuedSecret(read_secret(credential), credential["secretText"])


def read_secrets(application: JsonObject) -> tuple[ClientSecret, ...]:
    """All secrets of an application, the newest first."""
    secrets = (read_secret(credential) for credential in application.get("passwordCredentials") or [])
    return tuple(sorted(secrets, key=lambda secret: secret.starts, reverse=True))


def match_secret(secrets: Iterable[ClientSecret], text: str) -> ClientSecret | None:
    """The newest secret that `text` may be, judged by the hint: all that Entra tells about a secret."""
    return next((secret for secret in secrets if secret.hint and text.startswith(secret.hint)), None)


def find_secret(secrets: Iterable[ClientSecret], key_id: str) -> ClientSecret | None:
    """The secret of that key id, if it is still there."""
    return next((secret for secret in secrets if secret.key_id == key_id), None)


def excess_secrets(secrets: Iterable[ClientSecret], most: int) -> tuple[ClientSecret, ...]:
    """The oldest of the bridge's own secrets beyond the newest `most`: a rotation never runs into the directory's limit."""
    newest_first = sorted((secret for secret in secrets if secret.own), key=lambda secret: secret.starts, reverse=True)
    return tuple(newest_first[most:])


class SecretIssuer:
    """Makes secrets that end, and keeps their number down."""

    def __init__(self, context: RegistrationContext) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock

    @property
    def name(self) -> str:
        """The display name of a secret made now."""
        return f"{DISPLAY_NAME} {self._clock.now():%Y-%m-%d}"

    def issue(self, client_id: str, policy: Policy, deadline: Deadline) -> IssuedSecret:
        """Give a client one more secret. Raises a GraphFailure."""

        def add(end: datetime) -> JsonObject:
            return self._directory.add_password(client_id, self.name, end, deadline, await_replication=True)

        return read_issued_secret(self.for_a_lifetime(policy, add))

    def for_a_lifetime[T](self, policy: Policy, make: Callable[[datetime], T]) -> T:
        """What `make` makes of the first end that the tenant's policy takes: what policy or settings say, then the shorter time.
        Raises PolicyRefused where it takes none."""
        lifetime = policy.secret_lifetime or self._configuration.secret_lifetime
        shorter = self._configuration.shorter_secret_lifetime
        now = self._clock.now().replace(microsecond=0)
        try:
            return make(now + timedelta(seconds=lifetime))
        except PolicyRefused as refusal:
            if not refusal.lifetime or shorter is None or shorter >= lifetime:
                raise
        return make(now + timedelta(seconds=shorter))

    def make_room(self, client_id: str, older: tuple[ClientSecret, ...], deadline: Deadline) -> None:
        """Remove those of `older` that are too many beside a new secret. What can't be removed now is left to the audit."""
        clearing = Deadline.after(self._clock, min(_CLEARING, deadline.remaining()))
        for secret in excess_secrets(older, self._configuration.most_secrets - 1):
            try:
                self._directory.remove_password(client_id, secret.key_id, clearing)
            except GraphFailure as failure:
                logger.warning("a superseded secret of client %s stays for now: %s", client_id, failure)
                return

    def remove(self, client_id: str, secrets: tuple[ClientSecret, ...], deadline: Deadline) -> None:
        """Remove these secrets. Raises a GraphFailure when one of them is left."""
        for secret in secrets:
            self._directory.remove_password(client_id, secret.key_id, deadline)
