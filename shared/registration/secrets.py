"""The secrets of a client: rules over Graph's passwordCredentials, and making and removing them in the directory.

learn.microsoft.com/graph/api/resources/passwordcredential
"""

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.clock import ALWAYS, EPOCH, NEVER, read_time
from shared.graph.errors import OutcomeUnknown, PolicyRefused
from shared.registration.completion import Completion
from shared.registration.configuration import RegistrationContext
from shared.registration.policy import Policy
from shared.retry import Deadline
from shared.secret import repr_without
from shared.strict_json import JsonObject

# The name under which the bridge makes secrets: it removes no others.
DISPLAY_NAME = "dcr"
# Ends the name of a secret that is to be the only one.
ONLY = " only"
# A client has no more secrets than this: rotation is refused then, because Entra's own limit isn't far.
MOST_SECRETS = 20
# Seconds before another secret is made where an answer was lost.
LOST_PAUSE = 0.5


class ClientSecret(NamedTuple):
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

    @property
    def starts_at(self) -> int | None:
        """Microseconds since the epoch: two secrets of one second are told apart. None where Graph names no time."""
        return None if self.starts == ALWAYS else (self.starts - EPOCH) // timedelta(microseconds=1)


class IssuedSecret(NamedTuple):
    """A secret whose text is known. `proven` is False where only its first characters could be compared."""

    secret: ClientSecret
    text: str
    proven: bool = True

    def __repr__(self) -> str:
        return repr_without(self, "text")


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


class SecretIssuer:
    """Makes secrets that end. Each has a name of its own, by which one whose making got no answer can be found."""

    def __init__(self, context: RegistrationContext, completion: Completion) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._memory = context.memory
        self._rules = context.rules
        self._completion = completion

    def make_name(self, *, only: bool = False) -> str:
        """The display name of a secret made now. `only`: the older ones are to go as soon as it is known to have been told."""
        return f"{DISPLAY_NAME} {self._clock.now():%Y-%m-%d} {os.urandom(4).hex()}{ONLY if only else ''}"

    def issue(self, client_id: str, policy: Policy, deadline: Deadline, *, only: bool = False) -> IssuedSecret:
        """Give a client one more secret. Raises a GraphFailure.

        Where an answer is lost another one is made: the lost one reached nobody and is removed behind the answer.
        """

        def add(end: datetime) -> JsonObject:
            while True:
                name = self.make_name(only=only)
                try:
                    return self._directory.add_password(client_id, name, end, deadline, await_replication=True)
                except OutcomeUnknown:
                    self._completion.remove_unseen_secret_later(client_id, name)
                    if not deadline.pause(LOST_PAUSE):
                        raise

        return self.remember(client_id, self.for_a_lifetime(policy, add))

    def remember(self, client_id: str, credential: JsonObject) -> IssuedSecret:
        """A passwordCredential in the one answer that holds its text."""
        secret = read_issued_secret(credential)
        self._memory.note_issued(client_id, secret.text, secret.secret.key_id)
        return secret

    def for_a_lifetime[T](self, policy: Policy, make: Callable[[datetime], T]) -> T:
        """What `make` makes of the first end that the tenant takes: what policy or settings say, as far as the tenant is known to
        allow it, then the shorter time.
        Raises PolicyRefused where it takes none."""
        lifetime = policy.secret_lifetime or self._configuration.secret_lifetime
        if longest := self._rules().longest_secret:
            lifetime = min(lifetime, int(longest.total_seconds()))
        shorter = self._configuration.shorter_secret_lifetime
        now = self._clock.now().replace(microsecond=0)
        try:
            return make(now + timedelta(seconds=lifetime))
        except PolicyRefused as refusal:
            if not refusal.lifetime or shorter is None or shorter >= lifetime:
                raise
        return make(now + timedelta(seconds=shorter))
