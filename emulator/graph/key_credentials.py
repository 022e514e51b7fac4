"""Certificates of an application (keyCredentials), which are written with PATCH as a whole list."""

import base64
import math
import uuid
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from emulator.clock import graph_time
from emulator.directory.record import Record, State
from emulator.graph.call import Call
from emulator.graph.errors import bad_request, invalid_value, throttled

_NAME_LIMIT = 90


def count_key_read(call: Call) -> None:
    """Raise GraphError 429 when `keyCredentials` was selected too often in the last minute, by whoever, in the whole tenant."""
    now, reads = call.tenant.clock.time(), call.tenant.key_reads
    while reads and reads[0] <= now - 60:
        reads.popleft()
    if len(reads) >= call.tenant.assumptions.key_credentials_reads_per_minute:
        raise throttled(str(max(1, math.ceil(reads[0] + 60 - now))), call.caller.app_id, call.tenant.tenant_id)
    reads.append(now)


def with_keys(record: Record, credentials: list[State]) -> list[State]:
    """The credentials with their keys, which come only when `keyCredentials` is selected."""
    return [{**credential, "key": record.keys.get(credential["keyId"])} for credential in credentials]


def merged_keys(known: dict[str, State], given: list[dict[str, Any]], now: datetime) -> tuple[list[State], dict[str, str]]:
    """The new list of keyCredentials (without their keys), and the base64 certificates of those that are new, by keyId.

    An entry without a key stays as it is by its keyId; GraphError 400 when there is none, or the key is no certificate.
    """
    credentials: list[State] = []
    keys: dict[str, str] = {}
    for entry in given:
        key_id = entry.get("keyId")
        if not entry.get("key"):
            if key_id not in known:
                raise bad_request("The key of a new key credential is missing.", "InvalidValue", "keyCredentials")
            credentials.append(known[key_id])
            continue
        if entry.get("type") != "AsymmetricX509Cert" or entry.get("usage") != "Verify":
            raise invalid_value("keyCredentials")
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(entry["key"]))
        except ValueError:
            raise bad_request("Key value is invalid certificate.", "InvalidValue", "keyCredentials") from None
        end = min(certificate.not_valid_after_utc, datetime.max.replace(tzinfo=now.tzinfo))
        thumbprint = base64.b64encode(certificate.fingerprint(hashes.SHA1())).decode()  # noqa: S303 - what Entra shows
        key_id = key_id or str(uuid.uuid4())
        credentials.append(
            {
                "customKeyIdentifier": entry.get("customKeyIdentifier") or thumbprint,
                "displayName": (entry.get("displayName") or certificate.subject.rfc4514_string())[:_NAME_LIMIT],
                "endDateTime": entry.get("endDateTime") or graph_time(end),
                "key": None,
                "keyId": key_id,
                "startDateTime": entry.get("startDateTime") or graph_time(certificate.not_valid_before_utc),
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
            }
        )
        keys[key_id] = entry["key"]
    return credentials, keys
