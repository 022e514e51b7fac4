"""Kong Konnect's "HTTP DCR bridge": its own paths, members and answers (Kong/konnect-portal-dcr-handler, openapi/openapi.yaml).

    POST   {base}/                        an application is created             201
    POST   {base}/{client_id}/new-secret  its secret is renewed                 200
    POST   {base}/{client_id}/event-hook  what happened to it in the portal     200
    DELETE {base}/{client_id}             it is deleted                         204

Answers hold the members of that document and no others, with times in ISO 8601.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from shared.clock import Clock, write_time
from shared.http.exchange import Exchange
from shared.http.message import Response, json_response, parse_object
from shared.portals.dialect import Methods, choose_endpoint, information_of, path_segments, request_about
from shared.registration.endpoint import RegistrationService
from shared.registration.metadata import Texts, read_members
from shared.registration.policy import CLIENT_CREDENTIALS, IMPLICIT
from shared.strict_json import JsonObject

# Konnect's words for a service's grant; it may send several of them.
_GRANTS = {"bearer": CLIENT_CREDENTIALS, "session": ""}
# Members of the client information that only the bridge decides, so that no update sends them back.
_OURS = frozenset(
    {
        *("client_id_issued_at", "client_secret", "client_secret_expires_at"),
        *("registration_access_token", "registration_client_uri", "approval"),
    }
)
# Seconds for which Entra's replicas may not show a change, and how many changes a worker remembers.
_LAG = 120.0
_MOST_RECENT = 1000

type SecretMethod = Literal["client_secret_basic", "client_secret_post"]


class _Message(BaseModel):
    """Ids of the portal, the developer and the strategy come along and are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, defer_build=True)


class KonnectApplication(_Message):
    """What Konnect sends to create an application."""

    client_name: str
    redirect_uris: Texts = None
    grant_types: Texts = None
    scopes: Texts = None
    # The answer must hold a secret, so that a client without one can't be registered here.
    token_endpoint_auth_method: SecretMethod = "client_secret_basic"  # noqa: S105  the name of a method

    def as_metadata(self) -> JsonObject:
        """The client metadata of RFC 7591 section 2."""
        grants = dict.fromkeys(_GRANTS.get(grant, grant) for grant in self.grant_types or ())
        grants.pop("", None)
        if len(grants) > 1:
            # Konnect offers it wherever users sign in; no client can do without it for that (RFC 9700 section 2.1.2).
            grants.pop(IMPLICIT, None)
        return {
            "client_name": self.client_name,
            "redirect_uris": list(self.redirect_uris or ()),
            "grant_types": list(grants),
            "scope": " ".join(self.scopes or ()) or None,
            "token_endpoint_auth_method": self.token_endpoint_auth_method,
        }


class ApplicationUpdated(_Message):
    """A user changed the application. `application_name` is its name now."""

    event_type: Literal["update_application"]
    redirect_uris: Annotated[tuple[str, ...], Strict(False)]
    application_name: str = ""

    def apply(self, metadata: JsonObject, _: Mapping[str, tuple[str, ...]]) -> JsonObject:
        """`metadata` after the event."""
        named = {"client_name": self.application_name} if self.application_name else {}
        return {**metadata, **named, "redirect_uris": list(self.redirect_uris)}


class ProductRegistration(_Message):
    """An application was registered for a version of an API product, or no longer is. The scopes of that version, where the
    operator names them, are what the client declares."""

    event_type: Literal["add_registration", "remove_registration"]
    api_product_version_id: str

    def apply(self, metadata: JsonObject, products: Mapping[str, tuple[str, ...]]) -> JsonObject:
        """`metadata` after the event. `products`: the scopes of each version."""
        own = products.get(self.api_product_version_id.lower(), ())
        scopes = dict.fromkeys(str(metadata.get("scope") or "").split())
        if self.event_type == "add_registration":
            scopes |= dict.fromkeys(own)
        else:
            scopes = {scope: None for scope in scopes if scope not in own}
        return {**metadata, "scope": " ".join(scopes)}


type Event = ApplicationUpdated | ProductRegistration


class EventHook(_Message):
    """An event's envelope: the event itself."""

    event: Event = Field(discriminator="event_type")


