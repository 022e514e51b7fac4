"""The kinds of faults: where each can strike, and the details that the seeded draw varies. README.md has them in one table."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

GRAPH, TOKEN, ANY, CONNECTION = "graph", "token", "any", "connection"
ODD_SHAPES = ("message_object", "details_object", "legacy", "text")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the service it belongs to, and the calls that it concerns unless a fault names others."""

    service: str
    method: str | None = None
    path: str | None = None
    draw: Callable[[random.Random], dict[str, Any]] = lambda _: {}
    """Details for a fault of a random plan."""


def _one_of(name: str, values: Sequence[Any]) -> Callable[[random.Random], dict[str, Any]]:
    return lambda dice: {name: dice.choice(values)}


def _error(dice: random.Random) -> dict[str, Any]:
    return {"status": dice.choice((500, 502, 503, 504)), "body": dice.choice(("json", "html", "empty", *ODD_SHAPES))}


_TOKEN_POST = (TOKEN, "POST", r"/token$")
_ADD_PASSWORD = (GRAPH, "POST", r"/addPassword$")
_SECRET = (GRAPH, "POST", r"/(applications|addPassword)$")
_CREATE = (GRAPH, "POST", r"/applications$")
_PRINCIPAL = (GRAPH, "POST", r"/servicePrincipals$")

KINDS: dict[str, Kind] = {
    # Whatever is called
    "throttle": Kind(ANY, draw=_one_of("retry_after", (1, 2.128, 30, None))),
    "error": Kind(ANY, draw=_error),
    "slow": Kind(ANY, draw=_one_of("seconds", (0.5, 3.0, 60.0))),
    "hang": Kind(ANY, draw=_one_of("before", (True, False))),
    "header_drip": Kind(ANY, draw=_one_of("seconds", (2.0, 60.0))),
    "body_drip": Kind(ANY, draw=_one_of("seconds", (2.0, 60.0))),
    "truncated": Kind(ANY),
    "endless_body": Kind(ANY, draw=_one_of("megabytes", (8, 64))),
    "garbage": Kind(ANY),
    "reset_before": Kind(ANY),
    "reset_after": Kind(ANY),
    # Graph
    "expired_token": Kind(GRAPH),
    "claims_challenge": Kind(GRAPH),
    "forbidden": Kind(GRAPH),
    "not_found": Kind(GRAPH, path=r"/(applications|servicePrincipals)/."),
    "company_information": Kind(GRAPH),
    "concurrency": Kind(GRAPH),
    "concurrency_503": Kind(GRAPH),
    "personal_missing": Kind(GRAPH),
    "page": Kind(GRAPH, method="GET", draw=_one_of("size", (0, 1))),
    "passwords_missing": Kind(*_CREATE),
    "passwords_refused": Kind(*_CREATE),
    "too_many_passwords": Kind(*_ADD_PASSWORD),
    "secret_forbidden": Kind(*_SECRET),
    "lifetime_forbidden": Kind(*_SECRET),
    "quota_exceeded": Kind(GRAPH, "POST", r"/(applications|servicePrincipals)$"),
    "no_backing_application": Kind(*_PRINCIPAL),
    "backing_application_forbidden": Kind(*_PRINCIPAL),
    # The token service
    "token_refused": Kind(*_TOKEN_POST, draw=_one_of("code", (700016, 7000215, 7000229, 90033))),
    "token_error_object": Kind(*_TOKEN_POST),
    "token_html": Kind(*_TOKEN_POST, draw=_one_of("status", (200, 503))),
    "token_without_token": Kind(*_TOKEN_POST),
    "key_missing": Kind(TOKEN, "GET", r"/keys$"),
    "key_repeated": Kind(TOKEN, "GET", r"/keys$"),
    # Connections, before there is a request
    "connection_refused": Kind(CONNECTION),
    "late_connection": Kind(CONNECTION, draw=_one_of("seconds", (1.0, 60.0))),
    "slow_handshake": Kind(CONNECTION, draw=_one_of("seconds", (1.0, 60.0))),
}
