"""Registration as the doors see it: one method a door, from request to response, each answer or refusal in the audit record."""

from collections.abc import Callable

from shared.clock import Clock
from shared.errors import InvalidRequest, MethodNotAllowed, OAuthError, UnsupportedMediaType
from shared.graph.errors import GraphFailure
from shared.http.message import JSON, NO_STORE, Request, Response, json_response, parse_object
from shared.registration import event_log
from shared.registration.authorization import Authorization, Principal
from shared.registration.clients import Clients
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.deletion import Deletion
from shared.registration.event_log import AuditEvent
from shared.registration.graph_answers import answer_to
from shared.registration.issuing import SecretIssuer
from shared.registration.management import Reading
from shared.registration.ports import ClientDirectory, EntraTokens
from shared.registration.registering import Registering
from shared.registration.resolution import Resolver
from shared.registration.rotation import Rotation
from shared.registration.scopes import ScopeCatalogue
from shared.registration.updating import Updating
from shared.retry import Deadline
from shared.strict_json import JsonObject


class RegistrationService:
    """Registers and manages clients. Every method takes a Request, returns a Response and raises an OAuthError.

    The client of a request is the route's value `client_id`.
    """

    def __init__(
        self,
        configuration: RegistrationConfiguration,
        directory: ClientDirectory,
        clock: Clock,
        entra_tokens: EntraTokens,
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._authorization = Authorization(configuration, entra_tokens, clock)
        issuer = SecretIssuer(configuration, directory, clock)
        clients = Clients(configuration, directory, clock)
        resolver = Resolver(configuration, ScopeCatalogue(directory, configuration.resource_apis, clock), clock)
        self._registering = Registering(configuration, directory, clock, resolver, issuer)
        self._reading = Reading(configuration, directory, clock, clients)
        self._updating = Updating(configuration, directory, clock, clients, resolver, issuer)
        self._deletion = Deletion(configuration, directory, clients)
        self._rotation = Rotation(configuration, directory, clock, clients, issuer)

    def register(self, request: Request) -> Response:
        """POST: 201 with the client information (RFC 7591 section 3.2.1)."""

        def use(principal: Principal, deadline: Deadline) -> JsonObject:
            if request.media_type != JSON:
                raise UnsupportedMediaType("the body must be application/json")
            key = request.headers.get("idempotency-key", "")
            return self._registering.register(principal, parse_object(request.body), key, deadline)

        return json_response(201, self._carry_out("register", request, self._authorization.to_register, use))

    def read(self, request: Request) -> Response:
        """GET: 200 with the client information (RFC 7592 section 2.1)."""

        def use(principal: Principal, deadline: Deadline) -> JsonObject:
            return self._reading.read(principal, _client_id(request), deadline)

        return json_response(200, self._carry_out("read", request, self._manager, use))

    def update(self, request: Request) -> Response:
        """PUT: 200 with the client information after it (RFC 7592 section 2.2). Without a media type the body is read as JSON:
        MuleSoft's documented request names none, and no browser sends a PUT across sites unasked."""

        def use(principal: Principal, deadline: Deadline) -> JsonObject:
            if not self._configuration.allow_update:
                raise MethodNotAllowed(self._methods())
            if request.media_type not in (JSON, ""):
                raise UnsupportedMediaType("the body must be application/json")
            return self._updating.update(principal, _client_id(request), parse_object(request.body), deadline)

        return json_response(200, self._carry_out("update", request, self._manager, use))

    def delete(self, request: Request) -> Response:
        """DELETE: 204 without a body (RFC 7592 section 2.3)."""

        def use(principal: Principal, deadline: Deadline) -> JsonObject:
            if not self._configuration.allow_delete:
                raise MethodNotAllowed(self._methods())
            self._deletion.delete(principal, _client_id(request), deadline)
            return {}

        self._carry_out("delete", request, self._manager, use)
        return Response(204, b"", dict(NO_STORE))

    def rotate(self, request: Request, *, immediate: bool = False) -> Response:
        """POST (PUT, PATCH) to the client's `/new-secret`: 200 with the client information and the new secret. A body isn't
        needed; `{"remove_old": true}` ends the old secrets at once, as `immediate` does for portals whose contract says
        so."""

        def use(principal: Principal, deadline: Deadline) -> JsonObject:
            document = parse_object(request.body) if request.body.strip() else {}
            asked = document.get("remove_old", immediate)
            if not isinstance(asked, bool):
                raise InvalidRequest("remove_old must be true or false")
            return self._rotation.rotate(principal, _client_id(request), deadline, immediate=asked)

        return json_response(200, self._carry_out("rotate", request, self._manager, use))

    def _manager(self, request: Request) -> Principal:
        if not _client_id(request):
            # The registration endpoint itself, which takes nothing but registrations.
            raise MethodNotAllowed(("POST",))
        return self._authorization.to_manage(request, _client_id(request))

    def _methods(self) -> tuple[str, ...]:
        """RFC 7592 section 2: the methods that clients' URIs take at this bridge."""
        optional = (("PUT", self._configuration.allow_update), ("DELETE", self._configuration.allow_delete))
        return ("GET", *(method for method, allowed in optional if allowed))

    def _carry_out(
        self,
        action: str,
        request: Request,
        authorize: Callable[[Request], Principal],
        use: Callable[[Principal, Deadline], JsonObject],
    ) -> JsonObject:
        """Let the use case answer within the caller's time, and write down what came of it."""
        deadline = Deadline.after(self._clock, self._configuration.budget)
        principal = None
        try:
            principal = authorize(request)
            answer = use(principal, deadline)
        except GraphFailure as failure:
            error = answer_to(failure)
            _record_refusal(action, request, principal, error)
            raise error from failure
        except OAuthError as error:
            _record_refusal(action, request, principal, error)
            raise
        client_id = answer.get("client_id", _client_id(request))
        event_log.write(AuditEvent(action, "done", principal.name, principal.kind.value, client_id))
        return answer


def _client_id(request: Request) -> str:
    """From the path, or from the query: there WSO2's ForgeRock connector has it, as in the examples of RFC 7592."""
    return request.params.get("client_id") or request.query.get("client_id", "")


def _record_refusal(action: str, request: Request, principal: Principal | None, error: OAuthError) -> None:
    event_log.write(
        AuditEvent(
            action,
            "failed" if error.status >= 500 else "refused",
            principal.name if principal else "",
            principal.kind.value if principal else "",
            _client_id(request),
            error.status,
            error.error,
            error.description,
            error.detail,
        )
    )
