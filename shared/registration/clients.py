"""The bridge's own clients: found in the directory for a caller who has a right to them, and shown to that caller."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.clock import EPOCH, read_time
from shared.environment import GUID
from shared.errors import InsufficientScope, InvalidToken, NotFound, OAuthError, TemporarilyUnavailable
from shared.registration.authorization import Principal
from shared.registration.completion import Completion
from shared.registration.configuration import RegistrationContext
from shared.registration.entra_application import (
    SELECT,
    SELECT_KEYS,
    Provenance,
    authenticates_by_key,
    read_provenance,
    read_registered,
)
from shared.registration.memory import GONE_AFTER
from shared.registration.notes import read_generation, read_principal_notes
from shared.registration.policy import Policy
from shared.registration.registration import Registration
from shared.registration.secrets import ClientSecret, IssuedSecret, find_secret, read_secrets
from shared.registration.tokens import RegistrationAccessToken, SealedSecret, seal_token
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

# Seconds for which a client's own token proves more than reads that don't know what it says.
YOUNG = 600
# Seconds for which a missing client is looked for within one request.
MISSING_PATIENCE = 2.0
_REREAD_PAUSES = (0.3, 0.5, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0)


class ManagedClient(NamedTuple):
    """A client as the directory has it, with the policy that its present caller is under."""

    application: JsonObject
    registration: Registration
    provenance: Provenance
    secrets: tuple[ClientSecret, ...]
    policy: Policy

    @property
    def client_id(self) -> str:
        return str(self.application["appId"])

    def unsealed_secret(self, principal: Principal, now: datetime) -> IssuedSecret | None:
        """The secret that came in the caller's own token, if the client still has it: a removed one is not returned.

        A young token proves its secret against a list that doesn't have it yet, unless the list has a newer one.
        """
        token = principal.token
        if token is None or token.secret is None or not self.registration.has_secret:
            return None
        sealed = token.secret
        secret = find_secret(self.secrets, sealed.key_id)
        is_young = now.timestamp() - token.sealed_at < YOUNG
        if secret is None and sealed.ends is not None and is_young:
            starts = EPOCH + timedelta(microseconds=token.sealed_at * 1_000_000 if sealed.starts is None else sealed.starts)
            if not any(other.starts > starts for other in self.secrets):
                secret = ClientSecret(sealed.key_id, starts, datetime.fromtimestamp(sealed.ends, UTC))
        return None if secret is None else IssuedSecret(secret, sealed.text)


class Clients:
    """Finds clients, keeps callers away from what isn't theirs, and says what is registered."""

    def __init__(self, context: RegistrationContext, completion: Completion) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._memory = context.memory
        self._completion = completion

    def load(self, principal: Principal, client_id: str, deadline: Deadline, *, keys: bool = True) -> ManagedClient:
        """The client, for a caller that may manage it; `keys` says whether its keys are needed.

        Raises InvalidToken for a registration access token whose client is gone or whose generation is over (RFC 7592 section
        2.1: 401, and never 404); NotFound for other callers; InsufficientScope where the application isn't one of this bridge, or
        is another caller's; TemporarilyUnavailable while the directory may only be behind. Raises a GraphFailure.
        """
        application = self._read(principal, client_id, deadline)
        if keys:
            application = self.with_keys(application, deadline) or {}
            if not application:
                raise TemporarilyUnavailable("the client cannot be read now", detail=f"client {client_id} lags")
        if self._configuration.bridge_tag not in (application.get("tags") or []):
            raise InsufficientScope("the application is not a client of this bridge")
        provenance = read_provenance(application)
        if principal.token is not None:
            self._check_generation(principal.token, provenance, deadline)
            policy = self._configuration.policy(provenance.policy)
        else:
            policy = principal.policy
            if provenance.caller != principal.name and not policy.manages_all:
                raise InsufficientScope("the client was registered by another caller")
            if provenance.shared and not policy.manages_all:
                raise InsufficientScope("the client is shared by all that are equal, so that none of them manages it")
        return ManagedClient(application, read_registered(application), provenance, read_secrets(application), policy)

    def _read(self, principal: Principal, client_id: str, deadline: Deadline) -> JsonObject:
        """One GET, repeated while what comes back is older than what the caller has: replicas are behind for a while."""
        token = principal.token
        if not GUID.fullmatch(client_id) or self._memory.is_deleted(client_id):
            raise self._gone(principal, client_id)
        backoff = Backoff(deadline, _REREAD_PAUSES)
        patience = Deadline.after(self._clock, min(MISSING_PATIENCE, deadline.remaining()))
        while True:
            application = self._directory.read_application(client_id, deadline, select=SELECT)
            if application is not None:
                self._memory.note_found(client_id)
                if token is None or read_generation(application) >= token.generation or self._is_replicated(token):
                    return application
            if not (patience if application is None else deadline).remaining() > 0 or not backoff.wait():
                break
        if application is not None:
            raise TemporarilyUnavailable("the client cannot be read now", detail=f"reads of client {client_id} are behind")
        young = token is not None and self._clock.now().timestamp() - token.sealed_at < YOUNG
        if young or (token is None and not self._memory.is_gone(client_id)):
            raise TemporarilyUnavailable("the client cannot be read now", detail=f"client {client_id} is not seen")
        raise self._gone(principal, client_id)

    def _is_replicated(self, token: RegistrationAccessToken) -> bool:
        """Whether reads know what was written before the token was sealed. Where they still show an older generation, an update
        that had read an old state has written it since; the token is the newer one all the same."""
        return self._clock.now().timestamp() - token.sealed_at >= GONE_AFTER

    def _gone(self, principal: Principal, client_id: str) -> OAuthError:
        if principal.token is None:
            return NotFound("there is no such client")
        return InvalidToken(detail=f"client {client_id} is not there")

    def with_keys(self, application: JsonObject, deadline: Deadline) -> JsonObject | None:
        """`application` and its keys, which take a read of their own where the client authenticates with one; None where it is
        gone by then. Raises a GraphFailure."""
        if not authenticates_by_key(application):
            return application
        keys = self._directory.read_application(application["appId"], deadline, select=SELECT_KEYS, await_replication=True)
        return None if keys is None else {**application, "keyCredentials": keys.get("keyCredentials")}

    def _check_generation(self, token: RegistrationAccessToken, provenance: Provenance, deadline: Deadline) -> None:
        """An older token ends a while after a newer one was presented: until then the newer one may have been lost on its way.
        Raises InvalidToken, and a GraphFailure."""
        client_id = token.client_id
        if token.generation < provenance.generation:
            principal = self._directory.read_service_principal(client_id, deadline, select=("appId", "notes")) or {}
            notes = read_principal_notes(principal)
            ends = notes.presented_at + self._configuration.access_token_grace
            if notes.presented > token.generation and self._clock.now().timestamp() >= ends:
                raise InvalidToken(detail="the registration access token was replaced")
        elif token.generation > 1 and self._memory.is_first_presented(client_id, token.generation):
            self._completion.note_presented_later(client_id, token.generation)

    def information(
        self, application: JsonObject, registration: Registration, generation: int, secret: IssuedSecret | None
    ) -> JsonObject:
        """All that is registered about a client, with the two members that managing it takes (RFC 7591 section 3.2.1, RFC 7592
        section 3).

        `application` gives the client id and the time of registration, `secret` is the current secret where its text is known. It
        goes into the registration access token when it is proven to be the secret and the settings don't keep secrets out.
        """
        client_id = str(application["appId"])
        known: JsonObject = {}
        sealed = None
        if secret is not None:
            known["client_secret"] = secret.text
            known["client_secret_expires_at"] = secret.secret.expires_at
            if secret.proven and self._configuration.secrets_in_tokens:
                sealed = SealedSecret(
                    secret.secret.key_id, secret.text, secret.secret.expires_at or None, secret.secret.starts_at
                )
        token = RegistrationAccessToken(client_id, generation, int(self._clock.now().timestamp()), sealed)
        known["registration_client_uri"] = self._configuration.client_uri(client_id)
        known["registration_access_token"] = seal_token(token, self._configuration.sealing_keys)
        return shown(application, registration) | known

    # Clients that an operator has to approve: their service principal is disabled until somebody enables it in the portal.

    def approval(self, client_id: str, provenance: Provenance, deadline: Deadline) -> JsonObject:
        """What an answer says of it, an extension of this bridge: `approval` is `pending` or `granted`. Nothing for clients that
        need none. Raises a GraphFailure."""
        if not provenance.approval:
            return {}
        principal = self._directory.read_service_principal(client_id, deadline, select=["appId", "accountEnabled"])
        return {"approval": "granted" if principal is not None and principal.get("accountEnabled") else "pending"}

    def set_enabled(self, client_id: str, enabled: bool, deadline: Deadline) -> None:
        """Let a client in, or make it wait for approval again. Raises a GraphFailure."""
        self._directory.update_service_principal(client_id, {"accountEnabled": enabled}, deadline)


def shown(application: JsonObject, registration: Registration) -> JsonObject:
    """What is registered about a client, without anything that proves who it is or manages it."""
    known: JsonObject = {"client_id": str(application["appId"])}
    if created := read_time(application.get("createdDateTime")):
        known["client_id_issued_at"] = int(created.timestamp())
    return known | registration.as_metadata()
