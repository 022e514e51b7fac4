"""HTTP exchanges made and printed so that a person can follow them: the request, the answer, and what was expected of it."""

import json
import sys
import textwrap
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import requests

WIDTH = 110
# Seconds before asking again where the answer names none.
PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, lower-case headers, and the JSON body (None where the body is empty or isn't JSON)."""

    status: int
    headers: Mapping[str, str]
    json: Any
    text: str = field(repr=False)


class Transcript:
    """Makes requests one after the other and prints each; remembers whether any answer was not as it should be."""

    def __init__(self, out: TextIO = sys.stdout, verify: str | bool = True) -> None:
        self._out = out
        self._verify = verify
        self._session = requests.Session()
        self._number = 0
        self.failures: list[str] = []

    def title(self, text: str) -> None:
        """Begin a step."""
        self._number += 1
        self._print(f"\n{self._number}. {text}\n{'─' * min(WIDTH, len(text) + 3)}")

    def say(self, text: str) -> None:
        """A remark."""
        self._print(textwrap.indent(textwrap.fill(text, WIDTH - 3), "   "))

    def show(self, value: object) -> None:
        """A JSON value."""
        self._print(textwrap.indent(_pretty(value), "     "))

    def call(
        self,
        method: str,
        url: str,
        *,
        status: int,
        headers: Mapping[str, str] | None = None,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
        expect: Mapping[str, Callable[[Answer], object]] | None = None,
        again_after: Collection[int] = (503,),
        patience: float = 20,
    ) -> Answer:
        """One exchange. `expect` holds what must be true of the answer, by the sentence that says so.

        Entra's replicas lag: where success is expected, it is asked again after one of the statuses `again_after`, for so many
        seconds.
        """
        body: bytes | None = None
        sent = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        self._print(f"   → {method} {url}")
        for name, value in sent.items():
            self._print(f"     {name}: {_shorten(value)}")
        if form is not None:
            self._print("     " + "&".join(f"{name}={_shorten(value, 40)}" for name, value in form.items()))
        if json_body is not None:
            self._print(textwrap.indent(_pretty(json_body), "     "))
        verify = self._verify if url.startswith("https") else True
        until = time.monotonic() + (patience if status < 400 else 0)
        while True:
            received = self._session.request(
                method,
                url,
                data=form if form is not None else body,
                headers=sent,
                verify=verify,
                timeout=30,
                allow_redirects=False,
            )
            answer = _read(received)
            self._print(f"   ← {received.status_code} {received.reason}")
            pause = float(answer.headers.get("retry-after", PAUSE))
            if answer.status == status or answer.status not in again_after or time.monotonic() + pause > until:
                break
            self._print(f"     not everywhere in the directory yet: again after {pause:g} s")
            time.sleep(pause)
        for name in ("www-authenticate", "retry-after", "location", "allow"):
            if name in answer.headers:
                self._print(f"     {name}: {answer.headers[name]}")
        if received.content:
            self._print(textwrap.indent(_pretty(answer.json) if answer.json is not None else received.text[:400], "     "))
        self.check(f"the status is {status}", answer.status == status)
        for sentence, test in (expect or {}).items():
            self.check(sentence, _holds(test, answer))
        return answer

    def check(self, sentence: str, holds: bool) -> None:
        """Note and print whether something is as it should be."""
        self._print(f"     {'✓' if holds else '✗ NOT SO:'} {sentence}")
        if not holds:
            self.failures.append(f"step {self._number}: {sentence}")

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _read(received: requests.Response) -> Answer:
    try:
        body = received.json() if received.content else None
    except ValueError:
        body = None
    return Answer(received.status_code, {name.lower(): value for name, value in received.headers.items()}, body, received.text)


def _holds(test: Callable[[Answer], object], answer: Answer) -> bool:
    try:
        return bool(test(answer))
    except (KeyError, TypeError, IndexError):
        return False


def _shorten(value: str, longest: int = 76) -> str:
    return value if len(value) <= longest else f"{value[: longest - 12]}…({len(value)} characters)"


def _shortened(value: object) -> object:
    if isinstance(value, str):
        return _shorten(value)
    if isinstance(value, dict):
        return {name: _shortened(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_shortened(entry) for entry in value]
    return value


def _pretty(value: object) -> str:
    return json.dumps(_shortened(value), indent=2, ensure_ascii=False)
