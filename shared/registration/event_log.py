"""The audit record: one line for each registration, update, deletion, rotation, read and refusal, without secrets or contacts."""

import json
import logging
from dataclasses import dataclass

logger = logging.getLogger("bridge.registration")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what to which client, and what came of it.

    `action`: register, read, update, delete or rotate. `outcome`: done, refused (4xx) or failed (5xx). `caller` is the name
    of the principal, `kind` how it proved who it is; both are empty when it didn't. `detail` is for operators alone.
    """

    action: str
    outcome: str
    caller: str = ""
    kind: str = ""
    client_id: str = ""
    status: int = 0
    error: str = ""
    description: str = ""
    detail: str = ""


_LEVELS = {"done": logging.INFO, "refused": logging.WARNING, "failed": logging.ERROR}


def write(event: AuditEvent) -> None:
    """Log the event as one JSON object in ASCII, so that no value of a caller can begin a new line."""
    members = {name: getattr(event, name) for name in AuditEvent.__slots__}
    line = json.dumps({"event": "registration", **{name: value for name, value in members.items() if value}})
    logger.log(_LEVELS[event.outcome], "%s", line, extra={"registration": members})
