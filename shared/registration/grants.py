"""Grant types and response types, and how they belong together (RFC 7591 sections 2 and 2.1)."""

from collections.abc import Iterable

from shared.errors import InvalidClientMetadata
from shared.registration.policy import AUTHORIZATION_CODE, DEVICE_CODE, IMPLICIT, REFRESH_TOKEN, Policy

REDIRECT_GRANTS = frozenset({AUTHORIZATION_CODE, IMPLICIT})
_PARTS = frozenset({"code", "token", "id_token"})


def choose(
    grant_types: tuple[str, ...] | None, response_types: tuple[str, ...] | None, policy: Policy
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The grant types and response types to register, each once, in the order asked for.

    Empty arrays count as absent: portals send them when nothing was ticked. Without either member the defaults of RFC 7591
    section 2 hold; with one of them the other is derived from it. Response types without any redirect grant mean nothing and are
    left out. Raises InvalidClientMetadata for a grant that the policy doesn't allow (unless it drops such grants), an unknown
    response type, and grant and response types that contradict each other.
    """
    responses = _normal(response_types or ())
    asked = _once(grant_types or ()) or _grants_for(responses) or (AUTHORIZATION_CODE,)
    grants = _allowed(asked, policy)
    if not REDIRECT_GRANTS & set(grants):
        return grants, ()
    if IMPLICIT in asked and IMPLICIT not in grants:
        # Dropped by policy, and its response types with it: they follow from the grants that are left.
        responses = ()
    responses = responses or _responses_for(grants)
    _check_agreement(grants, responses)
    return grants, responses


def uses_redirects(grant_types: Iterable[str]) -> bool:
    """Whether a client with these grants takes part in redirects."""
    return not REDIRECT_GRANTS.isdisjoint(grant_types)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _normal(responses: Iterable[str]) -> tuple[str, ...]:
    """Response types with their parts in one order: `id_token code` is `code id_token` (OAuth 2.0 Multiple Response Types)."""
    normal = []
    for response in responses:
        parts = response.split(" ")
        if not set(parts) <= _PARTS or len(set(parts)) != len(parts):
            raise InvalidClientMetadata(
                f"response_types has an unknown value; known are combinations of {', '.join(sorted(_PARTS))}"
            )
        normal.append(" ".join(part for part in ("code", "id_token", "token") if part in parts))
    return _once(normal)


def _grants_for(responses: Iterable[str]) -> tuple[str, ...]:
    parts = {part for response in responses for part in response.split()}
    return ((AUTHORIZATION_CODE,) if "code" in parts else ()) + ((IMPLICIT,) if parts & {"token", "id_token"} else ())


def _responses_for(grants: Iterable[str]) -> tuple[str, ...]:
    return (("code",) if AUTHORIZATION_CODE in grants else ()) + (("id_token", "token") if IMPLICIT in grants else ())


def _allowed(asked: tuple[str, ...], policy: Policy) -> tuple[str, ...]:
    refused = [grant for grant in asked if grant not in policy.grant_types]
    allowed = tuple(grant for grant in asked if grant in policy.grant_types)
    # A refresh token comes with another grant; alone it is nothing to drop down to.
    usable = set(allowed) - {REFRESH_TOKEN}
    if refused and (policy.unsupported_grants == "refuse" or not usable):
        raise InvalidClientMetadata(
            f"grant_types has {_shown(refused[0])}, which is not allowed; allowed are {', '.join(sorted(policy.grant_types))}"
        )
    if not usable:
        raise InvalidClientMetadata(f"grant_types has {REFRESH_TOKEN} and no grant that yields a refresh token")
    return allowed


def _shown(value: str) -> str:
    """A caller's own word in an answer: short enough to read."""
    return value if len(value) <= len(DEVICE_CODE) else value[: len(DEVICE_CODE)] + "..."


def _check_agreement(grants: tuple[str, ...], responses: tuple[str, ...]) -> None:
    """RFC 7591 section 2.1: code belongs to authorization_code, token and id_token to implicit."""
    needed = set(_grants_for(responses))
    present = REDIRECT_GRANTS & set(grants)
    if lacking := sorted(needed - present):
        raise InvalidClientMetadata(f"response_types needs the grant type {lacking[0]}, which grant_types does not have")
    if idle := sorted(present - needed):
        raise InvalidClientMetadata(f"grant_types has {idle[0]} and response_types has nothing that belongs to it")
