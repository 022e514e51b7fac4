"""Redirect URIs: which ones Entra can keep, and which ones OAuth allows a client to have.

RFC 7591 section 5, RFC 8252 sections 7 and 8.4, RFC 9700 sections 2.1 and 4.1;
learn.microsoft.com/entra/identity-platform/reply-url for Entra's limits.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from shared.errors import InvalidRedirectUri
from shared.registration.policy import Policy
from shared.registration.urls import Malformed, host_of, split

LONGEST_URI = 256
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1"})

# Entra takes none of these in a redirect URI; the asterisk would be a wildcard.
_UNSUPPORTED = re.compile(r"[!$'(),;*]")
# Schemes that make a browser or the system run or open something else than an application's own callback.
_DANGEROUS = frozenset(
    (
        "about",
        "blob",
        "chrome",
        "chrome-extension",
        "content",
        "data",
        "file",
        "filesystem",
        "ftp",
        "intent",
        "jar",
        "javascript",
        "mailto",
        "moz-extension",
        "resource",
        "sms",
        "tel",
        "vbscript",
        "view-source",
        "ws",
        "wss",
    )
)


class Kind(Enum):
    """The three kinds of redirect URI that RFC 7591 section 5 names."""

    HTTPS = auto()
    # http on the loopback interface
    LOOPBACK = auto()
    # a private-use scheme
    PRIVATE = auto()


@dataclass(frozen=True, slots=True)
class RedirectUri:
    """A redirect URI as the caller wrote it, its kind, and its host in lower case (empty for private-use schemes)."""

    text: str
    kind: Kind
    host: str

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine's own, by whichever scheme."""
        return self.host in LOOPBACK_HOSTS


def read(text: str, policy: Policy) -> RedirectUri:
    """`text` taken apart and judged by itself.

    Raises InvalidRedirectUri: for text that no two parsers need read alike, a fragment, a wildcard, a dangerous scheme, http
    elsewhere than on the loopback interface, and what the policy doesn't allow. The URI isn't repeated in the message.
    """
    if len(text) > LONGEST_URI:
        raise InvalidRedirectUri(f"redirect_uris has a URI longer than {LONGEST_URI} characters")
    if "*" in text:
        raise InvalidRedirectUri("redirect_uris has a wildcard; each URI is compared as a whole")
    if _UNSUPPORTED.search(text):
        raise InvalidRedirectUri("redirect_uris has a URI with one of ! $ ' ( ) , ; which Microsoft Entra ID does not take")
    if "#" in text:
        raise InvalidRedirectUri("redirect_uris has a URI with a fragment")
    try:
        parts = split(text)
        if parts.scheme in ("http", "https"):
            return _web(text, parts.scheme, host_of(parts), policy)
    except Malformed as reason:
        raise InvalidRedirectUri(f"redirect_uris has a URI that {reason}") from None
    if not parts.scheme:
        raise InvalidRedirectUri("redirect_uris has a URI without a scheme")
    return _private(text, parts.scheme, policy)


def _web(text: str, scheme: str, host: str, policy: Policy) -> RedirectUri:
    if host == "[::1]":
        raise InvalidRedirectUri("redirect_uris has [::1], which Microsoft Entra ID does not take; use 127.0.0.1 or localhost")
    if scheme == "http" and host not in LOOPBACK_HOSTS:
        raise InvalidRedirectUri("redirect_uris has an http URI whose host is not localhost or 127.0.0.1; use https")
    if host in LOOPBACK_HOSTS:
        if not policy.loopback:
            raise InvalidRedirectUri("redirect_uris has a URI on the loopback interface, which is not allowed here")
        return RedirectUri(text, Kind.LOOPBACK if scheme == "http" else Kind.HTTPS, host)
    if not _host_allowed(host, policy):
        raise InvalidRedirectUri("redirect_uris has a URI on a host that is not allowed here")
    return RedirectUri(text, Kind.HTTPS, host)


def _host_allowed(host: str, policy: Policy) -> bool:
    if policy.redirect_hosts is None:
        return True
    return any(host.endswith(allowed) if allowed.startswith(".") else host == allowed for allowed in policy.redirect_hosts)


def _private(text: str, scheme: str, policy: Policy) -> RedirectUri:
    """RFC 8252 section 8.4: a reverse domain name, so that two applications don't choose the same by chance."""
    if scheme in _DANGEROUS:
        raise InvalidRedirectUri("redirect_uris has a URI with a scheme that is never a client's own")
    if scheme in policy.undotted_schemes:
        return RedirectUri(text, Kind.PRIVATE, "")
    if "." not in scheme:
        raise InvalidRedirectUri("redirect_uris has a private-use scheme that is no reverse domain name such as com.example.app")
    if not policy.private_schemes:
        raise InvalidRedirectUri("redirect_uris has a private-use scheme, which is not allowed here")
    return RedirectUri(text, Kind.PRIVATE, "")


def read_all(texts: tuple[str, ...], policy: Policy) -> tuple[RedirectUri, ...]:
    """All of `texts`, each URI once: Entra takes `https://a.example` and `https://a.example/` for the same.

    Raises InvalidRedirectUri as `read` does, and when there are more than the policy allows.
    """
    found: dict[str, RedirectUri] = {}
    for text in texts:
        uri = read(text, policy)
        found.setdefault(_identity(uri), uri)
    if len(found) > policy.most_redirect_uris:
        raise InvalidRedirectUri(f"redirect_uris has more than {policy.most_redirect_uris} URIs")
    return tuple(found.values())


def _identity(uri: RedirectUri) -> str:
    """What tells one URI from another: case counts, a slash that stands for an absent path doesn't."""
    if uri.kind is Kind.PRIVATE:
        return uri.text
    scheme, _, rest = uri.text.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority}{slash}{path}" if path else f"{scheme}://{authority}"


def stored(text: str) -> RedirectUri:
    """A URI as the directory returned it: an administrator may have put one there that the bridge wouldn't take, and it is
    shown."""
    scheme, _, rest = text.partition(":")
    host = rest.removeprefix("//").partition("/")[0].partition(":")[0].lower()
    match scheme.lower():
        case "https":
            return RedirectUri(text, Kind.HTTPS, host)
        case "http":
            return RedirectUri(text, Kind.LOOPBACK, host)
        case _:
            return RedirectUri(text, Kind.PRIVATE, "")
