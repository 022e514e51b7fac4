"""What callers of Entra need: its replicas and its token service hear of a client some time after it was registered."""

import time
from collections.abc import Callable
from typing import Any

import requests

from local.sandbox import Sandbox

# Seconds after which replicas have long heard of everything.
PATIENCE = 30.0


def eventually[T](ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Ask again until the answer is good."""
    until = time.monotonic() + PATIENCE
    while not good(found := ask()):
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


def patiently(call: Callable[[], requests.Response], status: int) -> requests.Response:
    """Ask again, as portals and clients do, until it is the status expected: before, a 503 or what the token service says."""

    def good(answer: requests.Response) -> bool:
        assert answer.status_code in (status, 503) or "error_codes" in answer.json(), answer.text
        return answer.status_code == status

    return eventually(call, good)


def client_token(place: Sandbox, client: dict[str, Any], scope: str = "") -> str:
    """An app-only token of the token service for a registered client, which tries until its secret has arrived there."""
    form = {"grant_type": "client_credentials", "client_id": client["client_id"], "client_secret": client["client_secret"]}
    form["scope"] = scope or place.scope
    answer = patiently(lambda: requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30), 200)
    return str(answer.json()["access_token"])
