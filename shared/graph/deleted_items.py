"""Soft-deleted applications: Entra keeps them for 30 days, during which they hold their uniqueName and count to the quota.

learn.microsoft.com/graph/api/directory-deleteditems-list. Listing needs Application.Read.All, which the bridge doesn't need
otherwise; purging what the bridge owns needs Application.ReadWrite.OwnedBy alone.
"""

from collections.abc import Iterator

from shared.graph.listing import Listing
from shared.retry import Deadline
from shared.strict_json import JsonObject

PROPERTIES = "id,appId,displayName,deletedDateTime,tags"


class DeletedItems:
    """The directory's list of deleted applications."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def with_tag(self, tag: str, deadline: Deadline) -> Iterator[JsonObject]:
        """The deleted applications that carry the tag. Graph is not known to filter this list by tags, so all are read."""
        path = "directory/deletedItems/microsoft.graph.application"
        for page in self._listing.pages(path, {"$select": PROPERTIES, "$top": "999"}, deadline):
            yield from (entry for entry in page if tag in (entry.get("tags") or []))
