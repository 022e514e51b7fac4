"""Initial access tokens (RFC 7591 section 3): signed by the bridge's operator, with an expiry and limits, stored nowhere.

They are JWTs (RFC 7519): some clients alter initial access tokens that aren't, and send them on in base64.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.registration.keys import KeyRing

TYPE = "dcr-initial+jwt"
_ALGORITHM = "HS256"
_PURPOSE = "initial access token"


@dataclass(frozen=True, slots=True)
class InitialAccess:
    """What an initial access token grants. `id` tells it from all others, `name` says whom it was made for, `policy` names the
    rules, `most_clients` how many clients may be registered with it in all (None: as many as the policy allows)."""

    id: str
    name: str
    policy: str
    expires: datetime
    most_clients: int | None = None


def mint(access: InitialAccess, audience: str, keys: KeyRing, now: datetime) -> str:
    """The token for registration at the bridge whose base URL is `audience`, signed with the first of `keys`."""
    import jwt

    claims: dict[str, object] = {
        "iss": audience,
        "aud": audience,
        "jti": access.id,
        "sub": access.name,
        "policy": access.policy,
        "iat": int(now.timestamp()),
        "exp": int(access.expires.timestamp()),
    }
    if access.most_clients is not None:
        claims["most_clients"] = access.most_clients
    key = keys.first
    return jwt.encode(claims, key.derive(_PURPOSE), algorithm=_ALGORITHM, headers={"typ": TYPE, "kid": key.id})


def looks_like_one(text: str) -> bool:
    """Whether the unverified header of `text` is that of an initial access token."""
    import jwt

    try:
        return jwt.get_unverified_header(text).get("typ") == TYPE
    except jwt.InvalidTokenError:
        return False


def verify(text: str, audience: str, keys: KeyRing, now: datetime) -> InitialAccess | None:
    """What `text` grants at `now`; None where it is expired, for another bridge, or not signed with one of `keys`."""
    import jwt

    try:
        key = keys.find(str(jwt.get_unverified_header(text).get("kid")))
        if key is None:
            return None
        claims = jwt.decode(
            text,
            key.derive(_PURPOSE),
            algorithms=[_ALGORITHM],
            audience=audience,
            issuer=audience,
            # The clock is an argument here, so `exp` is compared below.
            options={"require": ["exp", "jti", "sub", "policy"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        return None
    expires = datetime.fromtimestamp(claims["exp"], now.tzinfo)
    if now >= expires:
        return None
    return InitialAccess(claims["jti"], claims["sub"], claims["policy"], expires, claims.get("most_clients"))
