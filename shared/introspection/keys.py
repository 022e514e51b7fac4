"""Verification keys out of a JWK set: only RSA keys that Entra could have signed an access token with. RFC 7517, RFC 7518.

Entra's keys carry two members of its own: `issuer`, whose tokens the key may sign (`{tenantid}` stands for any tenant), and
`cloud_instance_name`. A key of the consumer tenant or of another cloud in the same document must not vouch for this tenant.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from shared.http.documents import UnusableDocument
from shared.introspection.jws import ALGORITHM, MAX_KEY_ID, decode_segment

MIN_BITS = 2048  # RFC 7518 section 3.3
MAX_BITS = 8192  # a larger key costs more to verify than any issuer needs
MIN_EXPONENT = 65537  # e = 3 has a history of forgeries (CVE-2006-4339); Entra's keys are all AQAB
MAX_EXPONENT = 2**32
MAX_KEYS = 100
TENANT_TEMPLATE = "{tenantid}"


class VerificationKey(NamedTuple):
    """One RSA key. `size`: the modulus in bytes. `fits`: the document says that it signs for the issuer it was read for.

    `audiences`: the only ones that it signs for, when it is one application's own key; None for a key of the whole tenant.
    """

    key_id: str
    public_key: RSAPublicKey
    size: int
    fits: bool
    audiences: frozenset[str] | None = None


def _unsigned(member: object) -> int | None:
    """RFC 7518 section 2: Base64urlUInt."""
    if not isinstance(member, str) or not member:
        return None
    try:
        return int.from_bytes(decode_segment(member.encode("ascii")), "big")
    except ValueError:
        return None


def _rsa_key(members: Mapping[str, object]) -> RSAPublicKey | None:
    """The public key of a JWK that may verify RS256 signatures; None of any other."""
    if members.get("kty") != "RSA" or members.get("use", "sig") != "sig" or members.get("alg", ALGORITHM) != ALGORITHM:
        return None
    operations = members.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    modulus, exponent = _unsigned(members.get("n")), _unsigned(members.get("e"))
    if modulus is None or exponent is None or not modulus % 2 or not exponent % 2:
        return None
    if not MIN_BITS <= modulus.bit_length() <= MAX_BITS or not MIN_EXPONENT <= exponent < MAX_EXPONENT:
        return None
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return None


def fits_issuer(members: Mapping[str, object], issuer: str, tenant_id: str, cloud: str | None) -> bool:
    """Whether the key's `issuer` and `cloud_instance_name`, where it has them, are those of `issuer` in `tenant_id` and `cloud`.

    Microsoft's "Access tokens in the Microsoft identity platform", "Validate the signing key issuer".
    """
    owner = members.get("issuer")
    if owner is not None and (not isinstance(owner, str) or owner.replace(TENANT_TEMPLATE, tenant_id) != issuer):
        return False
    key_cloud = members.get("cloud_instance_name")
    return key_cloud is None or cloud is None or key_cloud == cloud


def read_key_set(
    document: object, issuer: str, tenant_id: str, cloud: str | None = None, audiences: frozenset[str] | None = None
) -> dict[str, VerificationKey]:
    """The usable keys of a JWK set by `kid`, for `issuer` (the v2 form for a tenant). Raises UnusableDocument if there are none.

    Two keys with one `kid` are ambiguous, so neither is used. `audiences` limits all of them.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UnusableDocument("the key document has no list of keys")
    if len(entries) > MAX_KEYS:
        raise UnusableDocument("the key document has too many keys")
    seen: set[str] = set()
    keys: dict[str, VerificationKey] = {}
    for members in entries:
        key_id = members.get("kid") if isinstance(members, dict) else None
        if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
            continue
        if key_id in seen:
            keys.pop(key_id, None)
            continue
        seen.add(key_id)
        public_key = _rsa_key(members)
        if public_key is not None:
            size = (public_key.key_size + 7) // 8
            fits = fits_issuer(members, issuer, tenant_id, cloud)
            keys[key_id] = VerificationKey(key_id, public_key, size, fits, audiences)
    if not keys:
        raise UnusableDocument("the key document has no usable RSA key")
    return keys
