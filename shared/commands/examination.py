"""All checks on one token, one by one and on past a failure: what the endpoint decides in one go, laid open for a person.

The same functions as in shared.introspection.verifier, in the same order; the first failure here is the endpoint's reason.
REMEDIES says what each reason means to an operator who looks at "Token has been revoked" in Anypoint, and what to do about it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from shared.http.refreshed import FetchFailed, settled
from shared.introspection.claims import check_access_token, check_tenant, check_times, roles_of, scope_of
from shared.introspection.configuration import ENFORCE, Caller, IntrospectionOptions
from shared.introspection.issuers import Source, TrustedIssuers
from shared.introspection.jws import Header, Segments, read_claims, read_header, split_token, verify_signature
from shared.introspection.keys import VerificationKey
from shared.introspection.reasons import Reason, Refused
from shared.introspection.revocation import DirectoryCheck, subject_of
from shared.introspection.verifier import Verified, check_for_caller, check_key_audience, signed_digest

FETCHES = 4  # that one check may need: a source's documents, and once more for an unknown key
PATIENCE = 60.0  # seconds; a person waits


class CheckOutcome(NamedTuple):
    """The outcome of one check: True, False, or None for one that couldn't be made."""

    reason: Reason
    passed: bool | None


class _NotThere(Exception):
    """A check needs what an earlier one would have given."""


def _there[T](value: T | None) -> T:
    if value is None:
        raise _NotThere
    return value


@dataclass
class Examination:
    """One token under examination for one caller at `now`, seconds since 1970. `failure` says what couldn't be had, if so.
    `directory` asks Graph where the options turn such checks on; None: they aren't made."""

    token: bytes
    issuers: TrustedIssuers
    options: IntrospectionOptions
    caller: Caller
    now: float
    directory: DirectoryCheck | None = None
    claims: dict[str, object] | None = None
    failure: str | None = None
    outcomes: list[CheckOutcome] = field(default_factory=list)

    @property
    def first_failure(self) -> Reason | None:
        """The endpoint's reason for calling the token inactive; None when it would call it active."""
        return next((outcome.reason for outcome in self.outcomes if outcome.passed is False), None)

    @contextmanager
    def _check(self, *reasons: Reason) -> Iterator[None]:
        """Notes how the check inside ended, for each of its `reasons`, in the order in which they are looked for."""
        failed: Reason | None = None
        made = True
        try:
            yield
        except Refused as refused:
            failed = refused.reason
        except FetchFailed as outage:
            self.failure, made = outage.name, False
        except _NotThere:
            made = False
        if failed is not None and failed not in reasons:
            reasons = (*reasons, failed)
        at = len(reasons) if failed is None else reasons.index(failed)
        for index, reason in enumerate(reasons):
            passed = index != at if index <= at and made else None
            self.outcomes.append(CheckOutcome(reason, passed))

    def run(self) -> "Examination":
        """Makes every check."""
        r, now = Reason, self.now
        segments: Segments | None = None
        header: Header | None = None
        source: Source | None = None
        version: str | None = None
        key: VerificationKey | None = None
        digest: bytes | None = None
        client_id: str | None = None
        signed_by: VerificationKey | None = None
        with self._check(r.TOO_LARGE, r.NOT_A_JWT):
            segments = split_token(self.token)
        with self._check(r.HEADER_MALFORMED, r.ALGORITHM, r.KIND, r.HEADER_EXTENSION, r.KEY_ID_MALFORMED):
            header = read_header(_there(segments)[0])
        with self._check(r.TOO_MANY_CLAIMS, r.CLAIMS_MALFORMED):
            self.claims = read_claims(_there(segments)[1])
        with self._check(r.ISSUER_MALFORMED, r.ISSUER_NOT_TRUSTED):
            source, version, _ = settled(lambda: self.issuers.find(_there(self.claims), now), PATIENCE, FETCHES)
        with self._check(r.KEY_UNKNOWN):
            store, key_id = _there(source).store, _there(header).key_id
            key = settled(lambda: store.find(key_id, now), PATIENCE, FETCHES)
            if key is None:
                raise Refused(r.KEY_UNKNOWN)
        with self._check(r.HEADER_NONCE, r.GRAPH_AUDIENCE):
            _, payload, _, signed = _there(segments)
            digest = signed_digest(_there(header), _there(self.claims), payload, sha256(signed).digest(), self.options)
        with self._check(r.SIGNATURE_MALFORMED, r.SIGNATURE):
            verify_signature(_there(key).public_key, _there(key).size, _there(digest), _there(segments)[2])
            signed_by = key
        with self._check(r.KEY_OF_ANOTHER_ISSUER):
            if not _there(key).fits:
                raise Refused(r.KEY_OF_ANOTHER_ISSUER)
        with self._check(r.TENANT, r.VERSION):
            check_tenant(_there(self.claims), _there(source).tenant_id, _there(version))
        with self._check(r.TIME_MALFORMED, r.EXPIRED, r.NOT_YET_VALID, r.ISSUED_IN_THE_FUTURE, r.LIFETIME):
            check_times(_there(self.claims), now, self.options.max_lifetime)
        with self._check(r.NOT_FOR_ACCESS, r.SUBJECT_MALFORMED):
            client_id = check_access_token(_there(self.claims), _there(version))
        with self._check(r.KEY_OF_ANOTHER_APPLICATION):
            check_key_audience(_there(key), _there(self.claims))
        audience = (r.AUDIENCE_MALFORMED, r.AUDIENCE, r.GRAPH_AUDIENCE, r.LIFETIME)
        with self._check(*audience, r.PROOF_OF_POSSESSION, r.TENANT_NOT_ALLOWED, r.CLIENT_NOT_ALLOWED, r.AGENT_NOT_ALLOWED):
            verified = Verified(_there(self.claims), _there(client_id), 0, _there(key), _there(source).store)
            check_for_caller(verified, self.caller, self.options)
        with self._check(r.SCOPE_MALFORMED):
            roles_of(_there(self.claims))
            scope_of(_there(self.claims))
        if asked := self.asked_of_directory:
            with self._check(*asked):
                _there(signed_by)  # whoever made the token up decides what it names
                directory, subject = _there(self.directory), subject_of(_there(self.claims), _there(client_id))
                settled(lambda: directory.check(subject, self.caller, now), PATIENCE, FETCHES)
        return self

    @property
    def asked_of_directory(self) -> list[Reason]:
        """The checks that need Graph and are turned on for this caller."""
        r, mode = Reason, self.options.revocation.mode
        asked = [] if mode == "off" else [r.CLIENT_DELETED, r.CLIENT_DISABLED]
        if self.options.grants_for(self.caller) == ENFORCE:
            asked += [r.CLIENT_NOT_REGISTERED, r.GRANT_NOT_REGISTERED]
        return asked + ([r.USER_DELETED, r.USER_DISABLED, r.SESSIONS_REVOKED] if mode == "client+user" else [])


