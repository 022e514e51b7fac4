"""Why a token is inactive: one code for each check, in the order in which the checks are made, and what the log says of it.

The codes go to the log, not to the caller (RFC 7662 section 2.2: an inactive answer says nothing else).
"""

import logging
from collections.abc import Mapping
from enum import StrEnum

_log = logging.getLogger("bridge.introspection")
_LONGEST = 200
# What the log calls a claim, and the claims that hold it.
_FIELDS: Mapping[str, tuple[str, ...]] = {"iss": ("iss",), "aud": ("aud",), "client": ("azp", "appid"), "jti": ("uti",)}


class Reason(StrEnum):
    """The first check that a token failed."""

    TOO_LARGE = "too_large"
    NOT_A_JWT = "not_a_jwt"
    HEADER_MALFORMED = "header_malformed"
    ALGORITHM = "algorithm"
    KIND = "token_kind"
    HEADER_EXTENSION = "header_extension"
    KEY_ID_MALFORMED = "key_id_malformed"
    TOO_MANY_CLAIMS = "too_many_claims"
    CLAIMS_MALFORMED = "claims_malformed"
    ISSUER_MALFORMED = "issuer_malformed"
    ISSUER_NOT_TRUSTED = "issuer_not_trusted"
    KEY_UNKNOWN = "key_unknown"
    GRAPH_AUDIENCE = "graph_audience"
    HEADER_NONCE = "header_nonce"
    SIGNATURE_MALFORMED = "signature_malformed"
    SIGNATURE = "signature"
    KEY_OF_ANOTHER_ISSUER = "key_of_another_issuer"
    TENANT = "tenant"
    VERSION = "version"
    TIME_MALFORMED = "time_malformed"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_THE_FUTURE = "issued_in_the_future"
    LIFETIME = "lifetime"
    NOT_FOR_ACCESS = "not_an_access_token"
    SUBJECT_MALFORMED = "subject_malformed"
    AUDIENCE_MALFORMED = "audience_malformed"
    KEY_OF_ANOTHER_APPLICATION = "key_of_another_application"
    AUDIENCE = "audience"
    PROOF_OF_POSSESSION = "proof_of_possession"
    TENANT_NOT_ALLOWED = "tenant_not_allowed"
    CLIENT_NOT_ALLOWED = "client_not_allowed"
    AGENT_NOT_ALLOWED = "agent_not_allowed"
    SCOPE_MALFORMED = "scope_malformed"
    CLIENT_DELETED = "client_deleted"
    CLIENT_DISABLED = "client_disabled"
    CLIENT_NOT_REGISTERED = "client_not_registered"
    GRANT_NOT_REGISTERED = "grant_not_registered"
    USER_DELETED = "user_deleted"
    USER_DISABLED = "user_disabled"
    SESSIONS_REVOKED = "sessions_revoked"


class Refused(Exception):
    """The token is inactive. `key_id` and `claims` are what was read of it so far: unverified, for the log alone."""

    def __init__(self, reason: Reason, key_id: str | None = None, claims: Mapping[str, object] | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.key_id = key_id
        self.claims = claims


def one_line(value: object) -> str:
    """`value` as at most 200 characters of printable ASCII without blanks: it may be a stranger's, and machines read logs."""
    text = value if isinstance(value, str) else "-" if value is None else f"<{type(value).__name__}>"
    return "".join(char if "!" <= char <= "~" else "?" for char in text[:_LONGEST])


def log_inactive(refused: Refused, caller: str, agent: Mapping[str, object] | None = None) -> None:
    """One line at level INFO for an answer of `{"active":false}`: its reason, its key's id, four of its claims, unverified, and
    the `agent` behind a verified one."""
    if not _log.isEnabledFor(logging.INFO):
        return
    claims = refused.claims or {}
    fields: dict[str, object] = {"reason": refused.reason.value, "kid": refused.key_id}
    for name, candidates in _FIELDS.items():
        fields[name] = next((claims[claim] for claim in candidates if claim in claims), None)
    _log.info("inactive token: %s", _line({**fields, "caller": caller, **_agent_fields(agent)}))


def log_agent(agent: Mapping[str, object], client_id: str, token_id: object, caller: str) -> None:
    """One line at level INFO for an active token of an agent, whenever it is verified."""
    if _log.isEnabledFor(logging.INFO):
        _log.info(
            "token of an agent: %s", _line({**_agent_fields(agent), "client": client_id, "jti": token_id, "caller": caller})
        )


def _agent_fields(agent: Mapping[str, object] | None) -> dict[str, object]:
    return {"agent": agent["kind"], "blueprint": agent.get("blueprint")} if agent else {}


def _line(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={one_line(value)}" for name, value in fields.items())
