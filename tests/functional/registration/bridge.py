"""A registration service with everything around it, and the requests that tests make of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from emulator.server import EntraEmulator
from shared.background import Background
from shared.environment import Environment
from shared.errors import OAuthError
from shared.graph.client import GraphClient
from shared.graph.directory import Directory
from shared.graph.tenant_rules import NO_RULES
from shared.http.exchange import Exchange
from shared.http.message import Request, Response, error_response
from shared.introspection.bearer_tokens import BearerTokens
from shared.registration.configuration import RegistrationConfiguration, RegistrationContext, StaticCredential
from shared.registration.endpoint import RegistrationService
from shared.registration.memory import WorkerMemory
from shared.registration.policy import OPEN_POLICY, USUAL_POLICIES
from shared.registration.tokens import Key
from shared.retry import Deadline
from shared.settings.registration import read_registration

BASE_URL = "https://bridge.example.com"
GRAPH = "https://graph.microsoft.com/v1.0"
PORTAL = "SSWS portal-credential-0123456789"
OTHER_PORTAL = "Bearer other-portal-credential-9876543210"
API_KEY = "abcdefghijkl_0123456789"
SEALING_KEY = Key("k1", "sealing-key-of-the-tests-0123456789abcdef")

type Json = dict[str, Any]

WEB: Json = {
    "client_name": "Orders portal",
    "redirect_uris": ["https://orders.example.com/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_basic",
}


def credential(name: str, value: str, policy: str = "default", header: Any = "authorization") -> StaticCredential:
    return StaticCredential(name, hashlib.sha256(value.encode()).digest(), header, policy)


# Open registration where each client is one of its own.
UNSHARED = {**USUAL_POLICIES, "open": replace(OPEN_POLICY, share_public_clients="never")}


def configuration() -> RegistrationConfiguration:
    """The configuration that tests start from."""
    environment = Environment({"REGISTRATION_SEALING_KEYS": json.dumps([asdict(SEALING_KEY)])})
    usual = read_registration(environment, BASE_URL, "entra-dcr-bridge")
    environment.done()
    return usual._replace(
        static_credentials=(
            credential("portal", PORTAL),
            credential("other-portal", OTHER_PORTAL),
            credential("kong", API_KEY, header="x-api-key"),
        ),
    )


class EmulatorCredential:
    """A token of the emulator's own token service for an application that may manage the applications it owns, or with `role`."""

    def __init__(self, emulator: EntraEmulator, name: str = "bridge", role: str = "Application.ReadWrite.OwnedBy") -> None:
        self._emulator = emulator
        self.account = emulator.add_caller(name, roles=[role])
        self._token = ""

    def token(self, deadline: Deadline, *, rejected: str = "", claims_challenge: str | None = None) -> str:
        if not self._token or rejected == self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.account.client_id,
                "client_secret": self.account.client_secret,
                "scope": "https://graph.microsoft.com/.default",
            }
            url = f"https://login.microsoftonline.com/{self._emulator.tenant_id}/oauth2/v2.0/token"
            self._token = self._emulator.session().post(url, data=form).json()["access_token"]
        return self._token


class PrimarySession:
    """A session whose reads see what is written, however far the replicas are behind: what tests look at."""

    def __init__(self, emulator: EntraEmulator) -> None:
        self._session = emulator.session()
        self._consistency = emulator.consistency

    def request(self, *args: Any, **kwargs: Any) -> Any:
        share, self._consistency.replica_share = self._consistency.replica_share, 0.0
        try:
            return self._session.request(*args, **kwargs)
        finally:
            self._consistency.replica_share = share


class FakeEntraTokens(BearerTokens):
    """Judges Entra's tokens by a table: token -> (audience, claims)."""

    def __init__(self) -> None:
        self.tokens: dict[str, tuple[str, Json]] = {}

    def verify(self, token: str, audience: str, tenants: frozenset[str] | None = None) -> Mapping[str, Any] | None:
        meant_for, claims = self.tokens.get(token, ("", {}))
        return claims if meant_for == audience else None


