"""Registration as the doors see it: one method a door, from request to response, each answer or refusal in the log."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared import errors
from shared.event_log import log_event
from shared.graph import errors as graph
from shared.http.exchange import Exchange
from shared.http.message import JSON, NO_STORE, Request, Response, json_response, parse_object
from shared.registration.authorization import Authorization, Principal
from shared.registration.clients import Clients
from shared.registration.completion import Completion
from shared.registration.configuration import RegistrationContext
from shared.registration.registering import ClientRegistration
from shared.registration.scopes import ScopeCatalogue
from shared.strict_json import JsonObject
from shared.telemetry import count

if TYPE_CHECKING:
    from shared.introspection.bearer_tokens import BearerTokens
    from shared.registration.management import ClientManagement

logger = logging.getLogger("bridge.registration")

# From a request's body to client metadata. A caller's dialect has its own, which runs once the caller is known.
type BodyReader = Callable[[bytes], JsonObject]


@dataclass(slots=True)
class LoggedRequest:
    """One request in the log: who did what to which client. `client_id` is the path's, or the new client's."""

    name: str
    client_id: str
    principal: Principal | None = None

    def log_success(self) -> None:
        self._log(logging.INFO, "done")

    def log_refusal(self, error: errors.OAuthError) -> None:
        """`detail` is for operators alone; secrets and contacts are in none of the members."""
        level, outcome = (logging.ERROR, "failed") if error.status >= 500 else (logging.WARNING, "refused")
        self._log(level, outcome, status=error.status, error=error.error, description=error.description, detail=error.detail)

    def _log(self, level: int, outcome: str, **more: object) -> None:
        members = {"action": self.name, "outcome": outcome, "client_id": self.client_id, **more}
        if self.principal is not None:
            members |= {"caller": self.principal.name, "kind": self.principal.kind.value}
        count("bridge.registrations", action=self.name, outcome=outcome)
        log_event(logger, level, "registration", {name: value for name, value in members.items() if value})


class RegistrationService:
    """Registers and manages clients. Every method takes an Exchange, returns a Response and raises an OAuthError."""

    def __init__(self, context: RegistrationContext, entra_tokens: "Callable[[], BearerTokens]") -> None:
        """`entra_tokens` is asked for when the first caller comes with a token of Entra's."""
        catalogue, completion = ScopeCatalogue(context), Completion(context)
        clients = Clients(context, completion)
        self._configuration = context.configuration
        self._authorization = Authorization(context.configuration, entra_tokens, context.clock)
        self._registration = ClientRegistration(context, catalogue, clients, completion)
        self._parts = context, catalogue, clients, completion

    @cached_property
    def _management(self) -> "ClientManagement":
        # Not loaded before the first registration.
        from shared.registration.management import ClientManagement

        return ClientManagement(*self._parts)

    def register(self, exchange: Exchange, read: BodyReader = parse_object) -> Response:
        """POST: 201 with the client information (RFC 7591 section 3.2.1)."""
        request = exchange.request
        with self._action("register", request) as action:
            action.principal = principal = self._authorization.to_register(request)
            if request.media_type != JSON:
                raise errors.UnsupportedMediaType("the body must be application/json")
            key = request.headers.get("idempotency-key", "")
            information = self._registration.register(principal, read(request.body), key, exchange)
            action.client_id = information["client_id"]
        return json_response(201, information)

    def read(self, exchange: Exchange) -> Response:
        """GET: 200 with the client information (RFC 7592 section 2.1)."""
        request = exchange.request
        with self._action("read", request) as action:
            principal = self._manager(request, action)
            information = self._management.read(principal, action.client_id, exchange.deadline)
        return json_response(200, information)

    def update(self, exchange: Exchange, read: BodyReader = parse_object) -> Response:
        """PUT: 200 with the client information after it (RFC 7592 section 2.2). Without a media type the body is read as JSON:
        MuleSoft's documented request names none, and no browser sends a PUT across sites unasked."""
        request = exchange.request
        with self._action("update", request) as action:
            principal = self._manager(request, action)
            if not self._configuration.allow_update:
                raise errors.MethodNotAllowed(self._methods())
            if request.media_type not in (JSON, ""):
                raise errors.UnsupportedMediaType("the body must be application/json")
            document = read(request.body)
            information = self._management.update(principal, action.client_id, document, exchange)
        return json_response(200, information)

    def delete(self, exchange: Exchange) -> Response:
        """DELETE: 204 without a body (RFC 7592 section 2.3)."""
        request = exchange.request
        with self._action("delete", request) as action:
            principal = self._manager(request, action)
            if not self._configuration.allow_delete:
                raise errors.MethodNotAllowed(self._methods())
            self._management.delete(principal, action.client_id, exchange.deadline)
        return Response(204, b"", dict(NO_STORE))

    def rotate(self, exchange: Exchange, *, immediate: bool = False) -> Response:
        """POST (PUT, PATCH) to the client's `/new-secret`: 200 with the client information and the new secret. A body isn't
        needed; `{"remove_old": true}` ends the old secrets at once, as `immediate` does for portals whose contract says
        so."""
        request = exchange.request
        with self._action("rotate", request) as action:
            principal = self._manager(request, action)
            document = parse_object(request.body) if request.body.strip() else {}
            asked = document.get("remove_old", immediate)
            if not isinstance(asked, bool):
                raise errors.InvalidRequest("remove_old must be true or false")
            information = self._management.rotate(principal, action.client_id, exchange, immediate=asked)
        return json_response(200, information)

    def _manager(self, request: Request, action: LoggedRequest) -> Principal:
        """Who manages the client of the path."""
        if not action.client_id:
            # The registration endpoint itself, which takes nothing but registrations.
            raise errors.MethodNotAllowed(("POST",))
        action.principal = self._authorization.to_manage(request, action.client_id)
        return action.principal

    def _methods(self) -> tuple[str, ...]:
        """RFC 7592 section 2: the methods that clients' URIs take at this bridge."""
        optional = (("PUT", self._configuration.allow_update), ("DELETE", self._configuration.allow_delete))
        return ("GET", *(method for method, allowed in optional if allowed))

    @contextmanager
    def _action(self, name: str, request: Request) -> Iterator[LoggedRequest]:
        """What a door does, within the caller's time: a failure of the directory becomes the caller's error, and what came of it
        is logged."""
        action = LoggedRequest(name, _client_id(request))
        try:
            yield action
        except graph.GraphFailure as failure:
            error = error_of_graph(failure)
            action.log_refusal(error)
            raise error from failure
        except errors.OAuthError as error:
            action.log_refusal(error)
            raise
        action.log_success()


