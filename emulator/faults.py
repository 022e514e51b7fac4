"""Switchable faults: what goes wrong, for which calls, how often. README.md says what each kind takes and does.

A fault strikes by rule (`Faults.add`), or the n-th call of its sort (`Faults.schedule`); `plan` draws such strikes from a seed.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.fault_kinds import ANY, CONNECTION, GRAPH, KINDS, ODD_SHAPES
from emulator.message import Request

__all__ = ["KINDS", "ODD_SHAPES", "Fault", "Faults", "Strike", "plan"]


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. `path` is a regular expression searched in the path; `skip` calls pass first, then `times` (None: all) fail,
    each with `probability`. `hits` counts how often it struck, `seen` how many calls it concerned."""

    kind: str
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    details: dict[str, Any] = field(default_factory=dict)
    service: str = ANY
    hits: int = 0
    seen: int = 0

    def matches(self, service: str, request: Request | None) -> bool:
        """Whether this fault concerns a request to `service` ("graph", "token" ...; "connection" comes without a request)."""
        if (self.service == CONNECTION) != (service == CONNECTION) or self.service not in (ANY, service):
            return False
        if request is None:
            return True
        if self.method is not None and request.method != self.method.upper():
            return False
        return self.path is None or re.search(self.path, "/" + "/".join(request.segments)) is not None


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that strikes the `nth` call (from 1) that it concerns, once."""

    kind: str
    nth: int = 1
    method: str | None = None
    path: str | None = None
    service: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def plan(seed: int, count: int, among: int, kinds: Sequence[str] = tuple(KINDS), service: str = "") -> list[Strike]:
    """`count` strikes drawn from `seed`, of `kinds` with drawn details, each at one of the first `among` calls it concerns."""
    dice = random.Random(seed)  # noqa: S311 - a test double's dice
    drawn = []
    for _ in range(count):
        kind = dice.choice(kinds)
        drawn.append(Strike(kind, dice.randint(1, among), service=service, details=KINDS[kind].draw(dice)))
    return drawn


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
        service: str = "",
        **details: Any,
    ) -> Fault:
        """Set a fault and return it, so that its `hits` can be read. ValueError for an unknown kind.

        Without a method or path it concerns the calls of its kind; `service` narrows one of any service to "graph" or "token".
        """
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind}")
        usual = KINDS[kind]
        method, path = method or usual.method, path or usual.path
        fault = Fault(kind, method, path, times, skip, probability, details, service or usual.service)
        self.all.append(fault)
        return fault

    def schedule(self, strikes: Iterable[Strike]) -> list[Fault]:
        """Set a fault for each strike."""
        return [self.add(s.kind, method=s.method, path=s.path, skip=s.nth - 1, service=s.service, **s.details) for s in strikes]

    def remove(self, fault: Fault) -> None:
        """Unset one fault."""
        self.all.remove(fault)

    def clear(self, seed: int = 0) -> None:
        """Unset all faults; the dice start anew from `seed`."""
        self.all.clear()
        self._random.seed(seed)

    def strike(self, service: str, request: Request | None = None, in_batch: bool = False) -> Fault | None:
        """The fault that strikes a request to `service`, if any does. Every fault that concerns it counts it.

        Within a batch only the answers of Graph can fail.
        """
        struck: Fault | None = None
        for fault in self.all:
            if (fault.times is not None and fault.hits >= fault.times) or not fault.matches(service, request):
                continue
            if in_batch and KINDS[fault.kind].service != GRAPH and fault.kind not in ("throttle", "error"):
                continue
            fault.seen += 1
            if struck is not None or fault.seen <= fault.skip or self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            struck = fault
        return struck
