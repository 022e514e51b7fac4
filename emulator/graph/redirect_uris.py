"""Redirect URIs that Entra takes (https://learn.microsoft.com/entra/identity-platform/reply-url)."""

import re
from typing import Any
from urllib.parse import urlsplit

from emulator.assumptions import Assumptions
from emulator.graph.errors import bad_request, invalid_value

PLATFORMS = ("web", "spa", "publicClient")
PERSONAL = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_FORBIDDEN = re.compile(r"[!$'(),;\s]|[^\x21-\x7e]")
_LENGTH = 256
_PERSONAL_COUNT = 100


def check_redirect_uris(state: dict[str, Any], changed: set[str], assumptions: Assumptions) -> None:
    """Raise GraphError 400 when the redirect URIs of an application, with those of the `changed` platforms new, are refused."""
    personal = state.get("signInAudience") in PERSONAL
    lists = {name: (state.get(name) or {}).get("redirectUris") or [] for name in PLATFORMS}
    limit = _PERSONAL_COUNT if personal else assumptions.redirect_uri_limit
    per_platform = assumptions.redirect_uris_are_counted_per_platform
    count = max(map(len, lists.values())) if per_platform else sum(map(len, lists.values()))
    for name in PLATFORMS:
        if name not in changed:
            continue
        if len(set(lists[name])) != len(lists[name]):
            raise bad_request("Request contains a property with duplicate values.")
        if count > limit or not all(is_accepted(name, uri, personal, assumptions) for uri in lists[name]):
            raise invalid_value(name)
    everything = [uri for uris in lists.values() for uri in uris]
    if assumptions.one_uri_on_two_platforms_is_refused and len(set(everything)) != len(everything):
        raise bad_request("Request contains a property with duplicate values.")


def is_accepted(platform: str, uri: str, personal: bool, assumptions: Assumptions) -> bool:
    """Whether one redirect URI may stand on a platform."""
    if not uri or len(uri) > _LENGTH or _FORBIDDEN.search(uri):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if "#" in uri and assumptions.redirect_uri_fragments_are_refused:
        return False
    if parts.query and personal:
        return False
    if "*" in uri and (personal or (platform != "web" and assumptions.wildcards_on_spa_and_public_are_refused)):
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in LOOPBACK
    if parts.scheme == "urn":
        return platform in ("web", "publicClient")
    if platform == "spa":
        return parts.scheme == "brk-multihub"
    return platform == "publicClient" and bool(parts.scheme) and ":" in uri
