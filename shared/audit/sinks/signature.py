"""The signature of a webhook, after the Standard Webhooks specification (standardwebhooks.com, version 1.0).

A receiver computes HMAC-SHA256 over `id.timestamp.body` with the shared key, compares it in constant time, and refuses timestamps
that are too old. Ready-made libraries exist for most languages.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from shared.secret import Secret

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64


def signing_key(secret: Secret) -> bytes:
    """The key in a secret of the form `whsec_` and base64 of 24 to 64 bytes. Raises ValueError, which doesn't show it."""
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"expected {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64")
    return key


def signed_headers(key: bytes, message_id: str, sent: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers that tell a receiver which message this is, when it was sent and that it is genuine."""
    timestamp = str(int(sent.timestamp()))
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
