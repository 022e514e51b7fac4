"""What each reason means to an operator who looks at "Token has been revoked" in Anypoint, and what to do about it."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.introspection.reasons import Reason


class Remedy(NamedTuple):
    """`check`: what is checked, as a statement that holds for a good token. `remedy`: what to do when it doesn't."""

    check: str
    remedy: str


_NOT_ENTRA = "The text isn't an access token of Entra. Refresh tokens, opaque tokens and cut-off copies end up here."
_ALTERED = "The token was altered on its way, cut off, or never came from Entra. Copy it again, whole and without line breaks."
_CLOCK = "The clock of this machine is behind, or the token was made elsewhere. Compare the clock with a time server."

REMEDIES: Mapping[Reason, Remedy] = {
    Reason.TOO_LARGE: Remedy(
        "the token is at most 16 KB",
        "Entra's tokens are far smaller. Limit the group claims of the API.",
    ),
    Reason.NOT_A_JWT: Remedy(
        "the token has three segments",
        _NOT_ENTRA,
    ),
    Reason.HEADER_MALFORMED: Remedy(
        "the header is JSON in base64url",
        _ALTERED,
    ),
    Reason.ALGORITHM: Remedy(
        "the token is signed with RS256",
        "Entra signs with RS256 alone, so this token came from elsewhere.",
    ),
    Reason.KIND: Remedy(
        "the header's typ is that of an access token",
        "Send the access token as a bearer token, not another kind of JWT.",
    ),
    Reason.HEADER_EXTENSION: Remedy(
        "the header asks for nothing unknown",
        _NOT_ENTRA,
    ),
    Reason.KEY_ID_MALFORMED: Remedy(
        "the header names its key",
        _NOT_ENTRA,
    ),
    Reason.TOO_MANY_CLAIMS: Remedy(
        "the token holds a bounded number of values",
        "Far more than Entra puts into a token. Limit the group claims of the API.",
    ),
    Reason.CLAIMS_MALFORMED: Remedy(
        "the payload is a JSON object in base64url",
        _ALTERED,
    ),
    Reason.ISSUER_MALFORMED: Remedy(
        "the token names its issuer",
        _NOT_ENTRA,
    ),
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
    Reason.HEADER_NONCE: Remedy(
        "the header has no nonce, which only tokens for Graph have",
        _NOT_ENTRA,
    ),
    Reason.SIGNATURE_MALFORMED: Remedy(
        "the signature is complete",
        _ALTERED,
    ),
    Reason.SIGNATURE: Remedy(
        "the signature is the issuer's",
        _ALTERED,
    ),
    Reason.KEY_OF_ANOTHER_ISSUER: Remedy(
        "the key signs for this tenant",
        "The key belongs to another tenant or cloud. Treat the token as forged and tell your security team.",
    ),
    Reason.TENANT: Remedy(
        "the tenant claim agrees with the issuer",
        "Treat the token as forged and tell your security team.",
    ),
    Reason.VERSION: Remedy(
        "the version claim agrees with the issuer",
        "Treat the token as forged and tell your security team.",
    ),
    Reason.TIME_MALFORMED: Remedy(
        "exp, nbf and iat are there as integers",
        _NOT_ENTRA,
    ),
    Reason.EXPIRED: Remedy(
        "the token has not expired",
        "Get a new token. If new ones expire at once, compare this machine's clock with a time server.",
    ),
    Reason.NOT_YET_VALID: Remedy(
        "the token is valid already",
        _CLOCK,
    ),
    Reason.ISSUED_IN_THE_FUTURE: Remedy(
        "the token was issued in the past",
        _CLOCK,
    ),
    Reason.LIFETIME: Remedy(
        "the token's lifetime is within the limit",
        "Raise max_lifetime, or shorten the token lifetime policy of the API in Entra.",
    ),
    Reason.NOT_FOR_ACCESS: Remedy(
        "the token is an access token",
        "This is an id_token. Send the access_token member of the token response instead.",
    ),
    Reason.SUBJECT_MALFORMED: Remedy(
        "the token names its subject",
        _NOT_ENTRA,
    ),
    Reason.SCOPE_MALFORMED: Remedy(
        "scp is text and roles is a list",
        "A claims mapping policy of the API rewrites scp or roles. Remove it.",
    ),
    Reason.AUDIENCE_MALFORMED: Remedy(
        "the token names one audience",
        _NOT_ENTRA,
    ),
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
    Reason.CLIENT_NOT_ALLOWED: Remedy(
        "the client may use this gateway",
        "Add the client to the `clients` of the gateway, or to microsoft_graph_clients for Graph's tokens.",
    ),
    Reason.CLIENT_DELETED: Remedy(
        "the client exists in the tenant",
        "The application was deleted. Register the client again.",
    ),
    Reason.CLIENT_DISABLED: Remedy(
        "the client is enabled",
        "Enable the enterprise application in Entra, or leave it disabled on purpose.",
    ),
    Reason.USER_DELETED: Remedy(
        "the user exists in the tenant",
        "The user was deleted.",
    ),
    Reason.USER_DISABLED: Remedy(
        "the user is enabled",
        "Enable the user's account in Entra, or leave it disabled on purpose.",
    ),
    Reason.SESSIONS_REVOKED: Remedy(
        "the user's sessions were not revoked",
        "The user must sign in again.",
    ),
}
