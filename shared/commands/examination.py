"""All checks on one token, one by one and on past a failure: what the endpoint decides in one go, laid open for a person.

The same functions as in shared.introspection.verifier, in the same order; the first failure here is the endpoint's reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from shared.http.refreshed import Unavailable, settled
from shared.introspection.claims import check_access_token, check_tenant, check_times, roles_of, scope_of
from shared.introspection.configuration import Caller, Options
from shared.introspection.issuers import Source, TrustedIssuers
from shared.introspection.jws import Header, Segments, read_claims, read_header, split_token, verify_signature
from shared.introspection.keys import VerificationKey
from shared.introspection.reasons import Reason, Refused
from shared.introspection.verifier import Verified, check_for_caller, signed_digest

FETCHES = 4  # that one check may need: a source's documents, and once more for an unknown key
PATIENCE = 60.0  # seconds; a person waits


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: True, False, or None for one that couldn't be made."""

    reason: Reason
    passed: bool | None


class _NotThere(Exception):
    """A check needs what an earlier one would have given."""


@dataclass
class Examination:
    """One token under examination for one caller at `now`, seconds since 1970. `failure` says why keys couldn't be had, if so."""

    token: bytes
    issuers: TrustedIssuers
    options: Options
    caller: Caller
    now: float
    segments: Segments | None = None
    header: Header | None = None
    claims: dict[str, object] | None = None
    source: Source | None = None
    version: str | None = None
    key: VerificationKey | None = None
    digest: bytes | None = None
    client_id: str | None = None
    failure: str | None = None
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> list[Finding]:
        """Every check's outcome, in order."""
        for check, reasons in self._steps():
            failed: Reason | None = None
            made = True
            try:
                settled(check, PATIENCE, FETCHES)
            except Refused as refused:
                failed = refused.reason
            except Unavailable as outage:
                self.failure, made = outage.name, False
            except _NotThere:
                made = False
            for reason in reasons:
                passed = False if reason == failed else True if made and failed is None else None
                if failed is not None and reason in reasons[: reasons.index(failed)]:
                    passed = True
                self.findings.append(Finding(reason, passed))
        return self.findings

    @property
    def first_failure(self) -> Reason | None:
        """The endpoint's reason for calling the token inactive; None when it would call it active."""
        return next((finding.reason for finding in self.findings if finding.passed is False), None)

    @property
    def complete(self) -> bool:
        """Whether every check could be made."""
        return all(finding.passed is not None for finding in self.findings)

    def _steps(self) -> Iterator[tuple[Callable[[], None], tuple[Reason, ...]]]:
        r = Reason
        yield self._split, (r.TOO_LARGE, r.NOT_A_JWT)
        header = (r.HEADER_MALFORMED, r.ALGORITHM, r.KIND, r.HEADER_EXTENSION, r.KEY_ID_MALFORMED)
        # A nonce of the wrong type is found while reading the header, one at the wrong place after the key is known.
        yield self._read_header, (*header, r.HEADER_NONCE) if self._nonce_is_malformed() else header
        yield self._read_claims, (r.TOO_MANY_CLAIMS, r.CLAIMS_MALFORMED)
        yield self._find_issuer, (r.ISSUER_MALFORMED, r.ISSUER_NOT_TRUSTED)
        yield self._find_key, (r.KEY_UNKNOWN,)
        yield self._apply_nonce_rule, (r.HEADER_NONCE, r.GRAPH_AUDIENCE)
        yield self._verify, (r.SIGNATURE_MALFORMED, r.SIGNATURE)
        yield self._check_owner, (r.KEY_OF_ANOTHER_ISSUER,)
        yield self._check_tenant, (r.TENANT, r.VERSION)
        times = (r.TIME_MALFORMED, r.EXPIRED, r.NOT_YET_VALID, r.ISSUED_IN_THE_FUTURE, r.LIFETIME)
        yield self._check_times, times
        yield self._check_kind, (r.NOT_FOR_ACCESS, r.SUBJECT_MALFORMED)
        yield (
            self._check_caller,
            (
                r.AUDIENCE_MALFORMED,
                r.AUDIENCE,
                r.GRAPH_AUDIENCE,
                r.LIFETIME,
                r.KEY_OF_ANOTHER_APPLICATION,
                r.PROOF_OF_POSSESSION,
                r.CLIENT_NOT_ALLOWED,
            ),
        )
        yield self._check_scope, (r.SCOPE_MALFORMED,)

    def _nonce_is_malformed(self) -> bool:
        if self.segments is None:
            return False
        try:
            read_header(self.segments[0])
        except Refused as refused:
            return refused.reason is Reason.HEADER_NONCE
        return False

    def _split(self) -> None:
        self.segments = split_token(self.token)
        self.digest = sha256(self.segments[3]).digest()

    def _read_header(self) -> None:
        self.header = read_header(_there(self.segments)[0])

    def _read_claims(self) -> None:
        self.claims = read_claims(_there(self.segments)[1])

    def _find_issuer(self) -> None:
        self.source, self.version, _ = self.issuers.find(_there(self.claims), self.now)

    def _find_key(self) -> None:
        self.key = _there(self.source).store.find(_there(self.header).key_id, self.now)
        if self.key is None:
            raise Refused(Reason.KEY_UNKNOWN)

    def _apply_nonce_rule(self) -> None:
        digest, self.digest = _there(self.digest), None
        segments, header = _there(self.segments), _there(self.header)
        self.digest = signed_digest(header, _there(self.claims), segments[1], digest, self.options)

    def _verify(self) -> None:
        key, segments = _there(self.key), _there(self.segments)
        verify_signature(key.public_key, key.size, _there(self.digest), segments[2])

    def _check_owner(self) -> None:
        if not _there(self.key).fits:
            raise Refused(Reason.KEY_OF_ANOTHER_ISSUER)

    def _check_tenant(self) -> None:
        check_tenant(_there(self.claims), _there(self.source).tenant_id, _there(self.version))

    def _check_times(self) -> None:
        check_times(_there(self.claims), self.now, self.options.max_lifetime)

    def _check_kind(self) -> None:
        self.client_id = check_access_token(_there(self.claims), _there(self.version))

    def _check_caller(self) -> None:
        claims, key, client_id = _there(self.claims), _there(self.key), _there(self.client_id)
        verified = Verified(claims, client_id, 0, key, _there(self.source).store)
        check_for_caller(verified, self.caller, self.options)

    def _check_scope(self) -> None:
        claims = _there(self.claims)
        roles_of(claims)
        scope_of(claims)


def _there[T](value: T | None) -> T:
    if value is None:
        raise _NotThere
    return value
