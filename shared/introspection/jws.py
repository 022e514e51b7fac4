"""The JWS half of an access token: three segments, an RS256 header, a canonical signature. RFC 7515, RFC 7519, RFC 8725.

Everything here is pure. A header names a key by `kid` alone: `jku`, `x5u`, `jwk`, `x5c` and `x5t` are never read (RFC 8725
section 3.10). PyJWT does the same job four to twelve times slower and can't apply the nonce rule of Graph's tokens; the tests
hold this module against PyJWT and joserfc.
"""

from binascii import a2b_base64, b2a_base64
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from shared.introspection.reasons import Reason, Refused
from shared.strict_json import loads

MAX_TOKEN = 32 * 1024  # bytes; one of Entra's with 200 groups, named by 55 characters each, has 17 KB
MAX_HEADER = 4096  # characters; Entra's are about 100
# The payload is read before its signature is verified, so what a stranger can make that cost is bounded. A comma, bracket,
# brace or escape costs about as much as 32 plain characters; the budget is what 200 groups and 30 claims in 32 KB use up. Up to
# 1 KB isn't counted.
PLAIN = 1024
LONG = 2048  # characters of a segment from which on its content mustn't decide what decoding costs
BUDGET = 1000
MAX_KEY_ID = 128
ALGORITHM = "RS256"  # the only one that Entra's metadata lists
TOKEN_KINDS = frozenset({"jwt", "at+jwt"})
# `crit` announces what this reader doesn't know; the others change how the payload is to be read (RFC 7797, RFC 7516).
FOREIGN_MEMBERS = frozenset({"crit", "b64", "zip", "enc"})

_PLUS, _SLASH, _EQUALS, _DOT = b"+/=."
_FILLING = bytes(set(range(256)) - set(b",[{\\"))
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")  # what isn't base64url becomes what isn't base64 either
_PADDING = PKCS1v15()
_PREHASHED = Prehashed(SHA256())
# A last character whose unused low bits are zero (RFC 4648 section 3.5), by the count of characters beyond whole quadruples.
_CANONICAL_LAST = {0: frozenset(range(256)), 2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
_PLAIN_NONCE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


class Header(NamedTuple):
    """A header that passed every check. `nonce` is the one of Graph's tokens, None in all others; `text` is the raw JSON."""

    key_id: str
    nonce: str | None
    text: bytes


# Header, payload and signature as base64url texts, and the signing input: header and payload with their dot.
type Segments = tuple[bytes, bytes, bytes, bytes]


def decode_segment(segment: bytes) -> bytes:
    """The bytes of an unpadded base64url segment (RFC 7515 section 2). Raises ValueError on any other alphabet or length."""
    if len(segment) > LONG:
        plain = segment.translate(_TO_BASE64)  # its cost doesn't depend on what a stranger wrote
    else:
        # Looking for a number is one memchr; looking for b"+" costs four times as much.
        if _PLUS in segment or _SLASH in segment or _EQUALS in segment:
            raise ValueError("not the base64url alphabet")
        # Few characters differ from plain base64, so two replacements beat a translation table.
        plain = segment.replace(b"-", b"+").replace(b"_", b"/")
    return a2b_base64(plain + b"==="[: -len(plain) % 4], strict_mode=True)


def encode_segment(value: bytes) -> bytes:
    """`value` as unpadded base64url."""
    return b2a_base64(value, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")


def split_token(token: bytes) -> Segments:
    """The three segments, none of them empty, and the signing input. Raises Refused."""
    if len(token) > MAX_TOKEN:
        raise Refused(Reason.TOO_LARGE)
    signed, _, signature = token.rpartition(b".")
    header, _, payload = signed.partition(b".")
    if not (header and payload and signature) or _DOT in payload:
        raise Refused(Reason.NOT_A_JWT)
    return header, payload, signature, signed


def read_header(segment: bytes) -> Header:
    """The checked header. Raises Refused with the first rule that it breaks."""
    if len(segment) > MAX_HEADER:
        raise Refused(Reason.HEADER_MALFORMED)
    try:
        text = decode_segment(segment)
        members = loads(text)
    except (ValueError, RecursionError):
        raise Refused(Reason.HEADER_MALFORMED) from None
    if not isinstance(members, dict):
        raise Refused(Reason.HEADER_MALFORMED)
    if members.get("alg") != ALGORITHM:
        raise Refused(Reason.ALGORITHM)
    kind = members.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TOKEN_KINDS:
        raise Refused(Reason.KIND)
    if not FOREIGN_MEMBERS.isdisjoint(members):
        raise Refused(Reason.HEADER_EXTENSION)
    key_id = members.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
        raise Refused(Reason.KEY_ID_MALFORMED)
    nonce = members.get("nonce")
    if nonce is not None and not isinstance(nonce, str):
        raise Refused(Reason.HEADER_NONCE, key_id)
    return Header(key_id, nonce, text)


def read_claims(segment: bytes) -> dict[str, object]:
    """The payload as a JSON object. Raises Refused."""
    try:
        text = decode_segment(segment)
        if len(text) > PLAIN and len(text.translate(None, _FILLING)) + len(text) // 32 > BUDGET:
            raise Refused(Reason.TOO_MANY_CLAIMS)
        claims = loads(text)
    except (ValueError, RecursionError):
        raise Refused(Reason.CLAIMS_MALFORMED) from None
    if not isinstance(claims, dict):
        raise Refused(Reason.CLAIMS_MALFORMED)
    return claims


def signed_header_of_graph(header: Header) -> bytes:
    """The header segment that a Graph-audience token was signed with: its nonce replaced by base64url(SHA-256(nonce)).

    Microsoft doesn't document the rule; see docs/introspection.md for the public reports. The bytes of the raw JSON are
    replaced in place, so that member order and spacing stay, and only the raw form is taken: Graph's own back ends forward the
    hashed form, and taking that too would undo the protection. Raises Refused when the replacement isn't unambiguous.
    """
    nonce = header.nonce
    if nonce is None or not nonce or not _PLAIN_NONCE.issuperset(nonce):
        raise Refused(Reason.HEADER_NONCE, header.key_id)
    raw = nonce.encode("ascii")
    if header.text.count(raw) != 1:
        raise Refused(Reason.HEADER_NONCE, header.key_id)
    return encode_segment(header.text.replace(raw, encode_segment(sha256(raw).digest())))


def verify_signature(key: RSAPublicKey, size: int, digest: bytes, segment: bytes) -> None:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3); `digest` is the SHA-256 of the signing input. Raises Refused.

    `size` is the modulus in bytes. Only this segment's text isn't covered by the signature, so only here
    must the base64url be canonical: without the check on its last character several texts would pass for
    one token, and a cache or a deny list could be walked around.
    """
    last = _CANONICAL_LAST.get(len(segment) % 4)
    if last is None or segment[-1] not in last:
        raise Refused(Reason.SIGNATURE_MALFORMED)
    try:
        signature = decode_segment(segment)
    except ValueError:
        raise Refused(Reason.SIGNATURE_MALFORMED) from None
    if len(signature) != size:  # RFC 8017 section 8.2.2 step 1
        raise Refused(Reason.SIGNATURE_MALFORMED)
    try:
        key.verify(signature, digest, _PADDING, _PREHASHED)
    except InvalidSignature:
        raise Refused(Reason.SIGNATURE) from None
