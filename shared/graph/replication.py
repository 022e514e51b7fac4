"""Attempts at an object that other replicas of the directory may not know yet."""

from collections.abc import Callable

from shared.graph.errors import NotReplicated, ObjectMissing
from shared.retry import Backoff, Deadline

# Seconds between attempts while a new object is not yet visible everywhere. Graph names no bound; seconds are usual.
REPLICATION_PAUSES = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 3.0, 4.0, 4.0)


def when_replicated[T](attempt: Callable[[], T], deadline: Deadline) -> T:
    """Make the attempt until the directory knows the object it speaks of, or the time is over: then the last failure stands."""
    backoff = Backoff(deadline, REPLICATION_PAUSES)
    while True:
        try:
            return attempt()
        except (ObjectMissing, NotReplicated):
            if not backoff.wait():
                raise
