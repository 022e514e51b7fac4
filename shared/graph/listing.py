"""Reading a long list to its end, although Graph throttles or is away for a while in the middle of it.

A page that fails is asked for again by the same nextLink, so nothing is read twice and nothing is left out
(learn.microsoft.com/graph/paging).
"""

import logging
from collections.abc import Iterator, Mapping

from shared.graph.client import GraphAnswer, GraphClient, follow_pages
from shared.graph.directory import tag_query
from shared.graph.errors import GraphFailure, Throttled, Unavailable
from shared.retry import Deadline
from shared.strict_json import JsonObject

logger = logging.getLogger("bridge.graph")

# Seconds between attempts at one page, each of which the client has repeated itself; the last figure goes on.
PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)


class Listing:
    """Lists of the directory, one page in memory at a time."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def pages(self, path: str, query: Mapping[str, str], deadline: Deadline) -> Iterator[list[JsonObject]]:
        """The pages of a list; `path` is relative to the version's root, or an absolute URL of the same host.

        Raises a GraphFailure for what waiting doesn't mend, and DeadlineExceeded or the last failure when the time is over.
        """
        return follow_pages(lambda link, first: self._page(link, first, deadline), path, query)

    def tagged(self, resource: str, tag: str, select: tuple[str, ...], deadline: Deadline) -> Iterator[list[JsonObject]]:
        """The pages of all applications or servicePrincipals that carry a tag. Entra copies an application's tags to its service
        principal."""
        return self.pages(resource, tag_query(tag, select), deadline)

    def _page(self, link: str, query: Mapping[str, str] | None, deadline: Deadline) -> GraphAnswer:
        attempt = 0
        while True:
            try:
                return self._graph.call("GET", link, deadline, query=query)
            except (Throttled, Unavailable) as failure:
                pause = max(PAUSES[min(attempt, len(PAUSES) - 1)], failure.retry_after or 0)
                if not deadline.pause(pause):
                    raise
                logger.warning("a page of a list failed and is asked for again: %s", _text(failure))
                attempt += 1


def _text(failure: GraphFailure) -> str:
    return f"{type(failure).__name__} {failure.status or ''} {failure.code}".strip()
