"""Client names: self-asserted text that people will read in a consent dialogue (RFC 7591 section 5)."""

import unicodedata
from collections.abc import Iterable

from shared.errors import InvalidClientMetadata

# Entra: displayName of an organisation's application.
# learn.microsoft.com/entra/identity-platform/supported-accounts-validation
LONGEST_NAME = 120

IMPERSONATED = ("Microsoft", "Azure AD", "Azure Active Directory", "Entra ID", "Office 365", "Windows Live")

# Letters of other alphabets, and digits, that look like Latin letters in most typefaces; capitals often like another letter than
# their small form.
_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТХУІЈЅ", "abezhikmnoptyxabekmhopctxyijs")
_LOOK_ALIKES = str.maketrans("аеорсухіјѕԁһӏԛԝкмтнвгαορνικτυμı015$@", "aeopcyxijsdhlqwkmthbraopviktumiolssa")
# Joiners are needed to write Persian and the languages of India; they show nothing by themselves.
_JOINERS = "\u200c\u200d"
_LONG = 8
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_name(member: str, text: str, impersonated: Iterable[str] = IMPERSONATED, longest: int = LONGEST_NAME) -> str:
    """`text` without blanks around it, if people can read it for what it is.

    Raises InvalidClientMetadata naming `member` when it is blank, longer than `longest` characters, holds control, bidi or
    otherwise invisible characters or angle brackets, or reads like a name in `impersonated`.
    """
    name = text.strip()
    if not name.strip(_JOINERS):
        raise InvalidClientMetadata(f"{member} is blank")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES and char not in _JOINERS for char in name):
        raise InvalidClientMetadata(f"{member} has a control, formatting or unassigned character")
    if len(name.encode("utf-16-le")) > 2 * longest:
        raise InvalidClientMetadata(f"{member} is longer than {longest} characters")
    if "<" in name or ">" in name:
        raise InvalidClientMetadata(f"{member} has an angle bracket")
    if any(_reads_like(name, other) for other in impersonated):
        raise InvalidClientMetadata(f"{member} reads like a name that is not the client's own")
    return name


def with_prefix(prefix: str, name: str) -> str:
    """`name` after the policy's prefix. A name that has it already, because a caller sends back what it was told, stays."""
    return name if name.startswith(prefix) else prefix + name


def _words(text: str) -> list[str]:
    """The words of `text` as an eye sees them: without case, accents, joiners, and with look-alikes resolved."""
    decomposed = unicodedata.normalize("NFKD", text).translate(_CAPITALS).casefold()
    bare = "".join(char for char in decomposed if not unicodedata.combining(char) and char not in _JOINERS)
    return "".join(char if char.isalnum() else " " for char in bare.translate(_LOOK_ALIKES)).split()


def _reads_like(name: str, other: str) -> bool:
    """True when `other` stands in `name`, whichever way it is divided into words, or inside one word when it is too long to
    occur there by chance."""
    letters, words = "".join(_words(other)), _words(name)
    if len(letters) >= _LONG and any(letters in word for word in words):
        return True
    for start in range(len(words)):
        run = ""
        for word in words[start:]:
            run += word
            if run == letters:
                return True
    return False
