"""The answer of RFC 7662 section 2.2, out of verified claims: as little as gateways need, more where a caller asked for it.

Every top-level scalar is forwarded to back ends by some gateways (MuleSoft as X-AGW-* headers), so names of users, object ids and
the like are added for callers that list them, and for no others.
"""

from collections.abc import Mapping

from shared.introspection.claims import agent_of, roles_of, scope_of

INACTIVE = b'{"active":false}'
# What a caller's `claims` can't ask for: the answer's own members, and those that would lend them another meaning.
RESERVED_MEMBERS = frozenset(
    {"active", "scope", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti", "roles"}
) | {"token_introspection"}
# `username` in the order in which Entra's versions name it. For display: all of them can change hands.
_USERNAME_CLAIMS = ("preferred_username", "upn", "unique_name")
# Claims that v1 and v2 tokens name differently: a caller gets either under the name that it lists.
_OTHER_NAME = {"azp": "appid", "appid": "azp", "azpacr": "appidacr", "appidacr": "azpacr"}


def _scope_with_roles(scope: str, roles: list[str]) -> str:
    known = scope.split()
    # A role with a blank in it would read as two scopes; Entra allows none, a foreign issuer might.
    added = [role for role in dict.fromkeys(roles) if role and role not in known and " " not in role]
    return " ".join([scope, *added] if scope else added)


def active_answer(
    claims: Mapping[str, object], client_id: str, more: tuple[str, ...] = (), roles_as_scope: bool = False
) -> dict[str, object]:
    """The members for a token that passed every check; `more` are claims that the caller listed. Raises Refused.

    `client_id` is Entra's appid or azp as it stands: gateways compare it byte for byte with what registration returned.
    `scope` is one string, left out when it is empty; `roles` stays an array beside it.
    """
    roles = roles_of(claims) if "roles" in claims else None
    scope = scope_of(claims)
    if roles_as_scope and roles:
        scope = _scope_with_roles(scope, roles)
    answer: dict[str, object] = {
        "active": True,
        "scope": scope,
        "client_id": client_id,
        "token_type": "Bearer",
        "exp": claims["exp"],
        "iat": claims["iat"],
        "nbf": claims["nbf"],
        "sub": claims["sub"],
        "aud": claims["aud"],
        "iss": claims["iss"],
    }
    if not scope:
        del answer["scope"]
    token_id = claims.get("uti")
    if isinstance(token_id, str):
        answer["jti"] = token_id
    if roles:
        answer["roles"] = roles
    for name in more:
        value: object
        if name == "agent":  # an extension: not a claim of Entra's, but what its agents' claims say
            value = agent_of(claims)
        elif name == "username":
            value = next((claims[claim] for claim in _USERNAME_CLAIMS if isinstance(claims.get(claim), str)), None)
        else:
            value = claims.get(name)
            if value is None and name in _OTHER_NAME:
                value = claims.get(_OTHER_NAME[name])
        if value is not None:
            answer[name] = value
    return answer
