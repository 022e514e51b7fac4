"""The audit's report page in Azurite: put, replaced, and refused, as Azure Storage does it for tokens of Entra's.

Azurite checks a token's audience, issuer and times, not its signature nor its roles, and takes tokens over https alone.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest
import requests
import trustme

from shared.audit.azure import BLOB_VERSION, ReportBlob
from shared.audit.report.page import render_page
from shared.audit.sinks import SinkFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.clock import SystemClock
from shared.graph.session import DirectorySession
from shared.retry import Deadline
from tests.functional.audit.test_webhook import run

FOLDER = Path(__file__).parent
ISSUER = "https://sts.windows.net/5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01/"
STORAGE = "https://storage.azure.com"


class Storage(NamedTuple):
    """Azurite, with a container for reports."""

    account: str
    ca_file: str

    @property
    def page(self) -> str:
        """The address of the report."""
        return f"{self.account}/reports/secrets.html"

    def ask(self, method: str, url: str, **request: Any) -> requests.Response:
        """One request with a good token."""
        headers = {"Authorization": f"Bearer {token()}", "x-ms-version": BLOB_VERSION}
        return requests.request(method, url, headers=headers, verify=self.ca_file, timeout=20, **request)


def token(audience: str = STORAGE, lives: int = 3600) -> str:
    now = int(time.time())
    claims = {"aud": audience, "iss": ISSUER, "nbf": now - 10, "iat": now - 10, "exp": now + lives, "oid": "bridge"}
    return jwt.encode(claims, "a key that Azurite does not look at", algorithm="HS256")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    folder = tmp_path_factory.mktemp("azurite")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    own = authority.issue_cert("127.0.0.1")
    own.private_key_pem.write_to_path(str(folder / "key.pem"))
    own.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    blob, queue, table = free_port(), free_port(), free_port()
    command = [
        *("node", str(FOLDER / "node_modules/azurite/dist/src/azurite.js")),
        *("--silent", "--disableTelemetry", "--inMemoryPersistence", "--oauth", "basic"),
        *("--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem")),
        *("--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as azurite:
        found = Storage(f"https://127.0.0.1:{blob}/devstoreaccount1", str(folder / "ca.pem"))
        try:
            assert made_container(found, azurite)
            yield found
        finally:
            azurite.terminate()


def made_container(storage: Storage, azurite: "subprocess.Popen[bytes]") -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end and azurite.poll() is None:
        try:
            return storage.ask("PUT", f"{storage.account}/reports?restype=container").status_code == 201
        except requests.ConnectionError:
            time.sleep(0.2)
    return False


def sink(storage: Storage, **claims: Any) -> ReportBlob:
    caller = HttpsCaller(DirectorySession(storage.ca_file), SystemClock())
    return ReportBlob(caller, storage.page, lambda *_: token(**claims))


def deadline() -> Deadline:
    return Deadline.after(SystemClock(), 20)


def test_the_page_is_put_and_each_run_replaces_it(storage: Storage) -> None:
    for _ in range(2):
        sink(storage).report_run(run(), deadline())
        answer = storage.ask("GET", storage.page)
        assert answer.status_code == 200
        assert answer.content == render_page(run()).encode()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["x-ms-blob-type"] == "BlockBlob"


@pytest.mark.parametrize("claims", [{"audience": "https://graph.microsoft.com"}, {"lives": -600}])
def test_a_token_that_storage_does_not_take_is_a_failed_sink(storage: Storage, claims: dict[str, Any]) -> None:
    with pytest.raises(SinkFailure, match=r"127\.0\.0\.1 answered 40[13]"):
        sink(storage, **claims).report_run(run(), deadline())


def test_a_container_that_is_not_there_is_a_failed_sink(storage: Storage) -> None:
    nowhere = storage._replace(account=storage.account.replace("devstoreaccount1", "devstoreaccount1/nowhere"))
    with pytest.raises(SinkFailure, match="answered 404"):
        sink(nowhere).report_run(run(), deadline())