class Bridge:
    """The service, its configuration, and the emulator behind it."""

    def __init__(self, emulator: EntraEmulator, settings: RegistrationConfiguration) -> None:
        self.emulator = emulator
        self.configuration = settings
        self.clock = emulator.clock
        self.entra_tokens = FakeEntraTokens()
        credential = EmulatorCredential(emulator)
        self.account = credential.account
        self._seen = self.directory_for(credential)
        self.rules = NO_RULES
        primary: Any = PrimarySession(emulator)
        self.directory = Directory(GraphClient(GRAPH, credential, primary, self.clock))
        self.restart()

    def directory_for(self, credential: EmulatorCredential) -> Directory:
        """The directory as somebody's calls see it."""
        return Directory(GraphClient(GRAPH, credential, self.emulator.session(), self.clock))

    def reconfigure(self, **changes: Any) -> None:
        """The same app after a restart with other settings, on the same directory and as the same application."""
        self.configuration = self.configuration._replace(**changes)
        self._start()

    def restart(self) -> None:
        """Another worker: what this one had left to do and what it remembered are lost."""
        self.background = Background(self.clock, threads=0)
        self.memory = WorkerMemory(self.clock)
        self._start()

    def _start(self) -> None:
        rules = lambda: self.rules  # noqa: E731
        self.context = RegistrationContext(self.configuration, self._seen, self.clock, self.background, self.memory, rules)
        self.service = RegistrationService(self.context, lambda: self.entra_tokens)

    def work_behind(self) -> None:
        """Do all that is left to do behind the answers."""
        while self.background.run_due():
            pass

    def call(
        self,
        method: str,
        client_id: str = "",
        body: object = None,
        *,
        authorization: str | None = PORTAL,
        rotate: bool = False,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        behind: bool = True,
        patient: bool = True,
    ) -> Response:
        """One request as a door would hand it over; an error comes back rendered. What is left to do behind the answer is done at
        once, unless `behind` is False. A caller that is `patient` asks again for a minute where it is told to."""
        sent = {"authorization": authorization} if authorization is not None else {}
        if body is not None or raw is not None:
            sent["content-type"] = "application/json"
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        path = "/register" + (f"/{client_id}" if client_id else "") + ("/new-secret" if rotate else "")
        params = {"client_id": client_id} if client_id else {}
        request = Request(method, path, {**sent, **(headers or {})}, query or {}, params, content)
        handlers = {
            "POST": self.service.register,
            "GET": self.service.read,
            "PUT": self.service.update,
            "DELETE": self.service.delete,
        }
        handler = self.service.rotate if rotate else handlers[method]
        patience = self.deadline(60 if patient else 0)
        while True:
            try:
                return handler(Exchange(request, self.deadline(self.configuration.budget)))
            except OAuthError as error:
                response = error_response(error)
                pause = response.headers.get("Retry-After")
                if response.status != 503 or pause is None or not patience.pause(float(pause)):
                    return response
            finally:
                if behind:
                    self.work_behind()

    def register(self, body: object = None, **options: Any) -> Json:
        """The client information of a registration that must succeed."""
        response = self.call("POST", body=WEB if body is None else body, **options)
        assert response.status == 201, response.body
        return content(response)

    def application(self, client_id: str) -> Json:
        """The application object as the directory has it."""
        deadline = self.deadline()
        application = self.directory.read_application(client_id, deadline)
        assert application is not None
        return application

    def deadline(self, seconds: float = 30) -> Deadline:
        return Deadline.after(self.clock, seconds)

    def token_status(self, client_id: str, secret: str) -> int:
        """The token service's status for a client that asks for a token with its secret, as soon as all has arrived."""
        self.emulator.consistency.settle()
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        url = f"https://login.microsoftonline.com/{self.emulator.tenant_id}/oauth2/v2.0/token"
        return self.emulator.session().post(url, data={**form, "scope": f"{client_id}/.default"}).status_code


def content(response: Response) -> Json:
    """The JSON object of an answer."""
    body = json.loads(response.body)
    assert isinstance(body, dict)
    return body


def bearer(information: Json) -> str:
    """The Authorization value that a client's registration access token makes."""
    return f"Bearer {information['registration_access_token']}"


def update_of(client: Json, **changes: Any) -> Json:
    """A full update as a client makes it: what it wants to be, and its id."""
    return {**WEB, "client_id": client["client_id"], **changes}


def assert_error(response: Response, status: int, error: str, member: str = "") -> None:
    """An OAuth error: status and code, both members there, and the member at fault named."""
    body = content(response)
    assert (response.status, body["error"]) == (status, error), body
    assert body["error_description"]
    assert member in body["error_description"], body
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
