"""Reading the two headers of Graph that ask the client for something."""

import base64
import binascii
import re
from datetime import datetime
from email.utils import parsedate_to_datetime

# A longer wait is of no use to anyone who is waiting for an answer.
LONGEST_WAIT = 86_400


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: an integer, a fraction (Graph sends those) or an HTTP date; else None."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return seconds if 0 <= seconds <= LONGEST_WAIT else None


def read_claims_challenge(header: str) -> str | None:
    """The claims that Graph demands in a continuous access evaluation challenge, as JSON text; None when it demands none."""
    match = re.search(r'\bclaims="([A-Za-z0-9+/=_-]+)"', header)
    if match is None:
        return None
    encoded = match[1].replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
