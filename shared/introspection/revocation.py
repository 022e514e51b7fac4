"""What the directory knows beyond a token: does its client still exist, is it enabled, what did it register, were the user's
sessions revoked?

Entra offers no revocation of access tokens for custom APIs and no introspection; these are the signs that Graph shows. Each is
asked for once in `ttl` seconds and id, not per token; while the directory fails the last answer serves for `grace` seconds,
and after that the token's state is unknown, which is an outage and not an inactive token. That the directory hasn't heard of a
young object is no answer either: replicas hear of it late, and Entra gives app-only callers no read after write. Nor is a no that
was read before a token was issued, or soon after: the token service let its client and user in since.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from threading import Lock
from typing import NamedTuple, Protocol

from shared.http.refreshed import FetchFailed, Lifetimes, Refreshed
from shared.introspection.claims import is_for_a_user
from shared.introspection.configuration import ENFORCE, REFUSE, Caller, IntrospectionOptions
from shared.introspection.grants import permits
from shared.introspection.reasons import Reason, Refused

MAX_REMEMBERED = 10_000
RETRY = 5.0  # seconds between tries while a lookup fails
# Entra writes iat five minutes early, so a sign-in right after a revocation looks older than it; see docs/introspection.md.
BACK_DATING = 300
# Seconds. Graph names no bound for replication; Terraform's provider waits this long for a new object.
YOUNG = 600
# Seconds by which replicas may be behind for one who was let in again: enabled, approved or restored.
BEHIND = 120


class ClientState(NamedTuple):
    """A service principal: whether it may sign in; `home`, the tenant of its application, None where it has no application that
    could have been registered (managed identities, agents); and the grant types in its copied tags, empty for none."""

    enabled: bool
    home: str | None = None
    grants: frozenset[str] = frozenset()


class UserState(NamedTuple):
    """A user: `accountEnabled`, and `signInSessionsValidFromDateTime` in seconds since 1970 (None when Graph shows none)."""

    enabled: bool
    sessions_valid_from: float | None = None


class DirectoryLookup(Protocol):
    """What introspection asks of Microsoft Graph. Calls may block, and raise anything to say that there is no answer."""

    def client_state(self, app_id: str) -> ClientState | None:
        """The tenant's service principal of `app_id`; None when there is none.

        GET /servicePrincipals(appId='...')?$select=accountEnabled,disabledByMicrosoftStatus,tags,..."""

    def recorded_grants(self, app_id: str) -> frozenset[str] | None:
        """The grant types that the application's tags record, empty for none; None when there is no application.

        GET /applications(appId='...')?$select=tags."""

    def user_state(self, oid: str) -> UserState | None:
        """The user with object id `oid`; None when there is none.

        GET /users/{oid}?$select=accountEnabled,signInSessionsValidFromDateTime."""


class Subject(NamedTuple):
    """Whom a token stands for. `user_id` is None for a client's own token, `app_only`; `issued` is `iat`."""

    tenant_id: object
    client_id: str
    user_id: str | None
    issued: int
    app_only: bool


def subject_of(claims: Mapping[str, object], client_id: str) -> Subject:
    """The subject of verified claims."""
    user_id, issued = claims.get("oid"), claims.get("iat")
    for_a_user = is_for_a_user(claims)
    user = user_id if isinstance(user_id, str) and for_a_user else None
    return Subject(claims.get("tid"), client_id, user, issued if type(issued) is int else 0, not for_a_user)


class NotHeardOf(Exception):
    """The directory doesn't know an object that is too young for that to mean anything."""


class _Lookup[T](Refreshed[tuple[T | None]]):
    """One object of the directory, that existed at `since`. The answer is in a tuple of one, because None is one too."""

    def __init__(self, name: str, ask: Callable[[], T | None], since: float, lifetimes: Lifetimes, executor: Executor) -> None:
        super().__init__(name, self._look, lifetimes, executor)
        self.since = since
        self._ask = ask

    def _look(self) -> tuple[T | None]:
        found = self._ask()
        if found is None and (self._tried_at or 0.0) - self.since < YOUNG:
            raise NotHeardOf("the directory has not heard of it, which says nothing while it may be new")
        return (found,)


