"""The checks on a token, in their order; the first that fails makes it inactive.

    size, shape, header -> claims, issuer -> key -> signature -> key's issuer, tenant, version -> times -> access-token mark
    -> the key's audiences -> for one caller: audience, proof of possession, tenant, client, agent

Each step is a function of shared.introspection.jws or .claims; `explain` runs the same functions one by one.
"""

from collections.abc import Mapping
from hashlib import sha256

from shared.introspection.claims import (
    GRAPH_AUDIENCES,
    agent_of,
    audience_of,
    check_access_token,
    check_lifetime,
    check_tenant,
    check_times,
)
from shared.introspection.configuration import REFUSE, Caller, IntrospectionOptions
from shared.introspection.issuers import TrustedIssuers
from shared.introspection.jws import (
    Header,
    Segments,
    read_claims,
    read_header,
    signed_header_of_graph,
    split_token,
    verify_signature,
)
from shared.introspection.keys import KeyStore, VerificationKey
from shared.introspection.reasons import Reason, Refused

MAX_KNOWN_HEADERS = 64


class Verified:
    """A token of a trusted issuer: its claims, its client's id, its `exp`, and the key that vouches for it in its store."""

    __slots__ = ("claims", "client_id", "expires", "key", "store")

    def __init__(self, claims: dict[str, object], client_id: str, expires: int, key: VerificationKey, store: KeyStore) -> None:
        self.claims = claims
        self.client_id = client_id
        self.expires = expires
        self.key = key
        self.store = store


def signed_digest(
    header: Header, claims: Mapping[str, object], payload: bytes, digest: bytes, options: IntrospectionOptions
) -> bytes:
    """The SHA-256 of what a token was signed over: `digest`, that of its signing input, unless its header has a nonce.

    Only Graph's tokens carry a nonce. Raises Refused for them unless the operator turned them on.
    """
    if header.nonce is None:
        return digest
    if claims.get("aud") not in GRAPH_AUDIENCES:
        raise Refused(Reason.HEADER_NONCE)
    if options.graph_clients is None:
        raise Refused(Reason.GRAPH_AUDIENCE)
    return sha256(signed_header_of_graph(header) + b"." + payload).digest()


def check_key_audience(key: VerificationKey, claims: Mapping[str, object]) -> None:
    """An application's own key signs for that application's audiences, whoever asks. Raises Refused."""
    if key.audiences is not None and audience_of(claims) not in key.audiences:
        raise Refused(Reason.KEY_OF_ANOTHER_APPLICATION)


def check_for_caller(verified: Verified, caller: Caller, options: IntrospectionOptions) -> None:
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
    if "cnf" in claims and "cnf" not in caller.claims:
        # Bound to a key that the holder must prove (RFC 7800). Only a caller that asks for `cnf` can see to that.
        raise Refused(Reason.PROOF_OF_POSSESSION)
    if caller.tenants is not None and claims["tid"] not in caller.tenants:
        raise Refused(Reason.TENANT_NOT_ALLOWED)
    if caller.clients is not None and client_id not in caller.clients:
        raise Refused(Reason.CLIENT_NOT_ALLOWED)
    if options.agents_for(caller) == REFUSE and agent_of(claims) is not None:
        raise Refused(Reason.AGENT_NOT_ALLOWED)


def check_for_bridge(verified: Verified, audiences: frozenset[str], tenants: frozenset[str]) -> None:
    """Whether the token may open one of the bridge's own doors, whose `aud` and `tid` are given. Raises Refused.

    What is trusted for introspection opens nothing here by itself: an application's own key vouches for that application and not
    for who calls the bridge, and a token that is bound to a key isn't a plain bearer token (RFC 7800).
    """
    claims = verified.claims
    if audience_of(claims) not in audiences:
        raise Refused(Reason.AUDIENCE)
    if verified.key.audiences is not None:
        raise Refused(Reason.KEY_OF_ANOTHER_APPLICATION)
    if "cnf" in claims:
        raise Refused(Reason.PROOF_OF_POSSESSION)
    if claims["tid"] not in tenants:
        raise Refused(Reason.TENANT_NOT_ALLOWED)


class TokenVerifier:
    """Verifies tokens against the trusted issuers. Every method raises Refused, Pending or FetchFailed."""

    def __init__(self, issuers: TrustedIssuers, options: IntrospectionOptions) -> None:
        self._issuers = issuers
        self._options = options
        # Header texts of good tokens: an issuer uses one for each key, and reading it costs as much as all claim checks.
        self._known_headers: dict[bytes, str] = {}

    def verify(self, token: bytes, now: float) -> Verified:
        """The verified token at `now`, seconds since 1970: everything but what depends on the caller."""
        segments = split_token(token)
        return self.verify_segments(segments, sha256(segments[3]).digest(), now)

    def verify_segments(self, segments: Segments, digest: bytes, now: float) -> Verified:
        """The same for a token that was split; `digest` is the SHA-256 of its signing input."""
        header_segment, payload, signature, _ = segments
        header: Header | None = None
        claims: dict[str, object] | None = None
        key_id = self._known_headers.get(header_segment)
        try:
            if key_id is None:
                header = read_header(header_segment)
                key_id = header.key_id
            claims = read_claims(payload)
            source, version, published = self._issuers.find(claims, now)
            key = published.keys.get(key_id) or source.store.find(key_id, now)
            if key is None:
                raise Refused(Reason.KEY_UNKNOWN)
            if header is not None:
                digest = signed_digest(header, claims, payload, digest, self._options)
            verify_signature(key.public_key, key.size, digest, signature)
            if not key.fits:
                raise Refused(Reason.KEY_OF_ANOTHER_ISSUER)
            check_tenant(claims, source.tenant_id, version)
            expires = check_times(claims, now, self._options.max_lifetime)
            client_id = check_access_token(claims, version)
            if key.audiences is not None:
                check_key_audience(key, claims)
        except Refused as refused:
            refused.key_id, refused.claims = key_id, claims
            raise
        if header is not None and header.nonce is None and len(self._known_headers) < MAX_KNOWN_HEADERS:
            self._known_headers[header_segment] = key_id
        return Verified(claims, client_id, expires, key, source.store)
