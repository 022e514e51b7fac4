"""What an outage of the token service costs: nothing while a token lives, and no longer than it lasts."""

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Barrier, Event, Lock, Thread
from typing import Any

import pytest
import requests

from shared.clock import Clock
from shared.graph.clouds import Cloud
from shared.graph.credential import LONGEST_RENEWAL, MsalCredential
from shared.graph.errors import GraphFailure, PermissionRefused, Unavailable
from shared.graph.identity import ClientCertificate, ClientSecretIdentity, ManagedIdentity
from shared.retry import Deadline
from shared.secret import Secret

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
CLOUD = Cloud("test", "https://login.example", "https://graph.example")
HOUR = 3600.0


class MachineClock:
    """The machine's clock, moved on by hand."""

    def __init__(self) -> None:
        self.moved = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self.moved

    def sleep(self, seconds: float) -> None:
        self.moved += seconds


class Wire(requests.Session):
    """A token service whose next answers are `answers`; after them it gives tokens that live an hour."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Callable[[], requests.Response]] = []
        self.tokens = 0
        self._lock = Lock()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        if str(url).endswith("/.well-known/openid-configuration"):
            base = f"{CLOUD.authority}/{TENANT}"
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "issuer": "v2.0"}
            return answer(200, {name: f"{base}/{path}" for name, path in names.items()})
        with self._lock:
            planned = self.answers.pop(0) if self.answers else None
        if planned is not None:
            return planned()
        with self._lock:
            self.tokens += 1
            return answer(200, {"token_type": "Bearer", "access_token": f"token-{self.tokens}", "expires_in": 3600})


def answer(status: int, body: object, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


def reset() -> requests.Response:
    raise requests.ConnectionError("connection reset")


OUTAGES: dict[str, Callable[[], requests.Response]] = {
    "500": lambda: answer(500, {"error": "server_error"}),
    "503 without a body": lambda: answer(503, b""),
    "429": lambda: answer(429, {"error": "temporarily_unavailable"}, Retry_After="20"),
    "a page": lambda: answer(200, b"<html>maintenance</html>"),
    "an error that is an object": lambda: answer(400, {"error": {"code": "x"}}),
    "an unknown code": lambda: answer(400, {"error": "invalid_request", "error_codes": [90033]}),
    "a list": lambda: answer(200, []),
    "no token": lambda: answer(200, {"token_type": "Bearer"}),
    "reset": reset,
}


class Place:
    def __init__(self, clock: Clock | None = None) -> None:
        self.clock, self.wire = clock or MachineClock(), Wire()
        identity = ClientSecretIdentity("00000000-aaaa-4bbb-8ccc-000000000001", Secret("s3cret"))
        self.credential = MsalCredential(identity, TENANT, CLOUD, self.wire, self.clock)

    def token(self, rejected: str = "") -> str:
        return self.credential.token(Deadline.after(self.clock, 10), rejected=rejected)

    def token_in_time(self, wanted: str) -> bool:
        """Whether that token comes while five minutes pass: renewals end in another thread, and pause after failures."""
        for _ in range(300):
            if self.token() == wanted:
                return True
            self.clock.sleep(1)
            Event().wait(0.01)
        return False


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_costs_nothing_while_the_token_lives(place: Place, outage: str) -> None:
    assert place.token() == "token-1"
    place.clock.sleep(0.9 * HOUR)
    place.wire.answers = [OUTAGES[outage]] * 3
    assert [place.token() for _ in range(3)] == ["token-1"] * 3
    place.wire.answers = []
    assert place.token_in_time("token-2")


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_without_a_token_is_an_outage_and_heals(place: Place, outage: str) -> None:
    place.wire.answers = [OUTAGES[outage]]
    with pytest.raises(Unavailable) as raised:
        place.token()
    assert raised.value.retry_after is not None
    assert 1 <= raised.value.retry_after <= 60
    with pytest.raises(Unavailable):
        place.token()
    assert place.wire.tokens == 0
    place.clock.sleep(61)
    assert place.token() == "token-1"


def test_keeps_to_the_retry_after_of_the_token_service(place: Place) -> None:
    place.wire.answers = [OUTAGES["429"]]
    with pytest.raises(Unavailable) as raised:
        place.token()
    assert raised.value.retry_after is not None
    assert 15 < raised.value.retry_after <= 20
    place.clock.sleep(10)
    with pytest.raises(Unavailable):
        place.token()
    place.clock.sleep(11)
    assert place.token() == "token-1"


@pytest.mark.parametrize("code", [7000215, 7000222, 700016, 7000229])
def test_a_refused_credential_is_a_matter_of_permission_by_its_code(place: Place, code: int) -> None:
    place.wire.answers = [lambda: answer(401, {"error": "invalid_client", "error_codes": [code]})]
    with pytest.raises(PermissionRefused, match=str(code)):
        place.token()


def test_all_that_come_at_once_wait_for_one_request(place: Place) -> None:
    barrier, found = Barrier(16), []

    def ask() -> None:
        barrier.wait()
        found.append(place.token())

    threads = [Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["token-1"] * 16
    assert place.wire.tokens == 1


def test_one_that_waits_gives_up_at_its_own_deadline(place: Place) -> None:
    release = Event()

    def hang() -> requests.Response:
        release.wait(20)
        return answer(200, {"access_token": "late", "expires_in": 3600})

    place.wire.answers = [hang]
    with pytest.raises(GraphFailure):
        place.credential.token(Deadline.after(place.clock, 0.05))
    release.set()


def test_a_renewal_that_hangs_is_given_up_for_another(place: Place) -> None:
    assert place.token() == "token-1"
    place.clock.sleep(0.6 * HOUR)
    hangs, release = Event(), Event()

    def hang() -> requests.Response:
        hangs.set()
        release.wait(20)
        raise requests.ConnectionError("cut")

    place.wire.answers = [hang]
    assert place.token() == "token-1"
    assert hangs.wait(20)
    place.clock.sleep(LONGEST_RENEWAL)
    assert place.token_in_time("token-2")
    release.set()
    assert place.token() == "token-2"


def test_a_rejected_token_is_replaced_and_kept_until_then(place: Place) -> None:
    assert place.token() == "token-1"
    place.wire.answers = [OUTAGES["500"]]
    with pytest.raises(Unavailable):
        place.token(rejected="token-1")
    assert place.token() == "token-1"
    place.clock.sleep(61)
    assert place.token(rejected="token-1") == "token-2"


def test_a_certificate_that_can_not_be_read_is_named(caplog: pytest.LogCaptureFixture) -> None:
    identity = ClientCertificate("x", Secret("-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----"), "garbled")
    clock = MachineClock()
    credential = MsalCredential(identity, TENANT, CLOUD, Wire(), clock)
    with caplog.at_level(logging.ERROR), pytest.raises(PermissionRefused, match="client certificate can't be read"):
        credential.token(Deadline.after(clock, 10))
    assert "QUJD" not in caplog.text


def test_an_absent_managed_identity_is_named() -> None:
    wire, clock = Wire(), MachineClock()
    wire.answers = [reset]
    with pytest.raises(Unavailable, match="no managed identity answers"):
        MsalCredential(ManagedIdentity(), TENANT, CLOUD, wire, clock).token(Deadline.after(clock, 10))


def test_an_answer_that_is_cut_short_does_not_bring_its_token_into_the_log(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    place.wire.answers = [lambda: answer(200, b'{"token_type": "Bearer", "access_token": "eyJhbGciOi')]
    with pytest.raises(Unavailable):
        place.token()
    assert "eyJhbGciOi" not in caplog.text
