"""Faults on real sockets: drips, hangs, floods, and handshakes that take their time."""

import threading
import time
from contextlib import suppress

import pytest
import requests

from emulator.server import EntraEmulator

URL = "{url}/{tenant}/v2.0/.well-known/openid-configuration"


@pytest.fixture
def session(served: EntraEmulator) -> requests.Session:
    """A session without a connection yet."""
    session = requests.Session()
    session.trust_env = False
    session.verify = served.ca_file
    served.faults.clear()
    return session


def get(served: EntraEmulator, session: requests.Session, timeout: float = 5) -> requests.Response:
    """A call that any fault may strike."""
    return session.get(URL.format(url=served.url, tenant=served.tenant_id), timeout=timeout)


@pytest.mark.parametrize("kind", ["header_drip", "body_drip", "slow_handshake", "late_connection", "slow"])
def test_a_slow_answer_comes_whole_and_takes_its_time(served: EntraEmulator, session: requests.Session, kind: str) -> None:
    served.faults.add(kind, seconds=0.3)
    start = time.monotonic()
    answer = get(served, session)
    assert answer.json()["issuer"]
    assert time.monotonic() - start >= 0.29
    assert get(served, session).status_code == 200


@pytest.mark.parametrize("kind", ["header_drip", "body_drip"])
def test_a_drip_defeats_a_timeout_for_each_read(served: EntraEmulator, session: requests.Session, kind: str) -> None:
    served.faults.add(kind, seconds=1)
    assert get(served, session, timeout=0.5).status_code == 200


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("hang", requests.ReadTimeout),
        ("slow_handshake", requests.Timeout),
        ("late_connection", requests.Timeout),
        ("connection_refused", requests.ConnectionError),
        ("garbage", requests.ConnectionError),
    ],
)
def test_a_client_gives_up(served: EntraEmulator, session: requests.Session, kind: str, error: type[Exception]) -> None:
    served.faults.add(kind, seconds=30)
    with pytest.raises(error):
        get(served, session, timeout=0.3)
    assert get(served, session).status_code == 200


def test_an_endless_body_goes_on_for_as_long_as_it_is_read(served: EntraEmulator, session: requests.Session) -> None:
    served.faults.add("endless_body", megabytes=3)
    assert len(get(served, session).content) == 3 * 1024 * 1024
    served.faults.add("endless_body", megabytes=100_000)
    with session.get(URL.format(url=served.url, tenant=served.tenant_id), timeout=5, stream=True) as answer:
        assert sum(len(block) for block, _ in zip(answer.iter_content(65536), range(100), strict=False)) == 6_553_600


def test_a_connection_fault_strikes_new_connections_alone(served: EntraEmulator, session: requests.Session) -> None:
    assert get(served, session).status_code == 200
    fault = served.faults.add("connection_refused")
    assert get(served, session).status_code == 200
    assert fault.hits == 0
    session.close()
    with pytest.raises(requests.ConnectionError):
        get(served, session)


def test_an_emulator_stops_while_connections_hang_drip_and_shake_hands() -> None:
    emulator = EntraEmulator()
    kinds = ("hang", "header_drip", "slow_handshake", "late_connection")
    with emulator:
        for kind in kinds:
            emulator.faults.add(kind, seconds=60)

        def call() -> None:
            with suppress(requests.RequestException):
                requests.get(f"{emulator.url}/v1.0/applications", timeout=20, verify=emulator.ca_file)

        callers = [threading.Thread(target=call) for _ in kinds]
        for caller in callers:
            caller.start()
        end = time.monotonic() + 5
        while sum(fault.hits for fault in emulator.faults.all) < len(kinds) and time.monotonic() < end:
            time.sleep(0.01)
        start = time.monotonic()
    assert time.monotonic() - start < 5
    for caller in callers:
        caller.join(10)
