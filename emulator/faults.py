"""Switchable faults: what goes wrong, for which calls, how often.

Kinds, and the details that each takes:
    throttle          429; retry_after: seconds (int or float), text as is, a datetime (an HTTP date), or None for no header
    error             status; body: "json", "html", "empty", or a shape of ODD_SHAPES; code, message
    reset_before      the connection breaks and nothing has happened
    reset_after       the connection breaks and the request has been carried out
    slow              seconds before the answer
    truncated         half of the body, then the end of the connection
    expired_token     401 as for an expired token
    claims_challenge  401 of continuous access evaluation; claims: the JSON text that the challenge carries
    concurrency       409 Directory_ConcurrencyViolation
    personal_missing  409 Error_MsaAppDoesNotExist
    page              a list page with at most `size` objects (0 for an empty page) that still has a nextLink
"""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from emulator.message import Request

KINDS = frozenset(
    {
        "throttle",
        "error",
        "reset_before",
        "reset_after",
        "slow",
        "truncated",
        "expired_token",
        "claims_challenge",
        "concurrency",
        "personal_missing",
        "page",
    }
)
ODD_SHAPES = ("message_object", "details_object", "legacy", "text")


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. `path` is a regular expression searched in the path; `skip` calls pass first, then `times` (None: all) fail,
    each with `probability`. `hits` counts how often it struck."""

    kind: str
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    details: dict[str, Any] = field(default_factory=dict)
    hits: int = 0
    seen: int = 0

    def matches(self, request: Request) -> bool:
        """Whether this fault concerns `request` at all."""
        if self.method is not None and request.method != self.method.upper():
            return False
        return self.path is None or re.search(self.path, "/" + "/".join(request.segments)) is not None


class Faults:
    """The faults that are set. Which one strikes is decided once for each request, in the order they were added."""

    def __init__(self, seed: int = 0) -> None:
        self.all: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - a test double's dice

    def add(
        self,
        kind: str,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        probability: float = 1.0,
        **details: Any,
    ) -> Fault:
        """Set a fault and return it, so that its `hits` can be read. ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind}")
        fault = Fault(kind, method, path, times, skip, probability, details)
        self.all.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Unset one fault."""
        self.all.remove(fault)

    def clear(self, seed: int = 0) -> None:
        """Unset all faults; the dice start anew from `seed`."""
        self.all.clear()
        self._random.seed(seed)

    def strike(self, request: Request) -> Fault | None:
        """The fault that strikes `request`, if any does."""
        for fault in self.all:
            if not fault.matches(request) or (fault.times is not None and fault.hits >= fault.times):
                continue
            fault.seen += 1
            if fault.seen <= fault.skip or self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            return fault
        return None
