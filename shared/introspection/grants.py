"""Grant types that hold. Entra has none, so any application with a secret gets app-only tokens whatever it registered; what was
registered is in the record that the bridge keeps in the application's tags, and a token is judged by it.

A token tells its kind, app-only or delegated, and no more: any delegated grant covers any delegated token. A finer line would
break the refreshed tokens of clients that registered authorization_code alone.
"""

from collections.abc import Iterable

CLIENT_CREDENTIALS = "client_credentials"
DELEGATED_GRANTS = frozenset(
    {
        "authorization_code",
        "implicit",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }
)
# One member of the record that shared.registration.tags writes; registration's libraries stay out of introspection.
_RECORD = "dcr:"
_GRANT_TYPES = "dcr:grant_types="
_DEFAULT = frozenset({"authorization_code"})  # RFC 7591 section 2


def grants_in_tags(tags: Iterable[str]) -> frozenset[str]:
    """The grant types that an application's tags record; empty where the bridge didn't register it."""
    recorded = [tag for tag in tags if tag.startswith(_RECORD)]
    grants = next((tag.removeprefix(_GRANT_TYPES) for tag in recorded if tag.startswith(_GRANT_TYPES)), "")
    return frozenset(grants.split(",")) if grants else _DEFAULT if recorded else frozenset()


def grants_in_copied_tags(tags: Iterable[str]) -> frozenset[str]:
    """The same from the copy on a service principal; empty where it lacks the record or holds an old one beside the new."""
    copied = [tag for tag in tags if tag.startswith(_GRANT_TYPES)]
    return grants_in_tags(copied) if len(copied) == 1 else frozenset()


def permits(grants: frozenset[str], *, app_only: bool) -> bool:
    """Whether a client with these grant types may hold a token of this kind."""
    return CLIENT_CREDENTIALS in grants if app_only else not DELEGATED_GRANTS.isdisjoint(grants)
