"""Lists of the directory, which lag behind single reads."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import batched, chain, repeat

from shared.clock import write_time
from shared.graph.client import GraphAnswer, GraphClient, follow_pages
from shared.graph.errors import Throttled, Unavailable
from shared.graph.session import listing
from shared.retry import Backoff, Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.graph")

LARGEST_PAGE = 999
MOST_OF_IN = 15
# Seconds between attempts at one page, each of which the client has repeated itself; the last figure goes on.
PAGE_PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)


class DirectoryLists:
    """What is read page by page."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def pages(
        self,
        path: str,
        query: Mapping[str, str],
        deadline: Deadline,
        turn: Callable[[str], None] = lambda _: None,
    ) -> Iterator[list[JsonObject]]:
        """The pages of a list, one in memory at a time. `path` is relative to Graph's version, or an absolute URL of its host.

        A page that fails is asked for again by the same nextLink, so nothing is read twice or left out
        (learn.microsoft.com/graph/paging). `turn` is given each nextLink before it is read. Raises a GraphFailure for what
        waiting doesn't mend, and when the time is over.
        """

        def read(link: str, first: Mapping[str, str] | None) -> GraphAnswer:
            if first is None:
                turn(link)
            return self._page(link, first, deadline)

        return follow_pages(read, path, query)

    def tagged_pages(self, resource: str, tag: str, select: Sequence[str], deadline: Deadline) -> Iterator[list[JsonObject]]:
        """The pages of all applications or servicePrincipals that carry a tag; Entra copies an application's tags to its service
        principal."""
        return self.pages(resource, {**tagged(tag), **whole(select)}, deadline)

    def whole_pages(self, path: str, select: Sequence[str], deadline: Deadline) -> Iterator[list[JsonObject]]:
        """The pages of a whole list."""
        return self.pages(path, whole(select), deadline)

    def deleted_applications(self, tag: str, deadline: Deadline) -> Iterator[JsonObject]:
        """The soft-deleted applications that carry a tag: Entra keeps them for 30 days, with their uniqueName and their share of
        the quota. Needs Application.Read.All; Graph is not known to filter this list by tags, so all are read."""
        query = {"$select": "id,appId,displayName,deletedDateTime,tags,uniqueName", "$top": str(LARGEST_PAGE)}
        for page in self.pages("directory/deletedItems/microsoft.graph.application", query, deadline):
            yield from (entry for entry in page if tag in (entry.get("tags") or []))

    def _page(self, link: str, query: Mapping[str, str] | None, deadline: Deadline) -> GraphAnswer:
        backoff = Backoff(deadline, chain(PAGE_PAUSES, repeat(PAGE_PAUSES[-1])))
        while True:
            try:
                with listing():
                    return self._graph.call("GET", link, deadline, query=query)
            except (Throttled, Unavailable) as failure:
                if not backoff.wait(failure.retry_after or 0):
                    raise
                logger.warning("a page of a list is asked for again: %s", failure)

    def recent_applications(self, since: datetime, select: Sequence[str], deadline: Deadline) -> Iterator[list[JsonObject]]:
        """The pages of all applications of the tenant that were created since a moment, whoever created them."""
        query = {"$filter": f"createdDateTime ge {write_time(since)}", "$select": ",".join(select), "$top": str(LARGEST_PAGE)}
        return self.pages("applications", query, deadline)

    def service_principals_of(self, app_ids: Sequence[str], select: Sequence[str], deadline: Deadline) -> list[JsonObject]:
        """The service principals of some applications. Lists lag behind. Graph takes fifteen values of `in`."""
        found: list[JsonObject] = []
        for some in batched(app_ids, MOST_OF_IN, strict=False):
            quoted = ", ".join(f"'{app_id}'" for app_id in some)
            query = {"$filter": f"appId in ({quoted})", "$select": ",".join(select), "$top": str(LARGEST_PAGE)}
            found += [entry for page in self.pages("servicePrincipals", query, deadline) for entry in page]
        return found


def tagged(tag: str) -> dict[str, str]:
    """The query for what carries a tag."""
    literal = tag.replace("'", "''")
    return {"$filter": f"tags/any(t:t eq '{literal}')"}


def whole(select: Sequence[str]) -> dict[str, str]:
    """The query for a list in its largest pages."""
    return {"$select": ",".join(select), "$top": str(LARGEST_PAGE)}
