"""Throttling by counting: Graph's limits on identity resources (https://learn.microsoft.com/graph/throttling-limits).

For one application in one tenant: resource units in 10 seconds by the tenant's size, and writes in 150 seconds; for the whole
tenant: writes in 300 seconds. Each request is counted, those of a batch one by one; whether refused ones too is an assumption.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.assumptions import Assumptions
from emulator.clock import Clock
from emulator.message import Request

# Resource units in 10 seconds, by the number of users from which on.
UNITS = ((501, 8000), (50, 5000), (0, 3500))
WRITES, TENANT_WRITES = 3000, 18_000


@dataclass
class _Window:
    """So much in so many seconds."""

    most: float
    seconds: float
    taken: deque[tuple[float, float]] = field(default_factory=deque)
    total: float = 0.0

    def wait(self, now: float, amount: float) -> float:
        """Seconds until the amount has room; 0 where it has."""
        while self.taken and self.taken[0][0] <= now - self.seconds:
            self.total -= self.taken.popleft()[1]
        over, wait = self.total + amount - self.most, 0.0
        for at, part in self.taken if over > 0 else ():
            wait, over = at + self.seconds - now, over - part
            if over <= 0:
                break
        return wait

    def take(self, now: float, amount: float) -> None:
        self.taken.append((now, amount))
        self.total += amount


def resource_units(request: Request) -> int:
    """What a request costs: applications 2, others 1, writes 1; less for `$select` and short pages, more for `$expand`; at least
    1."""
    if request.method != "GET":
        return 1
    query = request.query
    units = 2 if "applications" in request.path else 1
    units += ("$expand" in query) - ("$select" in query)
    top = query.get("$top", "")
    return max(1, units - (top.isdigit() and int(top) < 20))


class Throttling:
    """The counters of a tenant. `users` tells how many it has."""

    def __init__(self, clock: Clock, assumptions: Assumptions, users: Callable[[], int]) -> None:
        self._clock = clock
        self._assumptions = assumptions
        self._users = users
        self._windows: dict[str, tuple[_Window, _Window]] = {}
        self._tenant_writes = _Window(TENANT_WRITES, 300)

    def charge(self, request: Request, app_id: str) -> str | None:
        """Count a request of an application; what Retry-After says where a limit is reached, else None."""
        if request.path.endswith("/$batch"):
            return None
        users = self._users()
        most = next(units for least, units in UNITS if users >= least)
        units, writes = self._windows.setdefault(app_id, (_Window(most, 10), _Window(WRITES, 150)))
        units.most = most
        charged: list[tuple[_Window, float]] = [(units, resource_units(request))]
        if request.method != "GET":
            charged += [(writes, 1), (self._tenant_writes, 1)]
        now = self._clock.time()
        refused = any(window.wait(now, amount) for window, amount in charged)
        if not refused or self._assumptions.refused_requests_are_counted:
            for window, amount in charged:
                window.take(now, amount)
        # Whoever waits as long as that finds room.
        return str(max(1, math.ceil(max(window.wait(now, amount) for window, amount in charged)))) if refused else None
