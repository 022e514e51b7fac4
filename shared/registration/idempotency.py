"""Names under which Graph knows an application: what makes a repeated registration find the first one's client.

Graph's uniqueName is an alternate key of applications: it refuses a second one of the same name.
learn.microsoft.com/graph/api/application-upsert
"""

import hashlib
import json
import re
import uuid
from typing import NamedTuple

from shared.errors import InvalidRequest
from shared.strict_json import JsonObject

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class RequestName(NamedTuple):
    """The uniqueName for a registration. `repeatable` when another request may come to the same name; `digest` stands for the
    request's body where a different one under the same name is a mistake, and is empty where it isn't. `shared`: the name stands
    for the client itself, which all equal ones are."""

    unique_name: str
    repeatable: bool = False
    digest: str = ""
    shared: bool = False

    def next(self) -> "RequestName":
        """The name to take where this one is held by a deleted application that can't be purged."""
        stem, _, number = self.unique_name.rpartition(".")
        following = f"{stem}.{int(number) + 1}" if stem and number.isdigit() else f"{self.unique_name}.2"
        return self._replace(unique_name=following)


def name_once(mark: str) -> RequestName:
    """A name that no other request has: by it an application can be found whose creation got no answer."""
    return RequestName(f"{mark}-{uuid.uuid4().hex}")


def name_by_key(mark: str, caller: str, key: str, document: JsonObject) -> RequestName:
    """The name for an Idempotency-Key, which is the caller's own: others' keys lead elsewhere. Raises InvalidRequest."""
    if not _KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key is not 1 to 255 printable ASCII characters without blanks")
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return RequestName(_digest_name(mark, caller, "key", key), True, hashlib.sha256(text.encode()).hexdigest()[:32])


def name_by_software(mark: str, caller: str, software_id: str, software_version: str) -> RequestName:
    """The name for a piece of software of which the caller has one client (RFC 7591 section 5)."""
    return RequestName(_digest_name(mark, caller, "software", software_id, software_version), True)


def name_by_content(mark: str, caller: str, policy: str, content: str) -> RequestName:
    """The name for equal clients, which share one application. `content` is all that is registered about them."""
    return RequestName(_digest_name(mark, caller, "shared", policy, content), True, shared=True)


def _digest_name(mark: str, *parts: str) -> str:
    """A digest over parts that can't run into each other."""
    return f"{mark}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]}"
