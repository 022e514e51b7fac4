"""Many reads in few calls: twenty GETs in one POST /$batch (learn.microsoft.com/graph/json-batching).

Graph throttles each read in a batch by itself: the batch is answered with 200, and what was refused is asked for again.
"""

from collections.abc import Sequence
from itertools import batched, chain, repeat

from shared.clock import ALWAYS
from shared.graph.client import GraphClient
from shared.graph.errors import GraphFailure, ObjectMissing, Throttled, Unavailable, failure_of
from shared.graph.session import listing
from shared.retry import Backoff, Deadline, read_retry_after
from shared.strict_json import JsonObject

LARGEST_BATCH = 20
# Seconds between attempts at what was throttled; the last figure goes on.
BATCH_PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0)


def read_in_batches(graph: GraphClient, paths: Sequence[str], deadline: Deadline) -> dict[str, JsonObject]:
    """What GET answers for each path, query included; paths to what isn't there are left out. Raises a GraphFailure for what
    waiting doesn't mend, and when the time is over."""
    found: dict[str, JsonObject] = {}
    for some in batched(paths, LARGEST_BATCH, strict=False):
        backoff, left = Backoff(deadline, chain(BATCH_PAUSES, repeat(BATCH_PAUSES[-1]))), list(some)
        while left:
            failures = _read_batch(graph, left, found, deadline)
            left = list(failures)
            wait = max((failure.retry_after or 0 for failure in failures.values()), default=0)
            if left and not backoff.wait(wait):
                raise failures[left[0]]
    return found


def _read_batch(
    graph: GraphClient, paths: Sequence[str], found: dict[str, JsonObject], deadline: Deadline
) -> dict[str, GraphFailure]:
    """Read one batch into `found`; gives back why the others are to be read again."""
    requests = [{"id": str(number), "method": "GET", "url": path} for number, path in enumerate(paths)]
    with listing():
        answers = graph.call("POST", "$batch", deadline, body={"requests": requests}).body.get("responses") or []
    failures: dict[str, GraphFailure] = {}
    for answer in answers:
        path, status, body = paths[int(answer["id"])], int(answer["status"]), answer.get("body") or {}
        if status == 200:
            found[path] = body
            continue
        # Each has a Retry-After of its own, if any; no date is among the forms that batches have been seen with.
        wait = read_retry_after((answer.get("headers") or {}).get("Retry-After"), ALWAYS)
        failure = failure_of(f"GET {path.partition('?')[0]}", status, body, "", wait)
        if isinstance(failure, Throttled | Unavailable):
            failures[path] = failure
        elif not isinstance(failure, ObjectMissing):
            raise failure
    return failures
