"""/applications/delta: what changed since a token (https://learn.microsoft.com/graph/delta-query-overview)."""

import base64
import binascii
from typing import Any

from emulator.directory.record import Record
from emulator.graph import authorization
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError
from emulator.graph.listing import DEFAULT_PAGE, Kind, selected, shape
from emulator.graph.router import Router
from emulator.message import Response

LIFETIME = 7 * 24 * 3600
_TOKENS = ("$deltatoken", "$skiptoken")


class Delta:
    """Answers delta queries. A token holds the number of the last change seen, when it was made, and the $select."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def add_routes(self, router: Router) -> None:
        """Serve /applications/delta."""
        router.add("GET", "/applications/delta", self.delta)

    def delta(self, call: Call) -> Response:
        """GET: a page of changes with a nextLink, the last one with a deltaLink; 410 for a token older than seven days."""
        authorization.require_read(call)
        token = next((call.query[name] for name in _TOKENS if name in call.query), None)
        since, select = self._opened(call, token) if token is not None else (0, call.query.get("$select"))
        if select is not None:
            call.query["$select"] = select
        names = selected(call, self._kind)
        changes = self._changes(since, token is not None)
        page, rest = changes[:DEFAULT_PAGE], changes[DEFAULT_PAGE:]
        last = page[-1][0] if page else max(since, self._kind.store.changes)
        end = last if rest else max(last, self._kind.store.changes)
        made = base64.urlsafe_b64encode(f"{end}|{call.tenant.clock.time()}|{select or ''}".encode()).decode().rstrip("=")
        chosen = f"({select})" if select is not None else ""
        link = "@odata.nextLink" if rest else "@odata.deltaLink"
        name = "$skiptoken" if rest else "$deltatoken"
        content: dict[str, Any] = {
            "@odata.context": f"{call.base}/$metadata#applications{chosen}",
            link: f"{call.base}/applications/delta?{name}={made}",
            "value": [entry if isinstance(entry, dict) else self._shown(entry, names) for _, entry in page],
        }
        return answer(200, content)

    def _changes(self, since: int, with_removed: bool) -> list[tuple[int, Record | dict[str, Any]]]:
        """(change number, the live object or the entry of a removed one), in order."""
        store = self._kind.store
        found: list[tuple[int, Record | dict[str, Any]]] = [(r.changed, r) for r in store.live.values() if r.changed > since]
        if with_removed:
            found += [(r.changed, _removed(r.id, "changed")) for r in store.deleted.values() if r.changed > since]
            found += [(number, _removed(object_id, "deleted")) for number, object_id in store.purged if number > since]
        return sorted(found, key=lambda change: change[0])

    def _shown(self, record: Record, names: list[str] | None) -> dict[str, Any]:
        return {"id": record.id, **shape(record.state, self._kind, names)}

    def _opened(self, call: Call, token: str) -> tuple[int, str | None]:
        try:
            number, made, select = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split("|")
            age = call.tenant.clock.time() - float(made)
        except (ValueError, binascii.Error):
            raise GraphError(400, "BadRequest", "Badly formed token.") from None
        if age > LIFETIME:
            location = {"Location": f"{call.base}/applications/delta"}
            raise GraphError(
                410, "syncStateNotFound", "The delta token has expired; a full synchronization is needed.", (), location
            )
        return int(number), select or None


def _removed(object_id: str, reason: str) -> dict[str, Any]:
    return {"id": object_id, "@removed": {"reason": reason}}