class _Remembered[T]:
    """The directory's answers by id."""

    def __init__(self, name: str, look_up: Callable[[str], T | None], lifetimes: Lifetimes, executor: Executor) -> None:
        self._name, self._look_up, self._lifetimes, self._executor = name, look_up, lifetimes, executor
        self._entries: dict[str, _Lookup[T]] = {}
        self._lock = Lock()

    def value(self, key: str, issued: int, now: float) -> T | None:
        """What the directory says of `key`, of which a token was issued at `issued`: so it existed then. Raises Pending and
        FetchFailed."""
        since = min(issued + BACK_DATING, now)
        entry = self._entries.get(key)
        if entry is None:
            with self._lock:
                entry = self._entries.get(key)
                if entry is None:
                    while len(self._entries) >= MAX_REMEMBERED:
                        del self._entries[next(iter(self._entries))]
                    name = f"{self._name} {key}"
                    entry = _Lookup(name, lambda: self._look_up(key), since, self._lifetimes, self._executor)
                    self._entries[key] = entry
        if since < entry.since:
            entry.since = since
        (answer,) = entry.value(now)
        if getattr(answer, "enabled", answer is not None) is False and entry.fetched_at < since + BEHIND:
            entry.ask(now, RETRY)
            raise FetchFailed(entry.name, round(RETRY))
        return answer


class DirectoryCheck:
    """The checks that operators turn on. Only tokens of the tenant that the directory is of are looked up."""

    def __init__(self, options: IntrospectionOptions, tenant_id: str, directory: DirectoryLookup, executor: Executor) -> None:
        self._options = options
        self._tenant_id = tenant_id
        revocation = options.revocation
        self._revokes = revocation.mode != "off"
        lifetimes = Lifetimes(revocation.ttl / 2, revocation.ttl, revocation.ttl + revocation.grace, RETRY, RETRY)
        self._clients = _Remembered("client", directory.client_state, lifetimes, executor)
        self._records = _Remembered("registration of client", directory.recorded_grants, lifetimes, executor)
        self._users = _Remembered("user", directory.user_state, lifetimes, executor) if revocation.mode == "client+user" else None

    def check(self, subject: Subject, caller: Caller | None, now: float) -> None:
        """Raises Refused for a client or user that is gone, disabled or signed out, and for a grant type that wasn't registered
        where `caller` enforces them (None: one who brings its own token, and enforces none); Pending and FetchFailed."""
        enforces = caller is not None and self._options.grants_for(caller) == ENFORCE
        if not enforces and not self._revokes:
            return
        client: ClientState | None = None
        at_home = subject.tenant_id == self._tenant_id
        if at_home:
            client = self._clients.value(subject.client_id, subject.issued, now)
            if self._revokes:
                if client is None:
                    raise Refused(Reason.CLIENT_DELETED)
                if not client.enabled:
                    raise Refused(Reason.CLIENT_DISABLED)
        if enforces and caller is not None:
            self._check_grants(subject, client, caller, now)
        if at_home and self._users is not None and subject.user_id is not None:
            self._check_user(subject, self._users.value(subject.user_id, subject.issued, now))

    def _check_grants(self, subject: Subject, client: ClientState | None, caller: Caller, now: float) -> None:
        grants = client.grants if client is not None else frozenset()
        app_only = subject.app_only
        if client is not None and client.home == self._tenant_id and not permits(grants, app_only=app_only):
            # The copied tags lack the record, or may be behind: before a refusal the application itself is asked.
            recorded = self._records.value(subject.client_id, subject.issued, now)
            grants = grants if recorded is None else recorded
        if not grants:
            if self._options.unregistered_for(caller) == REFUSE:
                raise Refused(Reason.CLIENT_NOT_REGISTERED)
        elif not permits(grants, app_only=app_only):
            raise Refused(Reason.GRANT_NOT_REGISTERED)

    def _check_user(self, subject: Subject, user: UserState | None) -> None:
        if user is None:
            raise Refused(Reason.USER_DELETED)
        if not user.enabled:
            raise Refused(Reason.USER_DISABLED)
        if user.sessions_valid_from is not None and subject.issued + BACK_DATING < user.sessions_valid_from:
            raise Refused(Reason.SESSIONS_REVOKED)