class Remedy(NamedTuple):
    """`check`: what is checked, as a statement that holds for a good token. `remedy`: what to do when it doesn't."""

    check: str
    remedy: str


_NOT_ENTRA = "The text isn't an access token of Entra. Refresh tokens, opaque tokens and cut-off copies end up here."
_ALTERED = "The token was altered on its way, cut off, or never came from Entra. Copy it again, whole and without line breaks."
_CLOCK = "The clock of this machine is behind, or the token was made elsewhere. Compare the clock with a time server."

REMEDIES: Mapping[Reason, Remedy] = {
    Reason.TOO_LARGE: Remedy("the token is at most 32 KB", "Entra's tokens are smaller. Limit the group claims of the API."),
    Reason.NOT_A_JWT: Remedy("the token has three segments", _NOT_ENTRA),
    Reason.HEADER_MALFORMED: Remedy("the header is JSON in base64url", _ALTERED),
    Reason.ALGORITHM: Remedy(
        "the token is signed with RS256", "Entra signs with RS256 alone, so this token came from elsewhere."
    ),
    Reason.KIND: Remedy(
        "the header's typ is that of an access token", "Send the access token as a bearer token, not another kind of JWT."
    ),
    Reason.HEADER_EXTENSION: Remedy("the header asks for nothing unknown", _NOT_ENTRA),
    Reason.KEY_ID_MALFORMED: Remedy("the header names its key", _NOT_ENTRA),
    Reason.TOO_MANY_CLAIMS: Remedy(
        "the token holds a bounded number of values", "Far more than Entra puts into a token. Limit the group claims of the API."
    ),
    Reason.CLAIMS_MALFORMED: Remedy("the payload is a JSON object in base64url", _ALTERED),
    Reason.ISSUER_MALFORMED: Remedy("the token names its issuer", _NOT_ENTRA),
    Reason.ISSUER_NOT_TRUSTED: Remedy(
        "the issuer is one of a trusted tenant",
        "The token is of a tenant or cloud that the bridge doesn't trust. If it should, add the tenant to "
        "INTROSPECTION_TENANTS; otherwise the consumer must ask its own tenant's token endpoint.",
    ),
    Reason.KEY_UNKNOWN: Remedy(
        "the key is one that the issuer publishes",
        "The key was withdrawn, or is the API's own signing key: then list the application under `applications` of its tenant.",
    ),
    Reason.GRAPH_AUDIENCE: Remedy(
        "the token isn't for Microsoft Graph",
        "The consumer asked for the scope https://graph.microsoft.com/.default. Such a token is for Graph alone. In "
        "Anypoint change the scope of the client provider to api://{your API's application id}/.default, and have "
        "consumers ask for that.",
    ),
    Reason.HEADER_NONCE: Remedy("the header has no nonce, which only tokens for Graph have", _NOT_ENTRA),
    Reason.SIGNATURE_MALFORMED: Remedy("the signature is complete", _ALTERED),
    Reason.SIGNATURE: Remedy("the signature is the issuer's", _ALTERED),
    Reason.KEY_OF_ANOTHER_ISSUER: Remedy(
        "the key signs for this tenant",
        "The key belongs to another tenant or cloud. Treat the token as forged and tell your security team.",
    ),
    Reason.TENANT: Remedy("the tenant claim agrees with the issuer", "Treat the token as forged and tell your security team."),
    Reason.VERSION: Remedy("the version claim agrees with the issuer", "Treat the token as forged and tell your security team."),
    Reason.TIME_MALFORMED: Remedy("exp, nbf and iat are there as integers", _NOT_ENTRA),
    Reason.EXPIRED: Remedy(
        "the token has not expired",
        "Get a new token. If new ones expire at once, compare this machine's clock with a time server.",
    ),
    Reason.NOT_YET_VALID: Remedy("the token is valid already", _CLOCK),
    Reason.ISSUED_IN_THE_FUTURE: Remedy("the token was issued in the past", _CLOCK),
    Reason.LIFETIME: Remedy(
        "the token's lifetime is within the limit",
        "Raise max_lifetime, or shorten the token lifetime policy of the API in Entra.",
    ),
    Reason.NOT_FOR_ACCESS: Remedy(
        "the token is an access token", "This is an id_token. Send the access_token member of the token response instead."
    ),
    Reason.SUBJECT_MALFORMED: Remedy("the token names its subject", _NOT_ENTRA),
    Reason.SCOPE_MALFORMED: Remedy(
        "scp is text and roles is a list", "A claims mapping policy of the API rewrites scp or roles. Remove it."
    ),
    Reason.AUDIENCE_MALFORMED: Remedy("the token names one audience", _NOT_ENTRA),
    Reason.AUDIENCE: Remedy(
        "the token is for an API of this gateway",
        "The token is for another API or environment. Have the consumer ask for api://{your API's application "
        "id}/.default, or add the audience to the gateway's entry in INTROSPECTION_CALLERS (a slash at the end counts).",
    ),
    Reason.KEY_OF_ANOTHER_APPLICATION: Remedy(
        "the key signs for this API",
        "The key is another application's own. If it should count, add the audience to that entry of `applications`.",
    ),
    Reason.PROOF_OF_POSSESSION: Remedy(
        "the token isn't bound to a key of its client",
        "The token counts only together with a proof. Add cnf to the claims of a gateway that checks the proof, or ask for "
        "plain bearer tokens.",
    ),
    Reason.TENANT_NOT_ALLOWED: Remedy(
        "the tenant may use this gateway", "Add the tenant to the `tenants` of the gateway, or remove that list."
    ),
    Reason.CLIENT_NOT_ALLOWED: Remedy(
        "the client may use this gateway",
        "Add the client to the `clients` of the gateway, or to microsoft_graph_clients for Graph's tokens.",
    ),
    Reason.AGENT_NOT_ALLOWED: Remedy(
        "the token isn't an agent's, or agents may use this gateway",
        "The token is of one of Entra's agent identities. If it should count, set `agents` to pass for the gateway.",
    ),
    Reason.CLIENT_NOT_REGISTERED: Remedy(
        "the client was registered with the bridge",
        "Its application carries no record of a registration. Register it, or set `unregistered` to pass for the gateway.",
    ),
    Reason.GRANT_NOT_REGISTERED: Remedy(
        "the client registered a grant type of the token's kind",
        "An app-only token needs client_credentials, any other one a grant of users, such as authorization_code. If the client "
        "is to have it, add it to its grant_types (PUT /register/{client_id}, or in the portal that registered it); it counts "
        "within the ttl.",
    ),
    Reason.CLIENT_DELETED: Remedy("the client exists in the tenant", "The application was deleted. Register the client again."),
    Reason.CLIENT_DISABLED: Remedy(
        "the client is enabled", "Enable the enterprise application in Entra, or leave it disabled on purpose."
    ),
    Reason.USER_DELETED: Remedy("the user exists in the tenant", "The user was deleted."),
    Reason.USER_DISABLED: Remedy("the user is enabled", "Enable the user's account in Entra, or leave it disabled on purpose."),
    Reason.SESSIONS_REVOKED: Remedy("the user's sessions were not revoked", "The user must sign in again."),
}
