"""Consent: which clients may have which delegated scopes, who may say so, and what is agreed already.

https://learn.microsoft.com/entra/identity/enterprise-apps/configure-user-consent. Scopes of OpenID Connect (openid, profile,
email, offline_access) are agreed to with any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

EVERYONE = ""
"""In the place of a user: an administrator consented for the whole organization."""
MODES = ("on", "low", "off")


@dataclass(slots=True)
class Consents:
    """The tenant's consent settings and grants.

    `mode` is what users may consent to for themselves: "on" (scopes of type User), "low" (those of them that an administrator
    classified as low, in `low` as (resource's client id, scope)) or "off" (nothing). With `admin_requests` a refused user may ask
    an administrator, which changes the code: 90095 for 90094.
    """

    mode: str = "on"
    admin_requests: bool = False
    low: set[tuple[str, str]] = field(default_factory=set)
    granted: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    """(client id, resource's client id, user's object id or EVERYONE) to the scopes agreed to."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "mode" and value not in MODES:
            raise ValueError(f"no such mode of consent: {value}")
        object.__setattr__(self, name, value)

    def grant(self, client_id: str, resource_id: str, scopes: Iterable[str], user_id: str = EVERYONE) -> None:
        """Note that a user, or an administrator for everyone, agreed."""
        self.granted.setdefault((client_id, resource_id, user_id), set()).update(scopes)

    def missing(self, client_id: str, resource_id: str, scopes: Iterable[str], user_id: str) -> set[str]:
        """The scopes that nobody agreed to for this user."""
        agreed = [self.granted.get((client_id, resource_id, who), set()) for who in (EVERYONE, user_id)]
        return set(scopes).difference(*agreed)

    def user_may(self, resource_id: str, scopes: Iterable[str], admin_only: Iterable[str]) -> bool:
        """Whether a user who is no administrator may agree to `scopes`, of which some are for administrators only."""
        wanted = set(scopes)
        if self.mode == "off" or not wanted.isdisjoint(admin_only):
            return False
        return self.mode == "on" or all((resource_id, scope) in self.low for scope in wanted)
