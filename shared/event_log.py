"""Structured logs: one line of JSON for each event."""

import json
import logging
from collections.abc import Mapping
from typing import Any


def log_event(logger: logging.Logger, level: int, event: str, members: Mapping[str, Any]) -> None:
    """Log `members` under the name of the event, as one JSON object in ASCII: no value of a caller can begin a new line.

    The members are also the record's attribute of the event's name, for handlers that keep structured records.
    """
    if logger.isEnabledFor(level):
        line = json.dumps({"event": event, **members}, default=str)
        logger.log(level, "%s", line, extra={event: dict(members)})
