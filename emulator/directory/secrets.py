"""Password credentials: how Entra makes, shows and compares client secrets."""

import hashlib
import hmac
import secrets
import string
import uuid
from datetime import datetime, timedelta
from typing import Any

from emulator.clock import graph_time, parse_graph_time
from emulator.directory.record import Record, State

_ALPHABET = string.ascii_letters + string.digits + "-._~"
DEFAULT_YEARS = 2


def generate_secret() -> str:
    """A client secret of 40 characters in the shape of real ones: three characters, a digit, `Q~`, 34 characters."""
    head = "".join(secrets.choice(string.ascii_letters) for _ in range(3))
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(34))
    return f"{head}{secrets.choice(string.digits)}Q~{tail}"


def digest(secret: str) -> bytes:
    """What the directory keeps of a secret: its SHA-256 (the secret itself is random and long)."""
    return hashlib.sha256(secret.encode()).digest()


def two_years_after(start: datetime) -> datetime:
    """The end of a credential that was asked for without one."""
    try:
        return start.replace(year=start.year + DEFAULT_YEARS)
    except ValueError:  # 29 February
        return start + timedelta(days=365 * DEFAULT_YEARS)


def new_password(asked: dict[str, Any], now: datetime, key_id: str | None = None) -> tuple[State, str]:
    """A passwordCredential as Graph stores it (without its secretText), and the secret, for the request's `asked`."""
    start = parse_graph_time(asked["startDateTime"]) if asked.get("startDateTime") else now
    secret = generate_secret()
    credential = {
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": asked.get("endDateTime") or graph_time(two_years_after(start)),
        "hint": secret[:3],
        "keyId": key_id or str(uuid.uuid4()),
        "secretText": None,
        "startDateTime": asked.get("startDateTime") or graph_time(start),
    }
    return credential, secret


def matching_password(record: Record, credentials: list[State], secret: str) -> State | None:
    """The one of `credentials` (those the reader sees) whose secret is `secret`; None when there is none."""
    offered = digest(secret)
    for credential in credentials:
        known = record.secrets.get(credential["keyId"])
        if known is not None and hmac.compare_digest(known, offered):
            return credential
    return None


def is_within(credential: State, now: datetime) -> bool:
    """Whether a credential's time has begun and not ended."""
    start, end = credential.get("startDateTime"), credential.get("endDateTime")
    return not (start and parse_graph_time(start) > now) and not (end and parse_graph_time(end) <= now)
