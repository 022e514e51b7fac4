"""Making and removing client secrets in the directory."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.graph.errors import GraphFailure, PolicyRefused
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.policy import Policy
from shared.registration.ports import ClientDirectory
from shared.registration.secrets import DISPLAY_NAME, ClientSecret, in_excess, read_secret
from shared.retry import Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.registration")

# Seconds that clearing away may take of a caller's time; the audit finishes what is left.
_CLEARING = 1.5


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A secret whose text is known. `proven` is False where only its first characters could be compared."""

    secret: ClientSecret
    text: str = field(repr=False)
    proven: bool = True


def issued(credential: JsonObject) -> IssuedSecret:
    """A passwordCredential in the one answer that holds its text."""
    return IssuedSecret(read_secret(credential), credential["secretText"])


class SecretIssuer:
    """Makes secrets that end, and keeps their number down."""

    def __init__(self, configuration: RegistrationConfiguration, directory: ClientDirectory, clock: Clock) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clock = clock

    @property
    def name(self) -> str:
        """The display name of a secret made now."""
        return f"{DISPLAY_NAME} {self._clock.now():%Y-%m-%d}"

    def ends(self, policy: Policy) -> Iterator[datetime]:
        """When a secret made now is to end: as policy or settings say, then the shorter time for tenants that forbid the
        first."""
        lifetime = policy.secret_lifetime or self._configuration.secret_lifetime
        shorter = self._configuration.shorter_secret_lifetime
        now = self._clock.now().replace(microsecond=0)
        yield now + timedelta(seconds=lifetime)
        if shorter is not None and shorter < lifetime:
            yield now + timedelta(seconds=shorter)

    def issue(self, client_id: str, policy: Policy, deadline: Deadline) -> IssuedSecret:
        """Give a client one more secret. Raises a GraphFailure."""
        ends = list(self.ends(policy))
        for end in ends[:-1]:
            try:
                return self._add(client_id, end, deadline)
            except PolicyRefused as refusal:
                if not refusal.lifetime:
                    raise
        return self._add(client_id, ends[-1], deadline)

    def _add(self, client_id: str, end: datetime, deadline: Deadline) -> IssuedSecret:
        return issued(self._directory.add_password(client_id, self.name, end, deadline, await_replication=True))

    def make_room(self, client_id: str, older: tuple[ClientSecret, ...], deadline: Deadline) -> None:
        """Remove those of `older` that are too many beside a new secret. What can't be removed now is left to the audit."""
        clearing = Deadline.after(self._clock, min(_CLEARING, deadline.remaining()))
        for secret in in_excess(older, self._configuration.most_secrets - 1):
            try:
                self._directory.remove_password(client_id, secret.key_id, clearing)
            except GraphFailure as failure:
                logger.warning("a superseded secret of client %s stays for now: %s", client_id, failure)
                return

    def remove(self, client_id: str, secrets: tuple[ClientSecret, ...], deadline: Deadline) -> None:
        """Remove these secrets. Raises a GraphFailure when one of them is left."""
        for secret in secrets:
            self._directory.remove_password(client_id, secret.key_id, deadline)
