"""Verification keys: read out of JWK sets, and kept for each source of tokens. RFC 7517, RFC 7518.

Only RSA keys count that Entra could have signed an access token with. A source's keys are renewed in the background, kept through
an outage and never fetched for each token that asks.

Entra's keys carry two members of its own: `issuer`, whose tokens the key may sign (`{tenantid}` stands for any tenant), and
`cloud_instance_name`. A key of the consumer tenant or of another cloud in the same document must not vouch for this tenant.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from shared.http.documents import UnusableDocument
from shared.http.refreshed import FetchFailed, Lifetimes, Refreshed
from shared.introspection.jws import ALGORITHM, MAX_KEY_ID, decode_segment

MIN_BITS = 2048  # RFC 7518 section 3.3
MAX_BITS = 8192  # a larger key costs more to verify than any issuer needs
MIN_EXPONENT = 65537  # e = 3 has a history of forgeries (CVE-2006-4339); Entra's keys are all AQAB
MAX_EXPONENT = 2**32
MAX_KEYS = 100
MISSING = 600  # seconds for which a key serves that the documents lack all of a sudden
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

    Two different keys with one `kid` are ambiguous, so neither is used. `audiences` limits all of them.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UnusableDocument("the key document has no list of keys")
    if len(entries) > MAX_KEYS:
        raise UnusableDocument("the key document has too many keys")
    seen: dict[str, object] = {}
    keys: dict[str, VerificationKey] = {}
    for members in entries:
        key_id = members.get("kid") if isinstance(members, dict) else None
        if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
            continue
        if key_id in seen:
            if members != seen[key_id]:
                keys.pop(key_id, None)
            continue
        seen[key_id] = members
        public_key = _rsa_key(members)
        if public_key is not None:
            size = (public_key.key_size + 7) // 8
            fits = fits_issuer(members, issuer, tenant_id, cloud)
            keys[key_id] = VerificationKey(key_id, public_key, size, fits, audiences)
    if not keys:
        raise UnusableDocument("the key document has no usable RSA key")
    return keys


class KeyLifetimes(NamedTuple):
    """Seconds. `soft`: age at which keys are renewed in the background. `hard`: age at which they are no longer used.
    `unknown_key`: least time between two renewals that unknown `kid`s cause. `retry`: the same while there are no keys at all.

    The usual ones follow Microsoft's "Signing key rollover in the Microsoft identity platform": keep 24 hours, renew hourly,
    renew at once on an unknown `kid` but not for each one, keep the last good set when a renewal fails.
    """

    soft: int = 3600
    hard: int = 86400
    unknown_key: int = 60
    retry: int = 5


class Published(NamedTuple):
    """What a source published: its issuers with the token version of each, and its keys by `kid`."""

    versions: Mapping[str, str]
    keys: Mapping[str, VerificationKey]


class KeyStore(Refreshed[Published]):
    """The published keys of one source of tokens. All methods take `now` in seconds since 1970, and raise Pending or FetchFailed.

    While Entra rolls its keys over, one answer may lack a key that the one before had and the next has again. So a key that goes
    missing serves for MISSING seconds more, and the documents are read again at once.
    """

    def __init__(self, name: str, fetch: Callable[[], Published], lifetimes: KeyLifetimes, executor: Executor) -> None:
        soft, hard, self._unknown_key, retry = lifetimes
        super().__init__(f"keys of {name}", fetch, Lifetimes(soft, hard, hard, self._unknown_key, retry), executor)
        self._missing: dict[str, float] = {}  # until when a key that went missing serves, by `kid`

    @property
    def known_issuers(self) -> Mapping[str, str]:
        """The issuers that the source named last, with the token version of each; empty before its documents were read."""
        return {} if self._value is None else self._value.versions

    def find(self, key_id: str, now: float) -> VerificationKey | None:
        """The key named `key_id`; None when the source doesn't publish it.

        An unknown name starts a renewal if the last try is long enough ago. While renewals fail, an unknown name may be a new
        key's, so it is FetchFailed and not None: an outage must not turn good tokens inactive.
        """
        key = self.value(now).keys.get(key_id)
        if key is None:
            self.ask(now, self._unknown_key)
            if self.failing:
                raise FetchFailed(self.name, self._unknown_key)
            key = self.value(now).keys.get(key_id)  # a renewal may have ended since the first look
        return key

    def holds(self, key: VerificationKey, now: float) -> bool:
        """Whether `key` is still published, for the same issuer and audiences. An unknown name starts no renewal here."""
        current = self.value(now).keys.get(key.key_id)
        return current is key or current == key

    def _keep(self, value: Published, now: float) -> None:
        known, listed = {} if self._value is None else self._value.keys, value.keys
        # Listed as an application's own alone, a key of the whole tenant is missing too.
        gone = [
            key
            for key_id, key in known.items()
            if key_id not in listed or (key.audiences is None is not listed[key_id].audiences)
        ]
        was_missing = self._missing
        self._missing = {key.key_id: was_missing.get(key.key_id, now + MISSING) for key in gone}
        super()._keep(value._replace(keys={**listed, **{key.key_id: key for key in gone}}), now)
        if gone:
            self._due = now
            if not self._missing.keys() <= was_missing.keys():
                self._tried_at = None  # so that the next token starts a fetch
            self._expire(now)

    def _expire(self, now: float) -> None:
        over = {key_id for key_id, until in self._missing.items() if not until - MISSING <= now < until}
        if over and self._value is not None:
            self._missing = {key_id: until for key_id, until in self._missing.items() if key_id not in over}
            self._value = self._value._replace(keys={k: key for k, key in self._value.keys.items() if k not in over})
