"""Redirect URIs, and URLs in client metadata: which ones Entra can keep, and which ones OAuth allows a client to have.

Their syntax is checked; what they point to is never fetched. RFC 7591 section 5, RFC 8252 sections 7 and 8.4, RFC 9700 sections
2.1 and 4.1; learn.microsoft.com/entra/identity-platform/reply-url for Entra's limits.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from shared.environment import LOOPBACK_HOSTS
from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.registration.policy import Policy

LONGEST_URI = 256
LONGEST_URL = 255
# RFC 3986 section 2: what a URI may be made of, less the percent sign, which must introduce two hexadecimal digits.
_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

# A last label that makes every resolver read the whole host as an IPv4 address (WHATWG URL, "ends in a number").
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
# Names of this machine: RFC 6761 section 6.3, what hosts files commonly have, and domains whose owners point all at 127.0.0.1.
_LOOPBACK_NAME = re.compile(
    r"(?:.*\.)?localhost|localhost[46]?\.localdomain[46]?|localhost[46]|ip6-(?:localhost|loopback)"
    r"|(?:.*\.)?(?:lvh\.me|localtest\.me|vcap\.me|lacolhost\.com|fuf\.me)"
)
# A loopback address within a name, as wildcard name services resolve it: 127.0.0.1.nip.io, app-127-0-0-1.sslip.io,
# 7f000001.nip.io, and 0--1.sslip.io for ::1.
_EMBEDDED_LOOPBACK = re.compile(
    r"(?:.*[.-])?(?:127(?:[.-][0-9]{1,3}){3}|0(?:[.-]0){3})(?:[.-].*)?|(?:.*[.-])?(?:7f[0-9a-f]{6}|0--[01])\.(?:nip|sslip)\.io"
)

# The first 96 bits of IPv6 addresses that stand for the IPv4 address in the last 32.
_EMBEDDING = frozenset(int(IPv6Address(prefix)) >> 32 for prefix in ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::"))

# Entra takes none of these in a redirect URI; the asterisk would be a wildcard.
_UNSUPPORTED = re.compile(r"[!$'(),;*]")
# Schemes that make a browser or the system run or open something else than an application's own callback.
_DANGEROUS = re.compile(
    "about|blob|chrome|chrome-extension|content|data|file|filesystem|ftp|intent|jar|javascript|mailto|moz-extension|resource|sms"
    "|tel|vbscript|view-source|ws|wss"
)


class Malformed(ValueError):
    """The text isn't a URL that every reader takes apart the same way."""


def split_url(text: str) -> SplitResult:
    """`text` taken apart once, so that all rules look at the same parts.

    Raises Malformed for characters outside RFC 3986 (blanks, controls, backslash, non-ASCII: an internationalised host must
    come in its punycode form), user information, and a port that isn't one.
    """
    if not _ALLOWED.fullmatch(text):
        raise Malformed("has a character that a URI cannot contain")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Malformed("has a host or port that is not one") from None
    if "@" in parts.netloc:
        raise Malformed("has user information before the host")
    if parts.netloc.endswith(":") or port == 0:
        raise Malformed("has an empty port")
    return parts


def host_of(parts: SplitResult) -> str:
    """The host in lower case: a name of letters, digits and hyphens, an IPv4 address in its usual form, or an IPv6 address in
    brackets. Raises Malformed, also for the forms of IPv4 addresses that only resolvers understand: 127.1, 0x7f000001."""
    host = parts.netloc.lower()
    if host.startswith("["):
        return f"[{_address(host[1:].partition(']')[0])}]"
    host = host.partition(":")[0]
    if not _HOST.fullmatch(host):
        raise Malformed("has no proper host name")
    if _NUMBER.fullmatch(host):
        _address(host)
    return host


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        if "%" in text:  # a zone id means nothing elsewhere
            raise AddressValueError
        return IPv4Address(text) if ":" not in text else IPv6Address(text)
    except AddressValueError:
        raise Malformed("has a number for a host that is no proper address") from None


def is_address(host: str) -> bool:
    """Whether a host, as `host_of` gives it, is an IP address."""
    return host.startswith("[") or _NUMBER.fullmatch(host) is not None


def is_loopback(host: str) -> bool:
    """Whether a host, as `host_of` gives it, is this machine's own for a resolver: any form of a loopback address, also within
    an IPv6 address or a name."""
    if not is_address(host):
        return _LOOPBACK_NAME.fullmatch(host) is not None or _EMBEDDED_LOOPBACK.fullmatch(host) is not None
    try:
        address = _address(host.strip("[]"))
    except Malformed:  # an administrator's own, in the directory
        return False
    if isinstance(address, IPv6Address):
        # Compatible, mapped and translated addresses: RFC 4291 section 2.5.5, RFC 6052 section 2.1.
        last = IPv4Address(int(address) & 0xFFFFFFFF)
        if int(address) >> 32 in _EMBEDDING and (last.is_loopback or last.is_unspecified):
            return True
    return address.is_loopback or address.is_unspecified


