"""Calls to a store of secrets by HTTPS, with a token that is made anew once where the store refuses it."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from shared.audit.delivery import DeliveryRefused, LookupFailed, StoreFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.retry import Deadline

type HeadersFor = Callable[[requests.Response | None], Mapping[str, str]]
"""Gives the headers that let a caller in: at first for None, then for the answer that refused them. Raises StoreFailure."""


class StoreCalls:
    """How one store is called. `refused`: the status by which it says that a token isn't good any more; `error_of`: the code of
    an error in an answer's JSON, since its message may repeat parts of the request."""

    def __init__(self, caller: HttpsCaller, refused: int, error_of: Callable[[Any], str]) -> None:
        self._caller = caller
        self._refused = refused
        self._error_of = error_of

    def call(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        headers_for: HeadersFor,
        failure: type[StoreFailure],
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> requests.Response:
        """The answer. `failure` is raised where none came, or where an earlier attempt may have done what the last one was
        refused."""
        host, refusal, unseen = urlsplit(url).hostname, None, False
        while True:
            try:
                let_in = headers_for(refusal)
            except StoreFailure as cause:
                # Nothing was sent, so nothing was done, unless an earlier attempt did it.
                raise (failure if unseen or failure is LookupFailed else DeliveryRefused)(str(cause)) from cause
            answer, lost = self._caller.call(method, url, deadline, headers={**let_in, **(headers or {})}, **request)
            unseen = unseen or (lost and method != "GET")
            if answer is None:
                raise failure(f"{host} gave no answer")
            if answer.status_code == self._refused and refusal is None:
                refusal = answer
            elif unseen and answer.status_code >= 400:
                raise failure(self.refusal(f"a call to {host}, of which an answer was lost before,", answer))
            else:
                return answer

    def refusal(self, what: str, answer: requests.Response) -> str:
        """Status and code of an answer that isn't the one hoped for."""
        try:
            code = self._error_of(answer.json())
        except (ValueError, AttributeError, TypeError):
            code = ""
        return f"{what} was answered {answer.status_code} {code}".strip()

    def check(self, what: str, answer: requests.Response, expected: frozenset[int], unknown: type[StoreFailure]) -> None:
        """Raise DeliveryRefused for an answer that isn't among the expected ones, `unknown` where the store failed."""
        if answer.status_code not in expected:
            raise (unknown if answer.status_code >= 500 else DeliveryRefused)(self.refusal(what, answer))


def answered_object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises LookupFailed."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise LookupFailed(f"the answer of {urlsplit(answer.url).hostname} isn't a JSON object")
    return body


def object_in(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The JSON object that a member is; empty where it is missing or something else."""
    member = body.get(name)
    return member if isinstance(member, dict) else {}
