"""WSO2 API Manager's key manager connectors: Keycloak's, ForgeRock's, Okta's and the resident one, below one prefix.

    POST   {base}/token, {base}/revoke                            Keycloak's and ForgeRock's own access token
    POST   {base}/register                                        201
    GET, PUT, DELETE {base}/register/{client_id}                  ForgeRock's: {base}/register?client_id=...
    PUT    {base}/register/{client_id}/lifecycle/newSecret        Okta's                200
    POST   {base}/register/{client_id}/regenerate-consumer-secret the resident one's    201
    POST   {base}/register/{client_id}/change-owner               the resident one's    201

They read answers with Gson: any 2xx is success, numbers must be integers, unknown members are ignored.
"""

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import Clock
from shared.http.exchange import Exchange
from shared.http.message import Response, json_response, parse_object
from shared.portals.caller_tokens import CallerTokenEndpoint
from shared.portals.dialect import Methods, choose_endpoint, information_of, path_segments, request_about
from shared.registration.client_type import uses_redirects
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.endpoint import RegistrationService
from shared.registration.metadata import Texts, read_members
from shared.registration.tokens import unseal_token
from shared.strict_json import JsonObject

# The one name that ForgeRock's connector writes and reads.
ENGLISH_NAME = "client_name#en"
# What it sends as the redirect URI of a client whose user gave none.
_NO_REDIRECT_URI = "https://localhost:9443"


class ConnectorMetadata(BaseModel):
    """The members whose form differs between the connectors and RFC 7591; the others stay as they are."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, defer_build=True)

    english_name: str | None = Field(default=None, alias="client_name#en")
    grant_types: Texts = None
    redirect_uris: Texts = None
    response_types: Texts = None

    def as_metadata(self) -> JsonObject:
        """The client metadata of RFC 7591 section 2."""
        metadata: JsonObject = dict(self.model_extra or {})
        if self.english_name is not None:
            metadata["client_name"] = self.english_name
        uris, grants = self.redirect_uris, self.grant_types
        if uris and grants and not uses_redirects(grants):
            uris = tuple(uri for uri in uris if uri != _NO_REDIRECT_URI)
        responses = None if self.response_types is None else [kind for kind in self.response_types if kind != "none"]
        given = {"grant_types": grants, "redirect_uris": uris, "response_types": responses}
        return metadata | {name: list(value) for name, value in given.items() if value is not None}


def read_metadata(body: bytes) -> JsonObject:
    """Client metadata from the body of a creation. Raises InvalidRequest, InvalidClientMetadata, InvalidRedirectUri."""
    return read_members(ConnectorMetadata, parse_object(body)).as_metadata()


def render_information(response: Response, status: int | None = None) -> Response:
    """The answer with the client's name as ForgeRock's connector reads it; without that its next update has none."""
    information = information_of(response)
    return json_response(status or response.status, {**information, ENGLISH_NAME: information["client_name"]})


class Wso2Portal:
    """The paths of the connectors."""

    def __init__(self, registration: RegistrationService, configuration: RegistrationConfiguration, clock: Clock) -> None:
        self._registration = registration
        self._configuration = configuration
        self._tokens = CallerTokenEndpoint(configuration, clock)

    def answer(self, exchange: Exchange) -> Response:
        """The answer to a request below the prefix. Raises an OAuthError."""
        methods: Methods | None = None
        match path_segments(exchange.request):
            case ["token"]:
                methods = {"POST": self._tokens.issue}
            case ["revoke"]:
                methods = {"POST": self._tokens.revoke}
            case ["register"] if exchange.request.query.get("client_id"):
                methods = self._of_client(exchange.request.query["client_id"])
            case ["register"]:
                methods = {"POST": partial(self._informed, "", self._create)}
            case ["register", client_id]:
                methods = self._of_client(client_id)
            case ["register", client_id, "lifecycle", "newSecret"]:
                renew = partial(self._informed, client_id, self._registration.rotate)
                methods = {"PUT": renew, "POST": renew}
            case ["register", client_id, "regenerate-consumer-secret"]:
                methods = {"POST": partial(self._informed, client_id, self._registration.rotate, status=201)}
            case ["register", client_id, "change-owner"]:
                # The owner is WSO2's affair: who manages the client at the bridge stays the same.
                methods = {"POST": partial(self._informed, client_id, self._registration.read, status=201)}
        return choose_endpoint(methods, exchange.request.method)(exchange)

    def _of_client(self, client_id: str) -> Methods:
        return {
            "GET": partial(self._informed, client_id, self._registration.read),
            "PUT": partial(self._informed, client_id, partial(self._update, client_id)),
            "DELETE": partial(self._delete, client_id),
        }

    def _informed(
        self, client_id: str, use: Callable[[Exchange], Response], exchange: Exchange, *, status: int | None = None
    ) -> Response:
        exchange.translate(request_about(exchange, client_id), partial(render_information, status=status))
        return render_information(use(exchange), status)

    def _create(self, exchange: Exchange) -> Response:
        return self._registration.register(exchange, read_metadata)

    def _update(self, client_id: str, exchange: Exchange) -> Response:
        return self._registration.update(exchange, lambda body: self._without_echo(read_metadata(body), client_id.lower()))

    def _delete(self, client_id: str, exchange: Exchange) -> Response:
        exchange.request = request_about(exchange, client_id)
        return self._registration.delete(exchange)

    def _without_echo(self, metadata: JsonObject, client_id: str) -> JsonObject:
        """ForgeRock's connector sends back what a read gave it, against RFC 7592 section 2.2. A token and URI of this client say
        nothing and are left out; others stay, and registration refuses them."""
        token = metadata.get("registration_access_token")
        unsealed = unseal_token(token, self._configuration.sealing_keys) if isinstance(token, str) else None
        own = set()
        if unsealed is not None and unsealed.client_id == client_id:
            own.add("registration_access_token")
        if metadata.get("registration_client_uri") == self._configuration.client_uri(client_id):
            own.add("registration_client_uri")
        return {name: value for name, value in metadata.items() if name not in own}
