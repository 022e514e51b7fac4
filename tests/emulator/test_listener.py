"""The listener: TLS with its own CA, and connections that break."""

import gc
import socket
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from emulator.server import EntraEmulator


@pytest.fixture
def session(served: EntraEmulator) -> requests.Session:
    """A session that trusts the emulator's CA and carries a token."""
    session = requests.Session()
    session.trust_env = False
    session.verify = served.ca_file
    account = served.add_caller("bridge", ("Application.ReadWrite.OwnedBy",))
    session.headers["Authorization"] = f"Bearer {served.token_for(account)}"
    served.faults.clear()
    return session


def test_serves_metadata_graph_and_keys_at_one_url(served: EntraEmulator, session: requests.Session) -> None:
    document = session.get(f"{served.url}/{served.tenant_id}/v2.0/.well-known/openid-configuration", timeout=10).json()
    assert document["issuer"] == f"{served.url}/{served.tenant_id}/v2.0"
    assert session.get(document["jwks_uri"], timeout=10).json()["keys"]
    assert session.get(f"{served.url}/v1.0/applications", timeout=10).status_code == 200


def test_other_clients_do_not_trust_it(served: EntraEmulator) -> None:
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        session.get(served.url, timeout=10)


def test_a_reset_reaches_the_client_before_and_after_the_commit(served: EntraEmulator, session: requests.Session) -> None:
    url = f"{served.url}/v1.0/applications"
    for kind, expected in (("reset_before", 0), ("reset_after", 1)):
        served.faults.add(kind, method="POST")
        with pytest.raises(requests.ConnectionError):
            session.post(url, json={"displayName": "x", "tags": [kind]}, timeout=10)
        listed = session.get(url, params={"$filter": f"tags/any(t:t eq '{kind}')"}, timeout=10)
        assert len(listed.json()["value"]) == expected


def test_a_truncated_answer_is_noticed(served: EntraEmulator, session: requests.Session) -> None:
    served.faults.add("truncated")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        session.get(f"{served.url}/v1.0/applications", timeout=10)


def test_a_slow_answer_times_out(served: EntraEmulator, session: requests.Session) -> None:
    served.faults.add("slow", seconds=30)
    with pytest.raises(requests.Timeout):
        session.get(f"{served.url}/v1.0/applications", timeout=0.2)


def test_the_log_holds_what_was_called_and_no_secret(served: EntraEmulator, session: requests.Session) -> None:
    account = served.add_caller("logged")
    served.requests.clear()
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": str(account.client_secret)}
    session.post(f"{served.url}/{served.tenant_id}/oauth2/v2.0/token", data=form, timeout=10)
    session.get(f"{served.url}/v1.0/applications?$top=5", timeout=10)
    token, listed = served.requests
    assert (token.method, token.status, token.body["client_id"]) == ("POST", 400, account.client_id)
    assert str(account.client_secret) not in repr(served.requests) + str(token.body)
    assert (listed.path, listed.query, "authorization" in listed.headers) == ("/v1.0/applications", {"$top": "5"}, False)


def test_runs_alone_and_says_where_it_is(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    command = [sys.executable, "-m", "emulator", "--port", "0", "--ca-file", str(ca_file), "--role", "Application.Read.All"]
    command += ["--lag", "0.2", "2", "--channel-lag", "lists", "1", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.strip().partition("  ")
            shown[name] = value.strip()
            if line.startswith("Stop"):
                break
        session = requests.Session()
        session.trust_env = False
        session.verify = str(ca_file)
        client_id, _, roles = shown["client id"].partition(" ")
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": shown["client secret"]}
        url = f"{shown['authority']}/oauth2/v2.0/token"
        token = session.post(url, data={**form, "scope": "https://graph.microsoft.com/.default"}, timeout=10).json()[
            "access_token"
        ]
        headers = {"Authorization": f"Bearer {token}"}
        assert "Application.Read.All" in roles
        assert shown["lag of replicas"] == "3.0 seconds at most"
        assert session.get(f"{shown['Graph']}/applications", headers=headers, timeout=10).status_code == 200
        assert session.get(shown["control"], timeout=10).json()["tenant_id"] == shown["tenant"]
        process.terminate()
        assert process.wait(20) == 0


def test_an_emulator_can_be_started_again_after_a_stop() -> None:
    emulator = EntraEmulator()
    with emulator:
        first = emulator.url
    with emulator:
        assert emulator.url.startswith("https://127.0.0.1:")
    with pytest.raises(requests.ConnectionError):
        requests.get(first, timeout=1, verify=False)
    with pytest.raises(RuntimeError):
        _ = emulator.ca_file


@pytest.mark.parametrize("earlier", [0, 1, 20])
@pytest.mark.parametrize("fault", ["", "slow_handshake", "late_connection"])
def test_a_connection_that_comes_while_it_stops_is_closed(fault: str, earlier: int) -> None:
    """Clients that know nothing of the stop, at whatever stage each is, and so many that came and went before: no socket is left
    to the garbage collector."""
    for _ in range(5):
        emulator = EntraEmulator()
        emulator.start()
        if fault:
            emulator.faults.add(fault, times=None, seconds=5)
        host, port = urlsplit(emulator.url).netloc.split(":")
        ended, knocked = threading.Event(), threading.Semaphore(0)
        thread = threading.Thread(target=_knock, args=((host, int(port)), ended, knocked))
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", ResourceWarning)
            thread.start()
            try:
                for _ in range(earlier):
                    assert knocked.acquire(timeout=20)
                emulator.stop()
            finally:
                ended.set()
                thread.join()
            gc.collect()
        assert [str(warning.message) for warning in warned] == []


def _knock(address: tuple[str, int], ended: threading.Event, knocked: threading.Semaphore) -> None:
    while not ended.is_set():
        with suppress(OSError), socket.create_connection(address, timeout=5):
            knocked.release()
