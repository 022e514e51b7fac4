"""Client assertions: a JWT signed with a certificate of the application, or one of a trusted outside issuer.

Certificate assertions: https://learn.microsoft.com/entra/identity-platform/certificate-credentials (header with x5t or x5t#S256,
aud the token endpoint, iss and sub the client id). Federated ones: the application's federatedIdentityCredentials name issuer,
subject and audience; the issuer's keys are given to the emulator, since it fetches nothing.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from emulator.directory.record import Record, State
from emulator.sts.errors import StsError
from emulator.sts.signing_keys import base64url
from emulator.tenant import Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def check_assertion(tenant: Tenant, record: Record, client_id: str, assertion: str, token_endpoints: tuple[str, ...]) -> State:
    """The credential by which `assertion` proves to be `client_id`. Raises StsError 700027, 700024, 700021 or 9002313."""
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise StsError(9002313) from None
    if claims.get("iss") == client_id:
        credential = _check_own(tenant, record, client_id, assertion, header, token_endpoints)
    else:
        credential = _check_federated(tenant, record, assertion, claims, header)
    _check_time(tenant, claims)
    return credential


def _check_own(
    tenant: Tenant, record: Record, client_id: str, assertion: str, header: dict[str, Any], token_endpoints: tuple[str, ...]
) -> State:
    state = tenant.consistency.visible(record, "sts_credentials") or {}
    known: list[State] = state.get("keyCredentials", [])
    for credential in known:
        encoded = record.keys.get(credential["keyId"])
        if encoded is None:
            continue
        certificate = x509.load_der_x509_certificate(base64.b64decode(encoded))
        if not _names(header, certificate):
            continue
        try:
            jwt.decode(
                assertion,
                certificate.public_key(),  # type: ignore[arg-type]
                algorithms=["RS256", "PS256"],
                audience=list(token_endpoints),
                subject=client_id,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "aud", "sub"]},
            )
        except jwt.PyJWTError:
            raise StsError(700027) from None
        return credential
    raise StsError(700027)


def _names(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether an assertion's header points at `certificate`, by SHA-256 or SHA-1 thumbprint or by carrying it."""
    for name, digest in (("x5t#S256", hashes.SHA256()), ("x5t", hashes.SHA1())):  # noqa: S303 - x5t is defined with SHA-1
        if name in header:
            # MSAL pads the SHA-256 thumbprint, which base64url in JOSE does not.
            return str(header[name]).rstrip("=") == base64url(certificate.fingerprint(digest))
    chain = header.get("x5c") or [""]
    try:
        carried = base64.b64decode(chain[0] if isinstance(chain, list) else chain)
        return x509.load_der_x509_certificate(carried) == certificate
    except (ValueError, binascii.Error):
        return False


def _check_federated(tenant: Tenant, record: Record, assertion: str, claims: dict[str, Any], header: dict[str, Any]) -> State:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    seen = tenant.consistency.seen(record, "sts_credentials")
    for credential in seen.federated if seen is not None else ():
        if credential["issuer"] != claims.get("iss") or credential["subject"] != claims.get("sub"):
            continue
        if not set(credential["audiences"]) & set(audiences):
            continue
        keys = tenant.directory.trusted_issuers.get(str(claims["iss"]), {})
        key = keys.get(str(header.get("kid", "")))
        if key is None:
            break
        try:
            jwt.decode(
                assertion,
                key,  # type: ignore[arg-type]
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            raise StsError(700027) from None
        return credential
    raise StsError(700021)


def _check_time(tenant: Tenant, claims: dict[str, Any]) -> None:
    now = tenant.clock.time()
    start, end = claims.get("nbf", claims.get("iat", now)), claims.get("exp", 0)
    if start > now + 300 or end <= now - 300:
        shown = [datetime.fromtimestamp(moment, UTC).isoformat() for moment in (now, start, end)]
        raise StsError(700024, now=shown[0], start=shown[1], end=shown[2])
