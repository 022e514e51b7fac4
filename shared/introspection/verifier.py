"""The checks on a token, in their order; the first that fails makes it inactive.

    size, shape, header -> claims, issuer -> key -> signature -> key's issuer, tenant, version -> times -> access-token mark
    -> for one caller: audience, proof of possession, client

Each step is a function of shared.introspection.jws or .access_token; `explain` runs the same functions one by one.
"""

from typing import NamedTuple

from shared.introspection.access_token import (
    GRAPH_AUDIENCES,
    audience_of,
    check_access_token,
    check_lifetime,
    check_tenant,
    check_times,
    check_version,
)
from shared.introspection.configuration import Caller, Options
from shared.introspection.issuers import TrustedIssuers
from shared.introspection.jws import (
    Header,
    read_claims,
    read_header,
    signed_header_of_graph,
    split_token,
    verify_signature,
)
from shared.introspection.key_store import KeyStore
from shared.introspection.keys import VerificationKey
from shared.introspection.reasons import Reason, Refused

MAX_KNOWN_HEADERS = 64


class Verified(NamedTuple):
    """A token of a trusted issuer: its claims, its client's id, and the key that vouches for it in its store."""

    claims: dict[str, object]
    client_id: str
    key: VerificationKey
    store: KeyStore


def signed_text(header: Header, claims: dict[str, object], payload: bytes, options: Options) -> bytes | None:
    """What a token with a header nonce was signed over; None for a header without one, which is signed as it stands.

    Only Graph's tokens carry a nonce. Raises Refused for them unless the operator turned them on.
    """
    if header.nonce is None:
        return None
    if claims.get("aud") not in GRAPH_AUDIENCES:
        raise Refused(Reason.HEADER_NONCE)
    if options.graph_clients is None:
        raise Refused(Reason.GRAPH_AUDIENCE)
    return signed_header_of_graph(header) + b"." + payload


def check_for_caller(verified: Verified, caller: Caller, options: Options) -> None:
    """Whether the token is meant for `caller` (RFC 7662 section 4, RFC 9700 section 2.3). Raises Refused."""
    claims, client_id = verified.claims, verified.client_id
    audience = audience_of(claims)
    if audience not in caller.audiences:
        if audience not in GRAPH_AUDIENCES:
            raise Refused(Reason.AUDIENCE)
        if options.graph_clients is None:
            raise Refused(Reason.GRAPH_AUDIENCE)
        if client_id not in options.graph_clients:
            raise Refused(Reason.CLIENT_NOT_ALLOWED)
        check_lifetime(claims, options.graph_max_lifetime)
    key_audiences = verified.key.audiences
    if key_audiences is not None and audience not in key_audiences:
        raise Refused(Reason.KEY_OF_ANOTHER_APPLICATION)
    if "cnf" in claims and "cnf" not in caller.claims:
        # Bound to a key that the holder must prove (RFC 7800). Only a caller that asks for `cnf` can see to that.
        raise Refused(Reason.PROOF_OF_POSSESSION)
    if caller.clients is not None and client_id not in caller.clients:
        raise Refused(Reason.CLIENT_NOT_ALLOWED)


class TokenVerifier:
    """Verifies tokens against the trusted issuers. Every method raises Refused, Pending or Unavailable."""

    def __init__(self, issuers: TrustedIssuers, options: Options) -> None:
        self._issuers = issuers
        self._options = options
        # Header texts of good tokens: an issuer uses one for each key, and reading it costs as much as all claim checks.
        self._known_headers: dict[bytes, str] = {}

    def verify(self, token: bytes, now: float) -> Verified:
        """The verified token at `now`, seconds since 1970: everything but what depends on the caller."""
        key_id: str | None = None
        claims: dict[str, object] | None = None
        try:
            header_segment, payload, signature = split_token(token)
            key_id = self._known_headers.get(header_segment)
            header = None
            if key_id is None:
                header = read_header(header_segment)
                key_id = header.key_id
            claims = read_claims(payload)
            source, version = self._issuers.find(claims, now)
            key = source.store.find(key_id, now)
            if key is None:
                raise Refused(Reason.KEY_UNKNOWN)
            signed = None if header is None else signed_text(header, claims, payload, self._options)
            verify_signature(key.public_key, key.size, signed or token[: -len(signature) - 1], signature)
            if not key.fits:
                raise Refused(Reason.KEY_OF_ANOTHER_ISSUER)
            check_tenant(claims, source.tenant_id)
            check_version(claims, version)
            check_times(claims, now, self._options.max_lifetime)
            client_id = check_access_token(claims, version)
        except Refused as refused:
            refused.key_id, refused.claims = key_id, claims
            raise
        if header is not None and header.nonce is None and len(self._known_headers) < MAX_KNOWN_HEADERS:
            self._known_headers[header_segment] = key_id
        return Verified(claims, client_id, key, source.store)
