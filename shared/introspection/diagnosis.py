"""What the log says about an inactive token: why, and which one; never the token itself."""

import logging
from collections.abc import Mapping

from shared.introspection.reasons import Refused

_log = logging.getLogger("bridge.introspection")
_LONGEST = 200
# What the log calls a claim, and the claims that hold it.
_FIELDS: Mapping[str, tuple[str, ...]] = {"iss": ("iss",), "aud": ("aud",), "client": ("azp", "appid"), "jti": ("uti",)}


def printable(value: object) -> str:
    """`value` on one line of printable ASCII, at most 200 characters: it may be a
    stranger's, and the log is read by people and machines.
    """
    text = value if isinstance(value, str) else "-" if value is None else f"<{type(value).__name__}>"
    return "".join(char if "!" <= char <= "~" else "?" for char in text[:_LONGEST])


def fields_of(refused: Refused) -> dict[str, str]:
    """The log's fields for an inactive token: its reason, its key's id, and four of its claims, unverified."""
    claims = refused.claims or {}
    fields = {"reason": str(refused.reason), "kid": printable(refused.key_id)}
    for name, candidates in _FIELDS.items():
        fields[name] = printable(next((claims[claim] for claim in candidates if claim in claims), None))
    return fields


def log_inactive(refused: Refused, caller: str) -> None:
    """One line at level INFO for an answer of `{"active":false}`."""
    if _log.isEnabledFor(logging.INFO):
        fields = fields_of(refused)
        text = " ".join(f"{name}={value}" for name, value in fields.items())
        _log.info("inactive token: %s caller=%s", text, printable(caller))
