"""URLs in client metadata: their syntax is checked, what they point to is never fetched."""

import re
from urllib.parse import SplitResult, urlsplit

from shared.errors import InvalidClientMetadata

LONGEST_URL = 255

# RFC 3986 section 2: what a URI may be made of, less the percent sign, which must introduce two hexadecimal digits.
_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class Malformed(ValueError):
    """The text isn't a URL that every reader takes apart the same way."""


def split(text: str) -> SplitResult:
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
    """The host in lower case: a name of letters, digits and hyphens, or an IPv6 address in brackets. Raises Malformed."""
    host = parts.netloc.lower()
    if host.startswith("["):
        return host[: host.index("]") + 1]
    host = host.partition(":")[0]
    if not _HOST.fullmatch(host):
        raise Malformed("has no proper host name")
    return host


def check_web_url(member: str, text: str) -> str:
    """`text` if it is an absolute http or https URL with a host, at most 255 characters long, without user information.

    Raises InvalidClientMetadata with the member's name. Graph keeps these URLs; the bridge never opens them.
    """
    if len(text) > LONGEST_URL:
        raise InvalidClientMetadata(f"{member} is longer than {LONGEST_URL} characters")
    try:
        parts = split(text)
        if parts.scheme not in ("http", "https"):
            raise Malformed("is not an http or https URL")
        host_of(parts)
    except Malformed as reason:
        raise InvalidClientMetadata(f"{member} {reason}") from None
    return text
