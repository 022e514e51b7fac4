"""The Entra emulator: one object that holds the tenant and, while started, serves it over TLS."""

import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from requests import Session

from emulator.assumptions import Assumptions
from emulator.call_log import CallLog
from emulator.certificates import Authority
from emulator.clock import Clock
from emulator.clouds import CLOUDS
from emulator.consistency import Consistency, Lag
from emulator.control.surface import ControlSurface
from emulator.directory.directory import Directory
from emulator.dispatch import Dispatcher
from emulator.faults import Fault, Faults
from emulator.graph.listing import Lister
from emulator.graph.routes import build_graph
from emulator.listener import Listener
from emulator.message import Request, Response
from emulator.seeding import CallerAccount, ResourceApi, Seeding
from emulator.sts.managed_identity import ManagedIdentities
from emulator.sts.mint import Mint
from emulator.sts.service import TokenService
from emulator.sts.signing_keys import SigningKeys
from emulator.tenant import Tenant
from emulator.throttling import Throttling
from emulator.transport import in_process_session

__all__ = ["CallerAccount", "EntraEmulator", "ResourceApi"]


class EntraEmulator(Seeding):
    """One emulated tenant: Microsoft Graph and the token service on one host.

    As a context manager, or between `start` and `stop`, it serves at `url`. Without that it answers in-process: `answer` takes
    a request, `session` gives a `requests` session. `cloud` is "public", "usgov", "usdod" or "china"; `issuer_base` replaces the
    emulator's own URL in v2 issuers; `host` and `port` are where to listen, `host_names` further names for the certificate.
    `throttles`: whether requests are counted, and refused beyond Graph's limits (`emulator.throttling`).
    `lag` is the least and the most seconds that replicas lag (`emulator.consistency`), DEFAULT_LAG unless given.
    """

    def __init__(
        self,
        *,
        tenant_id: str | None = None,
        cloud: str = "public",
        host: str = "127.0.0.1",
        port: int = 0,
        host_names: Sequence[str] = (),
        issuer_base: str = "",
        seed: int = 0,
        lag: Lag | None = None,
        throttles: bool = False,
    ) -> None:
        self._host, self._port, self._host_names = host, port, tuple(host_names)
        self._listener: Listener | None = None
        self._authority: Authority | None = None
        self.tenant_id = tenant_id or str(uuid.uuid4())
        self.clock = Clock()
        self.consistency = Consistency(self.clock, seed, lag)
        self.faults = Faults(seed)
        self.keys = SigningKeys()
        domain = "example.onmicrosoft.com"
        self.directory = Directory(self.tenant_id, domain, self.clock, self.consistency)
        self.tenant = Tenant(
            tenant_id=self.tenant_id,
            url="https://localhost",
            clock=self.clock,
            consistency=self.consistency,
            directory=self.directory,
            keys=self.keys,
            assumptions=self.directory.assumptions,
            cloud=CLOUDS[cloud],
            domain=domain,
            issuer_base=issuer_base,
        )
        if throttles:
            self.tenant.throttling = Throttling(self.clock, self.assumptions, lambda: len(self.directory.users.live))
        lister = Lister()
        self.sts = TokenService(self.tenant)
        self.mint = Mint(self.tenant, self.sts.issuer)
        self.managed_identities = ManagedIdentities(self.tenant, self.sts.issuer)
        others = {"_emulator": ControlSurface(self).answer, "msi": self.managed_identities.answer}
        self.answer = Dispatcher(self.tenant, build_graph(self.tenant, lister), lister, self.sts.answer, others, self.faults)

    @property
    def url(self) -> str:
        """Where the emulator is: authority host and Graph host alike."""
        return self.tenant.url

    @property
    def ca_file(self) -> str:
        """The path of the CA's certificate (PEM); RuntimeError before `start`."""
        if self._authority is None:
            raise RuntimeError("the emulator was not started, so it has no CA")
        return self._authority.ca_file

    @property
    def requests(self) -> CallLog:
        """The calls received so far."""
        return self.answer.log

    @property
    def assumptions(self) -> Assumptions:
        """The switches for what is not established about Entra."""
        return self.tenant.assumptions

    def start(self) -> Self:
        """Serve over TLS in a thread; returns when connections are accepted."""
        self._authority = Authority(self._host_names)
        self._listener = Listener(self.answer, self._host, self._port, self._authority.server_context(), self._strike_connection)
        shown = self._host_names[0] if self._host_names else ("127.0.0.1" if self._host == "0.0.0.0" else self._host)  # noqa: S104
        self.tenant.url = f"https://{shown}:{self._listener.port}"
        self._listener.start()
        return self

    def stop(self) -> None:
        """Stop serving; the state stays."""
        if self._listener is not None:
            self._listener.stop()
        if self._authority is not None:
            self._authority.close()
        self._listener = self._authority = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def session(self, elapse: bool = False) -> Session:
        """A `requests` session that reaches the emulator without a socket, whatever host its URLs name.

        Each request is a connection of its own. With `elapse` the virtual clock moves by what slow answers and time-outs take.
        """
        return in_process_session(self.answer, self._strike_connection, self.clock.advance if elapse else None)

    def _strike_connection(self) -> Fault | None:
        return self.faults.strike("connection")

    def handle(self, request: Request) -> Response:
        """Answer one request in-process."""
        return self.answer(request)

    @property
    def identity_environment(self) -> dict[str, str]:
        """The environment variables by which a function app finds its managed identities."""
        return {"IDENTITY_ENDPOINT": f"{self.url}{ManagedIdentities.path}", "IDENTITY_HEADER": self.managed_identities.header}

    def token_for(self, account: CallerAccount, scope: str = "") -> str:
        """A token, for Graph unless `scope` says otherwise, for a client with its secret; RuntimeError when refused."""
        wanted = scope or f"{self.tenant.cloud.graph_resource}/.default"
        form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
        answer = self.session().post(f"{self.url}/{self.tenant_id}/oauth2/v2.0/token", data={**form, "scope": wanted})
        if answer.status_code != 200:
            raise RuntimeError(answer.json()["error_description"])
        return str(answer.json()["access_token"])
