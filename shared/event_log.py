"""Structured log events: each is one line of JSON in ASCII, so that no value from outside can begin a line of its own."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from shared.correlation import JOURNEY

# What every log record has already; `logging` refuses an `extra` of such a name.
_OF_THE_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def log_event(logger: logging.Logger, level: int, event: str, members: Mapping[str, Any]) -> None:
    """Log `{"event": event, **members}` as JSON. Handlers that keep structure find the same members as attributes of the record,
    but for those that would be named like an attribute of its own. On a request's way the event says its correlation id, how
    long it has taken, and its calls of Graph."""
    if not logger.isEnabledFor(level):
        return
    journey = JOURNEY.get()
    record = {"event": event, **members, **(journey.members() if journey is not None else {})}
    extra = {name: value for name, value in record.items() if name not in _OF_THE_RECORD}
    logger.log(level, "%s", json.dumps(record), extra=extra, stacklevel=2)
