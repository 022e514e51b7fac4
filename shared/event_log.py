"""Structured log events: each is one line of JSON in ASCII, so that no value from outside can begin a line of its own."""

import json
import logging
from collections.abc import Mapping
from typing import Any

# What every log record has already; `logging` refuses an `extra` of such a name.
_OF_THE_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def log_event(logger: logging.Logger, level: int, event: str, members: Mapping[str, Any]) -> None:
    """Log `{"event": event, **members}` as JSON. Handlers that keep structure find the same members as attributes of the record,
    but for those that would be named like an attribute of its own."""
    if not logger.isEnabledFor(level):
        return
    record = {"event": event, **members}
    extra = {name: value for name, value in record.items() if name not in _OF_THE_RECORD}
    logger.log(level, "%s", json.dumps(record), extra=extra, stacklevel=2)
