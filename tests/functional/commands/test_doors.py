"""The doctor's calls to the doors of a deployed bridge, on a loopback server that answers as told."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread

import pytest

from shared.commands.diagnosis import Diagnosis, problem
from shared.commands.doctor import main
from shared.commands.doors import CALLS, knock

NOBODY = "00000000-0000-4000-8000-000000000000"
SOUND = {
    "GET /health": 200,
    "GET /health/ready": 200,
    "GET /.well-known/oauth-authorization-server": 200,
    "GET /.well-known/openid-configuration": 200,
    "GET /introspect/keys": 200,
    "POST /introspect": 401,
    "POST /register": 401,
    f"GET /register/{NOBODY}": 401,
    f"POST /register/{NOBODY}/new-secret": 401,
    "GET /audit": 401,
}

type Seen = list[tuple[str, str, str, bytes]]


@contextmanager
def answering(statuses: dict[str, int]) -> Iterator[tuple[str, Seen]]:
    """A server whose doors answer these, the others what a sound one does; and what it saw."""
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = f"{self.command} {self.path}"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.command, self.path, self.headers.get("Content-Type") or "", body))
            self.send_response(statuses.get(name, SOUND.get(name, 404)))
            self.send_header("Location", "/health")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815  the name that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def problems(found: Iterator[Diagnosis]) -> list[Diagnosis]:
    return [one for one in found if one.cure]


def test_a_sound_bridge_has_no_problem_and_each_door_is_called_once_without_a_credential() -> None:
    with answering({}) as (url, seen):
        found = list(knock(f"{url}/"))
    assert len(found) == len(CALLS)
    assert problems(iter(found)) == []
    assert "GET /health answers 200" in found[0].text
    assert [f"{method} {path}" for method, path, _, _ in seen] == list(SOUND)
    form, json = "application/x-www-form-urlencoded", "application/json"
    assert [(path, kind, body) for method, path, kind, body in seen if method == "POST"] == [
        ("/introspect", form, b"token=x"),
        ("/register", json, b"{}"),
        (CALLS[8].path, json, b"{}"),
    ]
    assert all((kind, body) == ("", b"") for method, _, kind, body in seen if method == "GET")


def test_open_registration_is_sound() -> None:
    with answering({"POST /register": 400}) as (url, _):
        assert problems(knock(url)) == []


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (403, "Front Door or the app's access restrictions keep this machine out: ask by the outside address"),
        (404, "the function isn't there: publish the app, and route this path to it"),
        (500, "a setting is missing or wrong: the first part of this report, or the log, names it"),
        (503, "the bridge can't reach the directory: its log says why"),
        (302, "the log has the line with this answer's x-correlation-id"),
        (200, "the log has the line with this answer's x-correlation-id"),
    ],
)
def test_another_answer_is_a_problem_with_its_cure(status: int, cure: str) -> None:
    with answering({"POST /register": status}) as (url, seen):
        [found] = problems(knock(url))
    assert found == problem("doors", f"POST /register answers {status} instead of 401 or 400", cure)
    assert len(seen) == len(CALLS)


def test_where_nothing_answers_the_others_are_not_tried() -> None:
    with answering({}) as (url, _):
        pass
    assert list(knock(url)) == [
        problem("doors", "GET /health got no answer: ConnectionError", "compare BRIDGE_BASE_URL, DNS, Front Door")
    ]
    assert list(knock("")) == [problem("doors", "BRIDGE_BASE_URL is not set", "set it, or give --url")]


def test_the_doctor_calls_the_address_that_it_is_given_else_the_settings_one() -> None:
    with answering({}) as (url, seen), answering({}) as (other, others):
        variables = {"BRIDGE_BASE_URL": url}
        assert main(["--only-doors"], variables, StringIO()) == 0
        assert (len(seen), len(others)) == (len(CALLS), 0)
        output = StringIO()
        assert main(["--only-doors", "--url", other], variables, output) == 0
        assert (len(seen), len(others)) == (len(CALLS), len(CALLS))
    assert "GET /health answers 200" in output.getvalue()
    assert main(["--only-doors"], {}, StringIO()) == 1
