"""The doctor's calls to each door of a deployed bridge. None of them changes anything or needs a credential."""

from collections.abc import Iterator
from typing import NamedTuple

import requests

from shared.commands.diagnosis import Diagnosis, problem, well

# A cold start takes seconds.
PATIENCE = 30.0
# A client that doesn't exist.
NOBODY = "00000000-0000-4000-8000-000000000000"


class DoorCall(NamedTuple):
    """A harmless call and what a sound door answers to it. 404 counts where a door may be turned off."""

    method: str
    path: str
    expected: tuple[int, ...]


CALLS = (
    DoorCall("GET", "/health", (200,)),
    DoorCall("GET", "/health/ready", (200,)),
    DoorCall("GET", "/.well-known/oauth-authorization-server", (200,)),
    DoorCall("GET", "/.well-known/openid-configuration", (200,)),
    DoorCall("GET", "/introspect/keys", (200,)),
    DoorCall("POST", "/introspect", (401,)),
    # 400: open registration, whose callers need no credential, and an empty body is no client.
    DoorCall("POST", "/register", (401, 400)),
    DoorCall("GET", f"/register/{NOBODY}", (401,)),
    DoorCall("POST", f"/register/{NOBODY}/new-secret", (401,)),
    DoorCall("GET", "/audit", (401,)),
)


def knock(base_url: str) -> Iterator[Diagnosis]:
    """Call each door. Where not even the first answers, the others aren't tried."""
    if not base_url:
        yield problem("doors", "BRIDGE_BASE_URL is not set", "set it, or give --url")
        return
    with requests.Session() as session:
        for call in CALLS:
            name = f"{call.method} {call.path}"
            body = b"{}" if call.path.startswith("/register") else b""
            headers = {"Content-Type": "application/json" if body else "application/x-www-form-urlencoded"}
            data = (body or b"token=x") if call.method == "POST" else None
            try:
                answer = session.request(
                    call.method,
                    base_url.rstrip("/") + call.path,
                    data=data,
                    headers=headers if data else {},
                    timeout=PATIENCE,
                    allow_redirects=False,
                )
            except requests.RequestException as cause:
                yield problem(
                    "doors", f"{name} got no answer: {type(cause).__name__}", "compare BRIDGE_BASE_URL, DNS, Front Door"
                )
                return
            yield _judge(name, call, answer)


def _judge(name: str, call: DoorCall, answer: requests.Response) -> Diagnosis:
    if answer.status_code in call.expected:
        return well("doors", f"{name} answers {answer.status_code}")
    cure = {
        403: "Front Door or the app's access restrictions keep this machine out: ask by the outside address",
        404: "the function isn't there: publish the app, and route this path to it",
        500: "a setting is missing or wrong: the first part of this report, or the log, names it",
        503: "the bridge can't reach the directory: its log says why",
    }.get(answer.status_code, "the log has the line with this answer's x-correlation-id")
    wanted = " or ".join(map(str, call.expected))
    return problem("doors", f"{name} answers {answer.status_code} instead of {wanted}", cure)
