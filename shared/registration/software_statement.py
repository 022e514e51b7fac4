"""Software statements (RFC 7591 section 2.3): client metadata that somebody the operator trusts has signed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.errors import InvalidClientMetadata, InvalidSoftwareStatement, UnapprovedSoftwareStatement
from shared.registration.configuration import StatementIssuer
from shared.registration.policy import Policy
from shared.strict_json import JsonObject

# Which algorithms belong to which kind of key (RFC 7518 section 3.1, RFC 8037 section 3.1).
_FAMILIES = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}
# Seconds that clocks may differ.
_LEEWAY = 60


def apply_statement(document: JsonObject, policy: Policy, issuers: Iterable[StatementIssuer], now: datetime) -> JsonObject:
    """`document` with the claims of its software statement in place of its own members (RFC 7591 section 2.3).

    Where no issuer is configured, statements are ignored and left out (section 3.1.1). Raises InvalidSoftwareStatement,
    UnapprovedSoftwareStatement, and InvalidClientMetadata where the policy needs a statement and none came.
    """
    known = {issuer.issuer: issuer for issuer in issuers}
    statement = document.get("software_statement")
    if not known or not statement:
        if policy.require_software_statement:
            raise InvalidClientMetadata("software_statement is missing")
        return {name: value for name, value in document.items() if name != "software_statement"}
    if not isinstance(statement, str):
        raise InvalidSoftwareStatement("software_statement must be a string")
    claims = _verify(statement, known, now)
    # A statement can't stand for another one; claims of the JWT itself are no client metadata and go unnoticed.
    return {**document, **claims, "software_statement": statement}


def _verify(statement: str, issuers: dict[str, StatementIssuer], now: datetime) -> dict[str, Any]:
    import jwt

    try:
        unverified = jwt.decode(statement, options={"verify_signature": False})
        header = jwt.get_unverified_header(statement)
    except jwt.InvalidTokenError as cause:
        raise InvalidSoftwareStatement("software_statement is not a JWT") from cause
    if "iss" not in unverified:
        raise InvalidSoftwareStatement("software_statement has no iss")
    issuer = issuers.get(str(unverified["iss"]))
    if issuer is None:
        raise UnapprovedSoftwareStatement("software_statement comes from an issuer that is not trusted here")
    algorithm = str(header.get("alg"))
    for key in jwt.PyJWKSet.from_dict(issuer.jwks).keys:
        if algorithm not in issuer.algorithms or not algorithm.startswith(_FAMILIES.get(str(key.key_type), ())):
            continue
        try:
            claims: dict[str, Any] = jwt.decode(
                statement,
                # The bare key: by itself a JWK without `alg` would allow one algorithm of its kind alone.
                key.key,
                algorithms=[algorithm],
                # The clock is an argument here; a statement is for no audience in particular.
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
            )
        except jwt.InvalidTokenError:
            continue
        _check_times(claims, now)
        return claims
    raise InvalidSoftwareStatement("software_statement is not signed with a key of its issuer")


def _check_times(claims: dict[str, Any], now: datetime) -> None:
    for name, sign in (("exp", 1), ("nbf", -1)):
        moment = claims.get(name)
        if moment is None:
            continue
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise InvalidSoftwareStatement(f"software_statement has an {name} that is no number")
        # Compared, not subtracted: an integer may be too large for a double.
        if not sign * moment >= sign * now.timestamp() - _LEEWAY:
            raise InvalidSoftwareStatement("software_statement is not valid at this time")
