"""`python -m benchmarks.capacity`: which of Graph's limits callers meet, and when, on an emulated tenant that counts requests.

In virtual time: a quarter of an hour of callers that come evenly, without lag, each asking once. Nothing here depends on the
machine; what Graph itself does beyond its published limits isn't known.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from requests import Session

from benchmarks.cold_start.settings import PORTAL, registration_body, settings_of
from emulator.server import EntraEmulator
from shared.application import Application
from shared.errors import OAuthError
from shared.http.exchange import Exchange
from shared.http.message import Request, Response, error_response
from shared.retry import Deadline
from tests.unit.registration.certificates import jwk

SECONDS = 900
BUDGET = 4.5
HEADERS = {"authorization": PORTAL, "content-type": "application/json"}
CERTIFIED = {"token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"]}


class Bridge(Application):
    """A bridge that reaches its tenant without a socket, on the tenant's clock."""

    def __init__(self, entra: EntraEmulator) -> None:
        super().__init__(settings_of(entra), entra.clock)
        self._session = entra.session()

    @property
    def session(self) -> Session:  # type: ignore[override]
        return self._session

    def ask(self, method: str, path: str, body: bytes = b"") -> Response:
        """One request's answer."""
        request = Request(method, path, HEADERS, params={"client_id": path.rpartition("/")[2]}, body=body)
        endpoint = {"POST": self.registration.register, "GET": self.registration.read}[method]
        try:
            return endpoint(Exchange(request, Deadline.after(self.clock, BUDGET)))
        except OAuthError as error:
            return error_response(error)


def tenant(**assumptions: Any) -> EntraEmulator:
    """A tenant that counts, whose clock moves by hand."""
    entra = EntraEmulator(lag=(0, 0), throttles=True)
    for name, value in {"directory_object_quota": None, **assumptions}.items():
        setattr(entra.assumptions, name, value)
    entra.clock.freeze()
    return entra


def evenly(entra: EntraEmulator, rate: float, ask: Callable[[int], Response]) -> Counter[int]:
    """Answers by status, of so many callers a second. Each comes at its own time: while one waits, the next ones come all the
    same, so the clock is put back to when they do."""
    answers: Counter[int] = Counter()
    begun = entra.clock.time()
    for number in range(int(rate * SECONDS)):
        entra.clock.advance(begun + number / rate - entra.clock.time())
        answers[ask(number).status] += 1
    return answers


def registrations(rate: float, **assumptions: Any) -> tuple[Counter[int], int]:
    """Registrations, two writes each; and how many applications were left without service principal."""
    with tenant(**assumptions) as entra:
        bridge = Bridge(entra)
        answers = evenly(entra, rate, lambda number: bridge.ask("POST", "/register", registration_body(f"client {number}")))
        bridge.close()
        whole = {record.state["appId"] for record in entra.directory.service_principals.live.values()}
        clients = [
            record for record in entra.directory.applications.live.values() if "entra-dcr-bridge" in record.state.get("tags", ())
        ]
        return answers, sum(record.state["appId"] not in whole for record in clients)


def reads(rate: float, certified: bool) -> Counter[int]:
    """Reads of one client, by its portal."""
    with tenant() as entra:
        bridge = Bridge(entra)
        body = {
            "client_name": "read",
            **(CERTIFIED | {"jwks": {"keys": [jwk(0, kid="k0")]}} if certified else {"redirect_uris": ["https://a.example/cb"]}),
        }
        made = bridge.ask("POST", "/register", json.dumps(body).encode())
        assert made.status == 201, made.body
        path = f"/register/{json.loads(made.body)['client_id']}"
        return evenly(entra, rate, lambda _: bridge.ask("GET", path))


def until_the_quota() -> int:
    """How many clients an identity without a directory role may have."""
    with EntraEmulator(lag=(0, 0)) as entra:
        bridge, count = Bridge(entra), 0
        while bridge.ask("POST", "/register", registration_body(f"client {count}")).status == 201:
            count += 1
        return count


def row(what: str, rate: float, answers: Counter[int], good: int, half_done: int | str = "") -> str:
    """A line of the table."""
    total, served = sum(answers.values()), answers[good]
    return f"| {what} | {rate:g} | {served / total:.1%} | {served / SECONDS:.1f} | {answers[503] / total:.1%} | {half_done} |"


def main() -> None:
    """Simulates and prints the tables in Markdown."""
    logging.disable(logging.CRITICAL)
    print(f"clients of an identity without a directory role: {until_the_quota()}\n")
    print("| | a second | served | served a second | 503 | half done |\n|---|---|---|---|---|---|")
    for rate in (5, 10, 12, 20):
        for counted, what in ((True, "registrations"), (False, "registrations, where refused ones don't count")):
            answers, half_done = registrations(rate, refused_requests_are_counted=counted)
            print(row(what, rate, answers, 201, half_done), flush=True)
    for rate in (100, 200):
        print(row("reads of clients with a secret", rate, reads(rate, certified=False), 200))
    for rate in (2, 4):
        print(row("reads of clients with a certificate", rate, reads(rate, certified=True), 200))


if __name__ == "__main__":
    main()