def _client_id(request: Request) -> str:
    """From the path, or from the query: there WSO2's ForgeRock connector has it, as in the examples of RFC 7592. Entra's ids are
    GUIDs, in which case doesn't count."""
    return (request.params.get("client_id") or request.query.get("client_id", "")).lower()


def error_of_graph(failure: graph.GraphFailure) -> errors.OAuthError:
    """The error for a failure of the directory that no use case could mend. Graph's own words go to the log and no further.

    A value that Graph refuses is the caller's to change. A missing permission is the operator's fault, so not a 4xx. Everything
    that may pass by itself is 503 with Retry-After, so that a portal tries again.
    """
    detail = str(failure)
    match failure:
        case graph.PolicyRefused(lifetime=False):
            return errors.InvalidClientMetadata(
                "token_endpoint_auth_method: the tenant's policy allows no client secrets; use private_key_jwt", detail=detail
            )
        case graph.PolicyRefused():
            return errors.ServerError("the tenant's policy allows no client secrets as long-lived as the bridge's", detail=detail)
        case graph.SizeExceeded():
            return errors.InvalidClientMetadata(
                "the metadata is longer than the directory can keep for one client", detail=detail
            )
        case graph.TooManySecrets():
            return errors.Conflict("the client has as many secrets as the directory keeps", detail=detail)
        case graph.UniqueNameTaken():
            return errors.TemporarilyUnavailable("the name of this registration is taken for now", detail=detail)
        case graph.ValueRefused():
            return errors.InvalidClientMetadata("the directory refuses a value of this registration", detail=detail)
        case graph.PermissionRefused():
            return errors.ServerError(
                "the bridge lacks a right in the directory; its operator can see which in the log", detail=detail
            )
        case graph.QuotaExceeded():
            return errors.TemporarilyUnavailable(
                "the directory takes no more clients from this bridge", retry_after=3600, detail=detail
            )
        case graph.Throttled():
            return errors.TemporarilyUnavailable(
                "the directory asks to slow down", retry_after=_seconds(failure, 10), detail=detail
            )
        case graph.ConcurrentWrite():
            return errors.TemporarilyUnavailable("the client is being changed by another request", retry_after=5, detail=detail)
        case graph.DeadlineExceeded():
            return errors.TemporarilyUnavailable("the directory did not answer in time", retry_after=5, detail=detail)
        case _:
            return errors.TemporarilyUnavailable(
                "the directory cannot answer now", retry_after=_seconds(failure, 5), detail=detail
            )


def _seconds(failure: graph.GraphFailure, otherwise: int) -> int:
    """Retry-After in whole seconds, rounded up: Graph sends fractions."""
    return otherwise if failure.retry_after is None else min(3600, int(failure.retry_after) + 1)
