"""The bridge's own clients: found in the directory for a caller who has a right to them, and shown to that caller."""

from dataclasses import dataclass

from shared.clock import read_time
from shared.environment import GUID
from shared.errors import InsufficientScope, InvalidToken, NotFound, OAuthError
from shared.registration.application import (
    SELECT,
    SELECT_KEYS,
    Provenance,
    authenticates_by_key,
    federated_credential,
    is_own_credential,
    read_provenance,
    read_registered,
)
from shared.registration.authorization import Principal
from shared.registration.configuration import RegistrationContext
from shared.registration.metadata import FederatedIdentity
from shared.registration.policy import Policy
from shared.registration.registration import Registration
from shared.registration.secrets import ClientSecret, IssuedSecret, find_secret, read_secrets
from shared.registration.tokens import RegistrationAccessToken, SealedSecret, seal_token
from shared.retry import Deadline
from shared.strict_json import JsonObject

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

    def unsealed_secret(self, principal: Principal) -> IssuedSecret | None:
        """The secret that came in the caller's own token, if the directory still has it: a removed one is not returned."""
        sealed = principal.token.secret if principal.token else None
        if sealed is None or not self.registration.has_secret:
            return None
        secret = find_secret(self.secrets, sealed.key_id)
        return None if secret is None else IssuedSecret(secret, sealed.text)


def missing_client(principal: Principal, client_id: str) -> OAuthError:
    """The error for a client that isn't there: with its own token it is the token that isn't good any more (RFC 7592 section 2.1:
    401, and never 404)."""
    return (
        NotFound("there is no such client")
        if principal.token is None
        else InvalidToken(detail=f"client {client_id} is not there")
    )


class Clients:
    """Finds clients, keeps callers away from what isn't theirs, and says what is registered."""

    def __init__(self, context: RegistrationContext) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock

    def load(self, principal: Principal, client_id: str, deadline: Deadline, *, keys: bool = True) -> ManagedClient:
        """The client, for a caller that may manage it; `keys` says whether its keys are needed.

        Raises InvalidToken for a registration access token whose client is gone or whose generation is over; NotFound for other
        callers; InsufficientScope where the application isn't one of this bridge, or is another caller's. Raises a GraphFailure.
        """
        application = self._find(principal, client_id, deadline)
        if application is not None and keys:
            application = self.with_keys(application, deadline)
        if application is None:
            raise missing_client(principal, client_id)
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
        return ManagedClient(application, read_registered(application), provenance, read_secrets(application), policy)

    def _find(self, principal: Principal, client_id: str, deadline: Deadline) -> JsonObject | None:
        """Replicas may not know a client yet that was registered a moment ago: worth a short wait, where that can be."""
        if not GUID.fullmatch(client_id):
            return None
        token = principal.token
        recent = token is None or self._clock.now().timestamp() - token.sealed_at < _RECENTLY
        wait = Deadline.after(self._clock, min(_REPLICATION, deadline.remaining())) if recent else deadline
        return self._directory.read_application(client_id, wait, select=SELECT, await_replication=recent)

    def with_keys(self, application: JsonObject, deadline: Deadline) -> JsonObject | None:
        """`application` and its keys, which take a read of their own where the client authenticates with one; None where it is
        gone by then. Raises a GraphFailure."""
        if not authenticates_by_key(application):
            return application
        keys = self._directory.read_application(application["appId"], deadline, select=SELECT_KEYS, await_replication=True)
        return None if keys is None else {**application, "keyCredentials": keys.get("keyCredentials")}

    def _check_generation(self, token: RegistrationAccessToken, provenance: Provenance) -> None:
        """The token of the generation before is good for a while: its successor may have been lost on the way. A token can't be
        forged, so one from a later generation than the object's only tells that the object came from a replica that is behind."""
        behind = provenance.generation - token.generation
        grace = provenance.renewed + self._configuration.access_token_grace
        if behind > 1 or (behind == 1 and self._clock.now().timestamp() >= grace):
            raise InvalidToken(detail="the registration access token was replaced")

    def information(
        self, application: JsonObject, registration: Registration, generation: int, secret: IssuedSecret | None
    ) -> JsonObject:
        """All that is registered about a client, with the two members that managing it takes (RFC 7591 section 3.2.1, RFC 7592
        section 3).

        `application` gives the client id and the time of registration, `secret` is the current secret where its text is known. It
        goes into the registration access token when it is proven to be the secret and the settings don't keep secrets out.
        """
        client_id = str(application["appId"])
        known: JsonObject = {"client_id": client_id}
        if created := read_time(application.get("createdDateTime")):
            known["client_id_issued_at"] = int(created.timestamp())
        sealed = None
        if secret is not None:
            known["client_secret"] = secret.text
            known["client_secret_expires_at"] = secret.secret.expires_at
            if secret.proven and self._configuration.secrets_in_tokens:
                sealed = SealedSecret(secret.secret.key_id, secret.text)
        token = RegistrationAccessToken(client_id, generation, int(self._clock.now().timestamp()), sealed)
        known["registration_client_uri"] = self._configuration.client_uri(client_id)
        known["registration_access_token"] = seal_token(token, self._configuration.sealing_keys)
        return known | registration.as_metadata()

    # Clients that an operator has to approve: their service principal is disabled until somebody enables it in the portal.

    def approval(self, client_id: str, provenance: Provenance, deadline: Deadline) -> JsonObject:
        """What an answer says of it, an extension of this bridge: `approval` is `pending` or `granted`. Nothing for clients that
        need none. Raises a GraphFailure."""
        if not provenance.approval:
            return {}
        principal = self._directory.read_service_principal(client_id, deadline, select=["appId", "accountEnabled"])
        return {"approval": "granted" if principal is not None and principal.get("accountEnabled") else "pending"}

    def withdraw_approval(self, client_id: str, deadline: Deadline) -> None:
        """Make a client wait for approval again. Raises a GraphFailure."""
        self._directory.update_service_principal(client_id, {"accountEnabled": False}, deadline)

    # Federated identities, which are objects of their own in the directory.

    def add_identities(self, client_id: str, identities: tuple[FederatedIdentity, ...], deadline: Deadline) -> None:
        """Give a new client its federated credentials. Raises a GraphFailure."""
        for identity in identities:
            self._directory.add_federated_credential(client_id, federated_credential(identity), deadline, await_replication=True)

    def replace_identities(self, client_id: str, identities: tuple[FederatedIdentity, ...], deadline: Deadline) -> None:
        """Make the bridge's own federated credentials of a client those of `identities`; an administrator's stay. Old ones go
        first, so that two never claim the same issuer and subject. Raises a GraphFailure."""
        wanted = {body["name"]: body for body in map(federated_credential, identities)}
        own = [entry for entry in self._directory.federated_credentials(client_id, deadline) if is_own_credential(entry)]
        for entry in own:
            if entry["name"] not in wanted:
                self._directory.remove_federated_credential(client_id, entry["id"], deadline)
        present = {entry["name"] for entry in own}
        for name, body in wanted.items():
            if name not in present:
                self._directory.add_federated_credential(client_id, body, deadline)
