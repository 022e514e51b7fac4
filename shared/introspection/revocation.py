"""Revocation beyond `exp`: does the client still exist, is it enabled, were the user's sessions revoked?

Entra offers no revocation of access tokens for custom APIs and no introspection; these are the signs that Graph shows. Each is
asked for once in `ttl` seconds and id, not per token; while the directory fails the last answer serves for `grace` seconds,
and after that the token's state is unknown, which is an outage and not an inactive token.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from threading import Lock
from typing import NamedTuple, Protocol

from shared.http.refreshed import Lifetimes, Refreshed
from shared.introspection.claims import is_for_a_user
from shared.introspection.configuration import RevocationOptions
from shared.introspection.reasons import Reason, Refused

MAX_REMEMBERED = 10_000
RETRY = 5.0  # seconds between tries while a lookup fails
# Seconds in which replicas of the directory may not have heard of a client: longer than replication takes.
REPLICATION = 60
# Entra writes iat five minutes early, so a sign-in right after a revocation looks older than it; see docs/introspection.md.
BACK_DATING = 300


class UserState(NamedTuple):
    """A user: `accountEnabled`, and `signInSessionsValidFromDateTime` in seconds since 1970 (None when Graph shows none)."""

    enabled: bool
    sessions_valid_from: float | None = None


class DirectoryLookup(Protocol):
    """What introspection asks of Microsoft Graph. Calls may block, and raise anything to say that there is no answer."""

    def client_enabled(self, app_id: str) -> bool | None:
        """Whether the tenant's service principal of `app_id` is enabled; None when there is none.

        GET /servicePrincipals(appId='...')?$select=accountEnabled,disabledByMicrosoftStatus."""

    def user_state(self, oid: str) -> UserState | None:
        """The user with object id `oid`; None when there is none.

        GET /users/{oid}?$select=accountEnabled,signInSessionsValidFromDateTime."""


class Subject(NamedTuple):
    """Whom a token stands for. `user_id` is None for a client's own token; `issued` is `iat`."""

    tenant_id: object
    client_id: str
    user_id: str | None
    issued: int


def subject_of(claims: Mapping[str, object], client_id: str) -> Subject:
    """The subject of verified claims."""
    user_id, issued = claims.get("oid"), claims["iat"]
    user = user_id if isinstance(user_id, str) and is_for_a_user(claims) else None
    return Subject(claims.get("tid"), client_id, user, issued if type(issued) is int else 0)


class _Remembered[T]:
    """The directory's answers by id."""

    def __init__(self, name: str, look_up: Callable[[str], T], lifetimes: Lifetimes, executor: Executor) -> None:
        self._name, self._look_up, self._lifetimes, self._executor = name, look_up, lifetimes, executor
        # Each answer in a tuple of one: None is an answer too.
        self._entries: dict[str, Refreshed[tuple[T]]] = {}
        self._lock = Lock()

    def value(self, key: str, now: float) -> T:
        """The directory's answer, a kept one or a new one."""
        return self._entry(key).value(now)[0]

    def value_again(self, key: str, now: float) -> T:
        """The same, asked for anew if the last time was `RETRY` seconds ago."""
        self._entry(key).ask(now, RETRY)
        return self.value(key, now)

    def _entry(self, key: str) -> Refreshed[tuple[T]]:
        entry = self._entries.get(key)
        if entry is None:
            with self._lock:
                entry = self._entries.get(key)
                if entry is None:
                    while len(self._entries) >= MAX_REMEMBERED:
                        del self._entries[next(iter(self._entries))]
                    entry = Refreshed(f"{self._name} {key}", lambda: (self._look_up(key),), self._lifetimes, self._executor)
                    self._entries[key] = entry
        return entry


class RevocationCheck:
    """The check, by the operator's mode. Only tokens of the tenant that the directory is of are looked up."""

    def __init__(self, options: RevocationOptions, tenant_id: str, directory: DirectoryLookup, executor: Executor) -> None:
        self._tenant_id = tenant_id
        lifetimes = Lifetimes(options.ttl / 2, options.ttl, options.ttl + options.grace, RETRY, RETRY)
        self._clients = _Remembered("client", directory.client_enabled, lifetimes, executor)
        # Since when clients are known to be there.
        self._present: dict[str, float] = {}
        self._users = _Remembered("user", directory.user_state, lifetimes, executor) if options.mode == "client+user" else None

    def check(self, subject: Subject, now: float) -> None:
        """Raises Refused for a client or user that is gone, disabled or signed out; Pending and FetchFailed."""
        if subject.tenant_id != self._tenant_id:
            return
        enabled = self._client_enabled(subject, now)
        if enabled is None:
            raise Refused(Reason.CLIENT_DELETED)
        if not enabled:
            raise Refused(Reason.CLIENT_DISABLED)
        if self._users is None or subject.user_id is None:
            return
        user = self._users.value(subject.user_id, now)
        if user is None:
            raise Refused(Reason.USER_DELETED)
        if not user.enabled:
            raise Refused(Reason.USER_DISABLED)
        if user.sessions_valid_from is not None and subject.issued + BACK_DATING < user.sessions_valid_from:
            raise Refused(Reason.SESSIONS_REVOKED)

    def _client_enabled(self, subject: Subject, now: float) -> bool | None:
        """Whether the client is enabled; None where it is gone.

        A missing client may be one that a replica hasn't heard of yet. One that was seen before is gone; of another one a token
        just issued proves that it was there, and with an older token the directory is asked once more.
        """
        client_id = subject.client_id
        enabled = self._clients.value(client_id, now)
        if enabled is not None:
            if client_id not in self._present:
                while len(self._present) >= MAX_REMEMBERED:
                    self._present.pop(next(iter(self._present)), None)
                self._present[client_id] = now
            return enabled
        if now - self._present.get(client_id, now) >= REPLICATION:
            return None
        if now < subject.issued + BACK_DATING + REPLICATION:
            return True
        return self._clients.value_again(client_id, now)
