"""The bridge's own clients, found in the directory for a caller who has a right to them."""

import re
from dataclasses import dataclass

from shared.clock import Clock
from shared.errors import InsufficientScope, InvalidToken, NotFound
from shared.registration.application import SELECT, Provenance, read_provenance, read_registration
from shared.registration.authorization import Principal
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.policy import Policy
from shared.registration.ports import ClientDirectory
from shared.registration.registration import Registration
from shared.registration.secrets import ClientSecret, read_secrets
from shared.registration.tokens import AccessToken
from shared.retry import Deadline
from shared.strict_json import JsonObject

_CLIENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Seconds within which a client that was just registered becomes visible, and for how long it may count as just registered.
_REPLICATION = 2.0
_RECENTLY = 120


@dataclass(frozen=True, slots=True)
class ManagedClient:
    """A client as the directory has it, with the policy that its present caller is under."""

    application: JsonObject
    registration: Registration
    provenance: Provenance
    secrets: tuple[ClientSecret, ...]
    policy: Policy

    @property
    def client_id(self) -> str:
        return str(self.application["appId"])


class Clients:
    """Finds clients and keeps callers away from what isn't theirs."""

    def __init__(self, configuration: RegistrationConfiguration, directory: ClientDirectory, clock: Clock) -> None:
        self._configuration = configuration
        self._directory = directory
        self._clock = clock

    def load(self, principal: Principal, client_id: str, deadline: Deadline) -> ManagedClient:
        """The client, for a caller that may manage it.

        Raises InvalidToken (RFC 7592 section 2.1: 401, and never 404) for a registration access token whose client is gone or
        whose generation is over; NotFound for other callers; InsufficientScope where the application isn't one of this bridge, or
        is another caller's. Raises a GraphFailure.
        """
        application = self._find(principal, client_id, deadline)
        if application is None:
            if principal.token is not None:
                raise InvalidToken(detail=f"client {client_id} is not there")
            raise NotFound("there is no such client")
        if self._configuration.bridge_tag not in (application.get("tags") or []):
            raise InsufficientScope("the application is not a client of this bridge")
        provenance = read_provenance(application)
        if principal.token is not None:
            self._check_generation(principal.token, provenance)
            policy = self._configuration.policy(provenance.policy)
        else:
            policy = principal.policy
            if provenance.caller != principal.name and not policy.manages_all:
                raise InsufficientScope("the client was registered by another caller")
        return ManagedClient(application, read_registration(application), provenance, read_secrets(application), policy)

    def _find(self, principal: Principal, client_id: str, deadline: Deadline) -> JsonObject | None:
        """Replicas may not know a client yet that was registered a moment ago: worth a short wait, where that can be."""
        if not _CLIENT_ID.fullmatch(client_id):
            return None
        token = principal.token
        recent = token is None or self._clock.now().timestamp() - token.sealed_at < _RECENTLY
        wait = Deadline.after(self._clock, min(_REPLICATION, deadline.remaining())) if recent else deadline
        return self._directory.read_application(client_id, wait, select=SELECT, await_replication=recent)

    def _check_generation(self, token: AccessToken, provenance: Provenance) -> None:
        """The token of the generation before is good for a while: its successor may have been lost on the way. A token can't be
        forged, so one from a later generation than the object's only tells that the object came from a replica that is behind."""
        behind = provenance.generation - token.generation
        grace = provenance.renewed + self._configuration.access_token_grace
        if behind > 1 or (behind == 1 and self._clock.now().timestamp() >= grace):
            raise InvalidToken(detail="the registration access token was replaced")
