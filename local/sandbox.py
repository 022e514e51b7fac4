"""The whole bridge on one machine: the Entra emulator, the functions in the local host, and credentials made for the occasion."""

import hashlib
import json
import logging
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition
from typing import Any

from emulator.server import EntraEmulator, ResourceApi
from local.host.app import FunctionsHost
from shared.application import application

ROOT = Path(__file__).parents[1]
SCHEDULE = "0 0 3 * * *"
# Seconds by which replicas lag: less than Entra's, so that nobody waits long, and enough to be met.
LAG = (0.05, 0.5)


@dataclass(frozen=True, slots=True)
class IntrospectionClient:
    """A gateway that may introspect."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where everything is and how to be let in. `authorization` is the literal that a portal is configured with."""

    url: str
    entra: EntraEmulator
    host: FunctionsHost
    api: ResourceApi
    legacy_api: ResourceApi
    authorization: str = field(repr=False)
    introspection_client: IntrospectionClient

    @property
    def token_endpoint(self) -> str:
        """The emulated tenant's v2.0 token endpoint."""
        return f"{self.entra.url}/{self.entra.tenant_id}/oauth2/v2.0/token"

    @property
    def scope(self) -> str:
        """What a client asks for to be let in at the API that the gateway protects."""
        return f"{self.api.identifier_uri}/.default"

    def application(self, client_id: str) -> Mapping[str, Any] | None:
        """The application object of a client as the directory has it; None where there is none."""
        record = self.entra.directory.applications.by_key["appId"].get(client_id)
        return record.state if record is not None and record.alive else None


class RecordKeeper(logging.Handler):
    """Keeps the log records of one logger, so that they can be shown."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []
        self._logger = logging.getLogger(name)
        self._arrival = Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._arrival:
            self.records.append(record)
            self._arrival.notify_all()

    def wait_for(self, test: Callable[[logging.LogRecord], bool], seconds: float = 30) -> bool:
        """Return True when a record passes the test, False when none did in so many seconds."""
        with self._arrival:
            return self._arrival.wait_for(lambda: any(test(record) for record in self.records), seconds)

    def __enter__(self) -> "RecordKeeper":
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


def free_port(wanted: int = 0) -> int:
    """A loopback port that nothing listens on: the wanted one if it is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on the loopback address")


@contextmanager
def sandbox(
    port: int = 0,
    settings: Mapping[str, str] | None = None,
    lag: tuple[float, float] = LAG,
    roles: Sequence[str] = ("Application.ReadWrite.OwnedBy",),
) -> Iterator[Sandbox]:
    """Start everything, and stop it at the end. `settings` are added to the bridge's, or take the place of some. `lag`: by how
    many seconds at least and at most the directory's replicas are behind. `roles`: the bridge's permissions of Graph."""
    gateway = IntrospectionClient("mule-gateway", secrets.token_urlsafe(24))
    authorization = f"Bearer {secrets.token_urlsafe(24)}"
    port = free_port(port)
    url = f"http://127.0.0.1:{port}"
    with EntraEmulator(lag=lag) as entra:
        bridge = entra.add_caller("Entra DCR Bridge", roles=roles)
        api = entra.add_resource_api("Orders API", "api://orders", scopes=("Orders.Read",), app_roles=("Orders.Read.All",))
        # An API that never asked for newer tokens gets v1 ones, whichever endpoint its clients call.
        legacy = entra.add_resource_api("Legacy API", "api://legacy", token_version=1)
        caller = {
            "client_id": gateway.client_id,
            "secret_sha256": [hashlib.sha256(gateway.secret.encode()).hexdigest()],
            "audiences": [api.app_id, legacy.identifier_uri],
        }
        own = {
            "BRIDGE_BASE_URL": url,
            "ENTRA_TENANT_ID": entra.tenant_id,
            "ENTRA_AUTHORITY_URL": entra.url,
            "ENTRA_GRAPH_URL": entra.url,
            "ENTRA_CA_BUNDLE": entra.ca_file,
            "ENTRA_CLIENT_ID": bridge.client_id,
            "ENTRA_CLIENT_SECRET": bridge.client_secret or "",
            "REGISTRATION_CREDENTIALS": json.dumps([{"name": "anypoint", "authorization": authorization}]),
            "REGISTRATION_SEALING_KEYS": secrets.token_urlsafe(32),
            "REGISTRATION_RESOURCE_APIS": json.dumps([{"app_id": api.app_id, "prefix": f"{api.identifier_uri}/"}]),
            "INTROSPECTION_CALLERS": json.dumps([caller]),
            # The emulator answers at once; a busy machine may not.
            "REGISTRATION_BUDGET_MILLISECONDS": "15000",
            "AUDIT_SCHEDULE": SCHEDULE,
            **(settings or {}),
        }
        # One application object a worker: another sandbox in the same process begins anew.
        application.cache_clear()
        try:
            with FunctionsHost(ROOT, own) as host, host.serving(port):
                yield Sandbox(url, entra, host, api, legacy, authorization, gateway)
        finally:
            application().close()
            application.cache_clear()
