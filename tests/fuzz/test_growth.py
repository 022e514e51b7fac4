"""No reader's work grows faster than its input.

Measured is the processor time of this thread for an input and one sixteen times as long, the least of several runs each: what
other processes do doesn't count, and a disturbed run is outdone by one that wasn't. Linear work takes 16 times as long and
quadratic work 256 times, so the bound of 64 is a factor of four away from either. Counting calls instead would miss what happens
inside one call of a regular expression or a parser written in C.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from shared.environment import Environment
from shared.errors import OAuthError
from shared.graph.client import read_claims_challenge
from shared.graph.errors import as_line, failure_of
from shared.http.message import parse_object
from shared.introspection.callers import read_basic, read_form
from shared.introspection.signed_answer import wants_signed_answer
from shared.registration.metadata import ClientMetadata
from shared.registration.notes import read_generation
from shared.registration.scopes import split_scope
from shared.registration.tags import Record, to_tags
from shared.registration.tokens import KeyRing, is_initial_token, unseal_token
from shared.registration.validation import resolve_registration
from shared.retry import read_retry_after
from shared.settings.whole import declared_settings
from tests.functional.registration.bridge import SEALING_KEY
from tests.fuzz.test_registration import POLICY

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FACTOR, BOUND = 16, 64
LEAST = 0.0004  # seconds of work below which the clock's own steps and a parser's set-up would decide


def resolve(**sent: object) -> object:
    return resolve_registration(ClientMetadata.parse(sent), POLICY, NOW)


def setting(name: str, text: str) -> None:
    declared = next(entry for room in declared_settings().values() for entry in room if entry.name == name)
    Environment({name: text}).read(declared)


# Each: what reads, and an input of about so many characters that tries to cost more than its length.
READERS: dict[str, Callable[[int], object]] = {
    "a body of brackets": lambda size: parse_object(b'{"a":' + b"[" * size, largest=10**8),
    "a body of members": lambda size: parse_object(
        b"{" + b",".join(b'"%d":[]' % n for n in range(size // 10)) + b"}", largest=10**8
    ),
    "a body of members with one name": lambda size: parse_object(b'{"a":1' + b',"a":1' * (size // 6) + b"}", largest=10**8),
    "a body of escapes": lambda size: parse_object(b'{"a":"' + b"\\ud83d" * (size // 6) + b'"}', largest=10**8),
    "a long number": lambda size: parse_object(b'{"a":0.' + b"1" * size + b"}", largest=10**8),
    "many redirect URIs": lambda size: resolve(redirect_uris=[f"https://a.example/{n}" for n in range(size // 20)]),
    "a long redirect URI": lambda size: resolve(redirect_uris=["https://a.example/" + "/.." * (size // 3)]),
    "a redirect URI of many labels": lambda size: resolve(redirect_uris=["https://" + "a." * (size // 2) + "/"]),
    "a redirect URI of escapes": lambda size: resolve(redirect_uris=["https://a.example/" + "%2e" * (size // 3)]),
    "a redirect URI of many users": lambda size: resolve(redirect_uris=["https://" + "a@" * (size // 2) + "b"]),
    "a long name": lambda size: resolve(client_name="a\u0301" * (size // 2), redirect_uris=["https://a.example"]),
    "a name of blanks": lambda size: resolve(client_name="Micro " + " " * size + "soft", redirect_uris=["https://a.example"]),
    "many language tags": lambda size: ClientMetadata.parse({f"client_name#a-{n:08}": "x" for n in range(size // 20)}),
    "a long language tag": lambda size: ClientMetadata.parse({"client_name#aa" + "-aa" * (size // 3) + "!": "x"}),
    "a long contact": lambda size: resolve(contacts=["@" * size], redirect_uris=["https://a.example"]),
    "many contacts": lambda size: resolve(contacts=["a@b"] * (size // 4), redirect_uris=["https://a.example"]),
    "a scope of blanks": lambda size: split_scope(" " * size),
    "many scopes": lambda size: split_scope(" ".join(str(number) for number in range(size // 6))),
    "a form of separators": lambda size: read_form(b"&" * size),
    "a form of escapes": lambda size: read_form(b"token=" + b"%" * size),
    "Basic credentials": lambda size: read_basic("QUFB" * (size // 4) + "="),
    "a token of dots": lambda size: (is_initial_token("." * size), unseal_token("dcr1.k1" + "." * size, KeyRing(SEALING_KEY))),
    "an Accept header of commas": lambda size: wants_signed_answer("token-introspection+jwt" + "," * size),
    "an Accept header of parameters": lambda size: wants_signed_answer(
        "application/token-introspection+jwt" + ";q=0.0" * (size // 6)
    ),
    "a claims challenge": lambda size: read_claims_challenge('claims="a' * (size // 9)),
    "a claims challenge without an end": lambda size: read_claims_challenge('claims="' + "a" * size),
    "a Retry-After of digits": lambda size: read_retry_after("9" * size, NOW),
    "a Retry-After of blanks": lambda size: read_retry_after("Mon, 01 Jan" + " " * size, NOW),
    "a Retry-After of colons": lambda size: read_retry_after("Mon, 01 Jan 2026 " + "0:" * (size // 2), NOW),
    "a Graph error": lambda size: failure_of("GET x", 400, {"error": {"code": "x" * size, "message": "y" * size}}, "r", None),
    "a line of the log": lambda size: as_line("\n" * size),
    "notes": lambda size: read_generation({"notes": "dcr:a" * (size // 5)}),
    "notes of lines": lambda size: read_generation({"notes": "dcr:generation=1\n" * (size // 17)}),
    "tags of parts": lambda size: Record.from_tags([f"dcr:logo_uri.{n % 9999 + 1}=x" for n in range(size // 20)]),
    "a long tag": lambda size: Record.from_tags(["dcr:" + "a" * size]),
    "a long value": lambda size: to_tags({"logo_uri": "%" * (size // 4)}),
    "a number in a setting": lambda size: setting("REGISTRATION_SECRET_DAYS", "9" * size),
    "a URL in a setting": lambda size: setting("BRIDGE_BASE_URL", "https://" + "a" * size + "/" * size),
    "a placeholder in a setting": lambda size: setting("ENTRA_CLIENT_SECRET", "<a " * (size // 3)),
    "a JSON setting": lambda size: setting("REGISTRATION_POLICIES", '{"a":' * (size // 5)),
    "callers in a setting": lambda size: setting("INTROSPECTION_CALLERS", "[" + ",".join(["{}"] * (size // 3)) + "]"),
}


def work(read: Callable[[int], object], size: int, runs: int) -> float:
    """Seconds of this thread's processor time, the least of some runs."""
    least = float("inf")
    for _ in range(runs):
        started = time.thread_time()
        with suppress(OAuthError):
            read(size)
        least = min(least, time.thread_time() - started)
    return least


@pytest.mark.parametrize("name", READERS)
def test_work_grows_no_faster_than_the_input(name: str) -> None:
    read = READERS[name]
    small = max(work(read, 4_000, 3), LEAST)
    for attempt in range(3):
        if work(read, 4_000 * FACTOR, 2) <= BOUND * small:
            return
        small = max(work(read, 4_000, 5 * (attempt + 1)), small)
    pytest.fail(f"{name}: sixteen times the input takes more than {BOUND} times the work")
