"""What makes a verified JWT an access token of Entra: the rules that no JWT library knows.

Sources: Microsoft's "Access tokens in the Microsoft identity platform" and its claims reference, RFC 8725, RFC 7662 section 4.
Pure functions over the claims; `now` is in seconds since 1970. Each raises Refused at the first rule broken.
"""

from collections.abc import Mapping

from shared.introspection.reasons import Reason, Refused

SKEW = 60  # seconds for nbf and iat; exp has none, since callers compare it themselves (RFC 7662 section 4)
LATEST = 2**53  # beyond it JSON numbers are not interoperable integers (RFC 8259 section 6)

V1 = "1.0"
V2 = "2.0"
# The claims that name the client and how it authenticated: access tokens have both, id_tokens neither.
CLIENT_CLAIMS: Mapping[str, tuple[str, str]] = {V1: ("appid", "appidacr"), V2: ("azp", "azpacr")}

# What `aud` is in tokens for Microsoft Graph, in all clouds; with and without the slash that some clients ask for.
GRAPH_AUDIENCES = frozenset(
    audience + slash
    for audience in (
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
        "00000003-0000-0000-c000-000000000000",
    )
    for slash in ("", "/")
)
# Entra's agent tokens (learn.microsoft.com/entra/agent-id/agent-token-claims): facets, numbers with blanks between, of who acts
# (xms_act_fct) and of whom the token stands for (xms_sub_fct), and the application that the agent is made after.
_AGENT_IDENTITY, _AGENT_USER = "11", "13"
_BLUEPRINT = "xms_par_app_azp"
_OTHER_SPELLINGS_OF_TID = frozenset({"Tid", "tId", "tiD", "TId", "tID", "TiD", "TID"})


def check_tenant(claims: Mapping[str, object], tenant_id: str, version: str) -> None:
    """`tid` is the tenant that the issuer belongs to, spelt once (Microsoft.IdentityModel refuses a second spelling,
    IDX40011), and `ver` is the version whose metadata document names the issuer.
    """
    if claims.get("tid") != tenant_id or not _OTHER_SPELLINGS_OF_TID.isdisjoint(claims):
        raise Refused(Reason.TENANT)
    if claims.get("ver") != version:
        raise Refused(Reason.VERSION)


def check_times(claims: Mapping[str, object], now: float, max_lifetime: int | None) -> int:
    """`exp`, `nbf` and `iat` are JSON integers and hold at `now`; the lifetime is at most `max_lifetime` seconds. Returns `exp`.

    Libraries that call int() take "1999999999" and 1e300 for times; RFC 7519 section 2 wants numbers, Entra sends integers.
    """
    expires, not_before, issued = claims.get("exp"), claims.get("nbf"), claims.get("iat")
    if type(expires) is not int or type(not_before) is not int or type(issued) is not int:
        raise Refused(Reason.TIME_MALFORMED)
    if not (0 <= expires < LATEST and 0 <= not_before < LATEST and 0 <= issued < LATEST):
        raise Refused(Reason.TIME_MALFORMED)
    if expires <= now:
        raise Refused(Reason.EXPIRED)
    latest = now + SKEW
    if not_before > latest:
        raise Refused(Reason.NOT_YET_VALID)
    if issued > latest:
        raise Refused(Reason.ISSUED_IN_THE_FUTURE)
    if max_lifetime is not None:
        check_lifetime(claims, max_lifetime)
    return expires


def check_lifetime(claims: Mapping[str, object], max_lifetime: int) -> None:
    """`exp` minus `iat` is at most `max_lifetime` seconds; for claims whose times were checked before."""
    expires, issued = claims["exp"], claims["iat"]
    if type(expires) is not int or type(issued) is not int or expires - issued > max_lifetime:
        raise Refused(Reason.LIFETIME)


def check_access_token(claims: Mapping[str, object], version: str) -> str:
    """The client's id (`azp` or `appid`), byte for byte as Entra wrote it, of what is marked as an access token.

    An id_token has the same keys and issuer and may carry roles, but lacks this pair of claims; a client's own id_token must not
    pass for an access token (RFC 8725 section 3.12).
    """
    name, method = CLIENT_CLAIMS[version]
    client_id = claims.get(name)
    if not isinstance(client_id, str) or not client_id or not isinstance(claims.get(method), str):
        raise Refused(Reason.NOT_FOR_ACCESS)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Refused(Reason.SUBJECT_MALFORMED)
    return client_id


def scope_of(claims: Mapping[str, object]) -> str:
    """`scp`, one space-separated string; empty when the token has none, as a client without app roles gets it."""
    scope = claims.get("scp", "")
    if not isinstance(scope, str):
        raise Refused(Reason.SCOPE_MALFORMED)
    return scope


def roles_of(claims: Mapping[str, object]) -> list[str]:
    """`roles`, a list of strings; empty when the token has none."""
    roles = claims.get("roles")
    if roles is None:
        return []
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Refused(Reason.SCOPE_MALFORMED)
    return roles


def audience_of(claims: Mapping[str, object]) -> str:
    """`aud`, which Entra always writes as one string."""
    audience = claims.get("aud")
    if not isinstance(audience, str) or not audience:
        raise Refused(Reason.AUDIENCE_MALFORMED)
    return audience


def is_for_a_user(claims: Mapping[str, object]) -> bool:
    """Whether a user stands behind the token: by `idtyp`, a delegated scope, or a subject that isn't the client's object."""
    kind = claims.get("idtyp")
    if isinstance(kind, str):
        return kind.lower() != "app"
    return "scp" in claims or claims.get("oid") != claims.get("sub")


def agent_of(claims: Mapping[str, object]) -> dict[str, object] | None:
    """The agent behind a token of Entra's agent identities, None for other tokens. `kind`: `agent_user` where the token stands
    for the agent's own user account, else `agent_identity`. `blueprint`: a client id, where the token names one."""
    blueprint = claims.get(_BLUEPRINT)
    if blueprint is None and "xms_act_fct" not in claims and "xms_sub_fct" not in claims:
        return None
    acts, stands_for = _facets(claims.get("xms_act_fct")), _facets(claims.get("xms_sub_fct"))
    if _AGENT_USER in stands_for:
        agent: dict[str, object] = {"kind": "agent_user"}
    elif blueprint is not None or _AGENT_IDENTITY in acts or _AGENT_IDENTITY in stands_for:
        agent = {"kind": "agent_identity"}
    else:
        return None
    if isinstance(blueprint, str):
        agent["blueprint"] = blueprint
    return agent


def _facets(value: object) -> list[str]:
    return value.split() if isinstance(value, str) else [str(value)] if type(value) is int else []
