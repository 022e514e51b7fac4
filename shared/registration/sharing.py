"""Equal public clients are one application: what an anonymous caller registers again costs no object of the directory.

Clients of one kind of software register themselves at each start, or for each user, with nothing new but the port of a redirect
URI, which Entra ignores on http://localhost (learn.microsoft.com/entra/identity-platform/reply-url, RFC 8252 section 7.3). What
is registered about a client makes the application's uniqueName, so whoever registers the same finds it. Nobody can prove to be
the one client behind it, so nobody manages it: its clients get no registration access token.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from threading import Lock

from shared.clock import read_time
from shared.errors import Conflict, TemporarilyUnavailable
from shared.graph.errors import GraphFailure, ObjectMissing, PermissionRefused, UniqueNameTaken
from shared.http.exchange import Exchange
from shared.registration.authorization import Principal
from shared.registration.client_type import Platform
from shared.registration.clients import Clients, shown
from shared.registration.configuration import RegistrationContext
from shared.registration.creating import ClientCreation, NewClient
from shared.registration.entra_application import SHARED, read_provenance, read_registered
from shared.registration.idempotency import name_by_content
from shared.registration.notes import restored_tag
from shared.registration.policy import NO_METHOD, Sharing
from shared.registration.redirect_uris import RedirectUri, UriKind
from shared.registration.registration import Registration
from shared.retry import Deadline
from shared.strict_json import JsonObject

# How long an application may be without its service principal because the worker that made it has ended.
_UNFINISHED = timedelta(minutes=15)
# How long ago a deletion must have been for its application to be brought back.
_SETTLED = timedelta(minutes=15)
# Seconds between two looks at whether another thread has got what this one waits for.
_TURN = 0.02
_TURNS = 256


def _in_common(registration: Registration, sharing: Sharing) -> Registration:
    """What equal clients have in common."""
    # Of single-page applications it isn't said that their port is ignored, and none of them changes it by itself.
    native = registration.uris_of(Platform.NATIVE)
    common = {uri.text: _without_port(uri, sharing) if uri.text in native else uri for uri in registration.redirect_uris}
    logout = dict.fromkeys(common[text].text for text in registration.post_logout_redirect_uris)
    return registration._replace(
        redirect_uris=tuple(dict.fromkeys(common.values())),
        post_logout_redirect_uris=tuple(logout),
    )


def _without_port(uri: RedirectUri, sharing: Sharing) -> RedirectUri:
    if uri.kind is not UriKind.LOOPBACK or (uri.host != "localhost" and sharing != "loopback"):
        return uri
    scheme, _, rest = uri.text.partition("://")
    authority, slash, path = rest.partition("/")
    return replace(uri, text=f"{scheme}://{authority.partition(':')[0].lower()}{slash}{path}")


def _content_of(registration: Registration, access: list[JsonObject]) -> str:
    """All that is registered about a client, in whatever order its members and their values came."""
    members = {name: sorted(value) if _is_texts(value) else value for name, value in registration.as_metadata().items()}
    platforms = {platform.value: sorted(registration.uris_of(platform)) for platform in Platform}
    permissions = sorted((api["resourceAppId"], entry["type"], entry["id"]) for api in access for entry in api["resourceAccess"])
    return json.dumps([members, platforms, permissions], sort_keys=True)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


class SharedClients:
    """Registers what equal clients share. One object serves all requests of a worker, and remembers what it found."""

    def __init__(self, context: RegistrationContext, clients: Clients, creation: ClientCreation) -> None:
        self._configuration = context.configuration
        self._directory = context.directory
        self._clock = context.clock
        self._memory = context.memory
        self._clients = clients
        self._creation = creation
        self._turns = tuple(Lock() for _ in range(_TURNS))

    def as_shared(self, new: NewClient) -> NewClient | None:
        """The client under the name that all equal ones have; None for one that shares nothing: it has a credential, or the
        request has a name of its own."""
        registration, policy = new.registration, new.principal.policy
        if registration.token_endpoint_auth_method != NO_METHOD or new.name.repeatable:
            return None
        common = _in_common(registration, policy.share_public_clients)
        content = _content_of(common, new.access)
        name = name_by_content(self._configuration.bridge_tag, new.principal.name, policy.name, content)
        provenance = new.provenance._replace(request=SHARED)
        return new._replace(registration=common, provenance=provenance, name=name, asked=registration)

    def register(self, new: NewClient, exchange: Exchange, admit: Callable[[Principal, Deadline], None]) -> JsonObject:
        """The client information of the one application, without anything that manages it.

        No call where this worker remembers it, one read where the directory has it, two in its first minutes. `admit` raises
        for a caller that may register nothing new. Raises Conflict where something else has the name, TemporarilyUnavailable
        where the application isn't seen yet, and a GraphFailure.
        """
        name = new.name.unique_name
        known = self._memory.shared_client(name)
        if known is None:
            with self._turn(name, exchange.deadline):
                known = self._memory.shared_client(name)
                if known is None:
                    known = self._settle(new, exchange, admit)
                    self._memory.note_shared_client(name, known)
        asked = new.asked or new.registration
        echoed: JsonObject = {"redirect_uris": [uri.text for uri in asked.redirect_uris]}
        if asked.post_logout_redirect_uris:
            echoed["post_logout_redirect_uris"] = list(asked.post_logout_redirect_uris)
        return known | echoed

    @contextmanager
    def _turn(self, name: str, deadline: Deadline) -> Iterator[None]:
        """One request at a time looks for what has this name, in this worker: the others find it remembered."""
        turn = self._turns[int(name[-8:], 16) % _TURNS]
        while not turn.acquire(blocking=False):
            if not deadline.pause(_TURN):
                raise TemporarilyUnavailable("an equal client is being registered", retry_after=2)
        try:
            yield
        finally:
            turn.release()

    def _settle(self, new: NewClient, exchange: Exchange, admit: Callable[[Principal, Deadline], None]) -> JsonObject:
        deadline = exchange.deadline
        application = self._directory.read_application_by_unique_name(new.name.unique_name, deadline)
        if application is None or self._memory.is_deleted(str(application["appId"])):
            admit(new.principal, deadline)
            return self._create(new, exchange)
        return self._found(application, new, exchange)

    def _create(self, new: NewClient, exchange: Exchange) -> JsonObject:
        try:
            application, _ = self._creation.create(new, exchange.deadline)
        except UniqueNameTaken:
            found = self._creation.find(new.name, exchange.deadline)
            if found is not None and not self._memory.is_deleted(str(found["appId"])):
                return self._found(found, new, exchange)
            return self._restore(new, exchange)
        return self._creation.finish(application, None, new, exchange)

    def _found(self, application: JsonObject, new: NewClient, exchange: Exchange) -> JsonObject:
        """An equal registration made it, here or elsewhere. A young one may not be whole yet, or never become so."""
        provenance = read_provenance(application)
        ours = self._configuration.bridge_tag in (application.get("tags") or []) and provenance.shared
        if not ours or provenance.caller != new.principal.name:
            raise Conflict("another application has the name of this registration")
        client_id = str(application["appId"])
        created = read_time(application.get("createdDateTime"))
        is_young = created is None or self._clock.now() - created < _UNFINISHED
        if is_young and self._directory.read_service_principal(client_id, exchange.deadline, select=("appId",)) is None:
            return self._creation.finish(application, None, new, exchange)
        information = shown(application, read_registered(application))
        return information | self._clients.approval(client_id, provenance, exchange.deadline)

    def _restore(self, new: NewClient, exchange: Exchange) -> JsonObject:
        """The name is taken and nothing is seen: another worker's application, or one that was deleted less than 30 days ago.

        A deleted one comes back with its id, which clients keep for ever, and with a new service principal: users are asked for
        consent again. Finding it needs Application.Read.All; without that, the next name is taken after ten minutes.
        """
        name = new.name
        deleted = self._deleted(name.unique_name, exchange.deadline)
        if deleted is not None:
            back = new._replace(marks=(restored_tag(self._clock.now()),))
            try:
                application = self._directory.restore_application(str(deleted["id"]), exchange.deadline)
            except GraphFailure as failure:
                # It may have happened, by an attempt whose answer was lost or by another worker that has ended since.
                self._creation.undo(deleted, None, back)
                if isinstance(failure, ObjectMissing):
                    raise TemporarilyUnavailable("an equal client is being restored", retry_after=5) from failure
                raise
            return self._creation.finish(application, None, back, exchange)
        if not self._memory.is_name_stuck(name.unique_name):
            raise TemporarilyUnavailable("an equal registration cannot be read yet", retry_after=5)
        return self._create(new._replace(name=name.next()), exchange)

    def _deleted(self, unique_name: str, deadline: Deadline) -> JsonObject | None:
        """The soft-deleted application of a name, as far as the bridge may look. What was deleted a moment ago is left alone: its
        deletion is on its way to the replicas, and perhaps to being purged."""
        latest = self._clock.now() - _SETTLED
        with suppress(PermissionRefused):
            for entry in self._directory.deleted_applications(self._configuration.bridge_tag, deadline):
                since = read_time(entry.get("deletedDateTime"))
                if entry.get("uniqueName") == unique_name and since is not None and since <= latest:
                    return entry
        return None
