"""Purging soft-deleted clients: for 30 days they hold their uniqueName and count to the quota of directory objects.

It can't be undone, so they are left alone for some days first. The list of deleted applications needs Application.Read.All.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from shared.audit.actions.base import Outcome, Result, Task
from shared.audit.assessment import Assessment
from shared.audit.clients import Client
from shared.clock import read_time
from shared.graph.deleted_items import DeletedItems
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure, PermissionRefused
from shared.strict_json import JsonObject


class Purging:
    """The action `purge`. `after` is the time for which a deleted client can be restored."""

    name = "purge"

    def __init__(self, deleted: DeletedItems, directory: Directory, marker_tag: str, limit: int, after: timedelta) -> None:
        self.limit = self.candidates = limit
        self._deleted = deleted
        self._directory = directory
        self._tag = marker_tag
        self._after = after

    def urgency(self, assessment: Assessment, now: datetime) -> datetime | None:  # noqa: ARG002
        """Never called for by a client that lives."""
        return None

    def carry_out(self, clients: Sequence[Client], task: Task) -> Iterator[Outcome]:  # noqa: ARG002
        """Purge the bridge's deleted clients that are deleted long enough; `clients` is empty."""
        try:
            over = (entry for entry in self._deleted.with_tag(self._tag, task.deadline) if self._is_over(entry, task.clock.now()))
            # The list is read to the limit before the first purge, since purging changes it.
            chosen = list(islice(over, self.limit))
        except PermissionRefused as refusal:
            yield self._outcome({}, Result.FAILED, f"listing deleted applications needs Application.Read.All: {refusal}")
            return
        except GraphFailure as failure:
            yield self._outcome({}, Result.FAILED, f"the list of deleted applications failed: {failure}")
            return
        for entry in chosen:
            if task.deadline.remaining() <= 0:
                return
            if task.dry_run:
                yield self._outcome(entry, Result.WOULD, f"would purge it: deleted {entry.get('deletedDateTime')}")
                continue
            try:
                self._directory.purge_application(str(entry.get("id") or ""), task.deadline)
                yield self._outcome(entry, Result.DONE, f"purged: deleted {entry.get('deletedDateTime')}")
            except GraphFailure as failure:
                yield self._outcome(entry, Result.FAILED, f"Graph failed: {failure}")

    def _is_over(self, entry: JsonObject, now: datetime) -> bool:
        deleted = read_time(entry.get("deletedDateTime"))
        return bool(entry.get("id")) and deleted is not None and deleted + self._after <= now

    def _outcome(self, entry: JsonObject, result: Result, detail: str) -> Outcome:
        return Outcome(self.name, result, str(entry.get("appId") or ""), str(entry.get("displayName") or ""), detail)