def check_web_url(member: str, text: str) -> str:
    """`text` if it is an absolute http or https URL with a host, at most 255 characters long, without user information.

    Raises InvalidClientMetadata with the member's name. Graph keeps these URLs; the bridge never opens them.
    """
    if len(text) > LONGEST_URL:
        raise InvalidClientMetadata(f"{member} is longer than {LONGEST_URL} characters")
    try:
        parts = split_url(text)
        if parts.scheme not in ("http", "https"):
            raise Malformed("is not an http or https URL")
        host_of(parts)
    except Malformed as reason:
        raise InvalidClientMetadata(f"{member} {reason}") from None
    return text


class UriKind(Enum):
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
    kind: UriKind
    host: str
    # Whether the policy says that a server redeems a public client's codes there.
    at_server: bool = field(default=False, compare=False)

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine's own, by whichever scheme."""
        return is_loopback(self.host)


def read_redirect_uri(text: str, policy: Policy) -> RedirectUri:
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
        parts = split_url(text)
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
    if is_loopback(host):
        if not policy.loopback:
            raise InvalidRedirectUri("redirect_uris has a URI on the loopback interface, which is not allowed here")
        return RedirectUri(text, UriKind.LOOPBACK if scheme == "http" else UriKind.HTTPS, host)
    if is_address(host) and host not in (policy.redirect_hosts or ()):
        raise InvalidRedirectUri("redirect_uris has an IP address for a host, which is not allowed here")
    if policy.redirect_hosts is not None and not _is_among(host, policy.redirect_hosts):
        raise InvalidRedirectUri("redirect_uris has a URI on a host that is not allowed here")
    at_server = policy.public_https == "native" or (policy.public_https == "by_host" and _is_among(host, policy.server_hosts))
    return RedirectUri(text, UriKind.HTTPS, host, at_server)


def _is_among(host: str, hosts: Collection[str]) -> bool:
    return any(host.endswith(allowed) if allowed.startswith(".") else host == allowed for allowed in hosts)


def _private(text: str, scheme: str, policy: Policy) -> RedirectUri:
    """RFC 8252 section 8.4: a reverse domain name, so that two applications don't choose the same by chance."""
    if _DANGEROUS.fullmatch(scheme):
        raise InvalidRedirectUri("redirect_uris has a URI with a scheme that is never a client's own")
    if scheme in policy.undotted_schemes:
        return RedirectUri(text, UriKind.PRIVATE, "")
    if "." not in scheme:
        raise InvalidRedirectUri("redirect_uris has a private-use scheme that is no reverse domain name such as com.example.app")
    if not policy.private_schemes:
        raise InvalidRedirectUri("redirect_uris has a private-use scheme, which is not allowed here")
    return RedirectUri(text, UriKind.PRIVATE, "")


def read_redirect_uris(texts: tuple[str, ...], policy: Policy) -> tuple[RedirectUri, ...]:
    """All of `texts`, each URI once: Entra takes `https://a.example` and `https://a.example/` for the same.

    Raises InvalidRedirectUri as `read_redirect_uri` does, and when there are more than the policy allows.
    """
    found: dict[str, RedirectUri] = {}
    for text in texts:
        uri = read_redirect_uri(text, policy)
        found.setdefault(_identity(uri), uri)
    if len(found) > policy.most_redirect_uris:
        raise InvalidRedirectUri(f"redirect_uris has more than {policy.most_redirect_uris} URIs")
    return tuple(found.values())


def _identity(uri: RedirectUri) -> str:
    """What tells one URI from another: case counts, a slash that stands for an absent path doesn't."""
    if uri.kind is UriKind.PRIVATE:
        return uri.text
    scheme, _, rest = uri.text.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority}{slash}{path}" if path else f"{scheme}://{authority}"


def read_stored_uri(text: str) -> RedirectUri:
    """A URI as the directory returned it: an administrator may have put one there that the bridge wouldn't take, and it is
    shown."""
    scheme, _, rest = text.partition(":")
    host = rest.removeprefix("//").partition("/")[0].partition(":")[0].lower()
    kind = {"https": UriKind.HTTPS, "http": UriKind.LOOPBACK}.get(scheme.lower(), UriKind.PRIVATE)
    return RedirectUri(text, kind, "" if kind is UriKind.PRIVATE else host)