def read_application(body: bytes) -> JsonObject:
    """Client metadata from the body of a creation. Raises InvalidRequest, InvalidClientMetadata, InvalidRedirectUri."""
    document = {name: value for name, value in parse_object(body).items() if value not in (None, "")}
    return read_members(KonnectApplication, document).as_metadata()


def read_event(body: bytes) -> Event:
    """The event that a body is. Raises InvalidRequest, InvalidClientMetadata."""
    return read_members(EventHook, {"event": parse_object(body)}).event


def render_created(response: Response) -> Response:
    """201 with the new client's credentials."""
    information = information_of(response)
    members: JsonObject = {"client_id": information["client_id"], "client_secret": information["client_secret"]}
    for name in ("client_id_issued_at", "client_secret_expires_at"):
        # RFC 7591 has 0 for a secret without an end, which no date says.
        if seconds := information.get(name):
            members[name] = write_time(datetime.fromtimestamp(seconds, UTC))
    return json_response(response.status, members)


def render_secret(response: Response) -> Response:
    """200 with the client's id and its new secret."""
    information = information_of(response)
    return json_response(200, {"client_id": information["client_id"], "client_secret": information["client_secret"]})


class RecentEvents:
    """What events changed at clients within the last two minutes in this worker. A read may not show it yet, and the next event
    must not undo it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._events: list[tuple[float, str, Event]] = []

    def note(self, client_id: str, event: Event) -> None:
        """Remember an event that was carried out."""
        now = self._clock.monotonic()
        with self._lock:
            fresh = [entry for entry in self._events if now - entry[0] < _LAG]
            self._events = [*fresh[1 - _MOST_RECENT :], (now, client_id, event)]

    def of_client(self, client_id: str) -> list[Event]:
        """The client's, in their order."""
        now = self._clock.monotonic()
        with self._lock:
            return [event for at, of, event in self._events if of == client_id and now - at < _LAG]


class KongPortal:
    """The paths of the dialect. `products`: the scopes of API product versions, by the version's id."""

    def __init__(self, registration: RegistrationService, products: Mapping[str, tuple[str, ...]], clock: Clock) -> None:
        self._registration = registration
        self._products = products
        self._recent = RecentEvents(clock)

    def answer(self, exchange: Exchange) -> Response:
        """The answer to a request below the prefix. Raises an OAuthError."""
        methods: Methods | None = None
        match path_segments(exchange.request):
            case []:
                methods = {"POST": self._create}
            case [client_id]:
                methods = {"DELETE": partial(self._delete, client_id)}
            case [client_id, "new-secret"]:
                methods = {"POST": partial(self._renew, client_id)}
            case [client_id, "event-hook"]:
                methods = {"POST": partial(self._follow, client_id)}
        return choose_endpoint(methods, exchange.request.method)(exchange)

    def _create(self, exchange: Exchange) -> Response:
        exchange.translate(request_about(exchange, ""), render_created)
        return render_created(self._registration.register(exchange, read_application))

    def _delete(self, client_id: str, exchange: Exchange) -> Response:
        exchange.request = request_about(exchange, client_id)
        return self._registration.delete(exchange)

    def _renew(self, client_id: str, exchange: Exchange) -> Response:
        exchange.translate(request_about(exchange, client_id), render_secret)
        return render_secret(self._registration.rotate(exchange, immediate=True))

    def _follow(self, client_id: str, exchange: Exchange) -> Response:
        """An event, as an update of what is registered. One that changes nothing here is acknowledged."""
        exchange.request = request_about(exchange, client_id)
        information = information_of(self._registration.read(exchange))
        event = read_event(exchange.request.body)
        registered = {"scope": ""} | {name: value for name, value in information.items() if name not in _OURS}
        recent, wanted = self._recent.of_client(information["client_id"]), registered
        for change in (*recent, event):
            wanted = change.apply(wanted, self._products)
        # Where there are recent ones the read may be older than they are, and look as if there were nothing to do.
        if recent or wanted != registered:
            self._registration.update(exchange, lambda _: wanted)
            self._recent.note(information["client_id"], event)
        return Response(200)
