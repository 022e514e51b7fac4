"""Client names: self-asserted text that people will read in a consent dialogue (RFC 7591 section 5)."""

import json
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from shared.errors import InvalidClientMetadata

# Entra: displayName of an organisation's application.
# learn.microsoft.com/entra/identity-platform/supported-accounts-validation
LONGEST_NAME = 120

IMPERSONATED = ("Microsoft", "Azure AD", "Azure Active Directory", "Entra ID", "Office 365", "Windows Live")

# Digits and signs that are read as letters though Unicode doesn't confuse them with any.
_READ_AS_LETTERS = str.maketrans("$@5!3470", "sasieato")
# Joiners are needed to write Persian and the languages of India; they show nothing by themselves.
_JOINERS = "\u200c\u200d"
# Letters and signs that show nothing at all: fillers of Hangul and Khmer, the combining grapheme joiner, Mongolian selectors, the
# empty Braille cell. Those that Unicode calls formatting (Cf) are refused as such.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_LONG = 8
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_name(member: str, text: str, impersonated: Iterable[str] = IMPERSONATED, longest: int = LONGEST_NAME) -> str:
    """`text` without blanks around it, if people can read it for what it is.

    Raises InvalidClientMetadata naming `member` when it is blank, longer than `longest` characters, holds control, bidi or
    otherwise invisible characters or angle brackets, or reads like a name in `impersonated`.
    """
    name = text.strip()
    if all(_shows_nothing(char) for char in name):
        raise InvalidClientMetadata(f"{member} is blank")
    if any(char in _INVISIBLE or (unicodedata.category(char) in _FORBIDDEN_CATEGORIES and char not in _JOINERS) for char in name):
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


@cache
def _prototypes() -> dict[int, str]:
    """Unicode's table of confusable characters (UTS 39 section 4), for str.translate; 100 KB that most workers never need."""
    table = json.loads(Path(__file__).with_name("confusables.json").read_text("ascii"))
    return {ord(char): prototype for prototype, characters in table.items() for char in characters}


def _shows_nothing(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) in ("Mn", "Me", "Zs")


def _skeleton(text: str) -> str:
    """`text` as an eye sees it: two that look alike have the same one, whatever alphabets, accents and case they are written in.

    That of UTS 39 section 4, without marks; then the same without case, because a capital often looks like another letter than
    its small form; and without the dot of an i, which is a capital I in small.
    """
    seen = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).translate(_prototypes())).translate(_prototypes())
    bare = "".join(char for char in seen if not _shows_nothing(char) or char.isspace())
    return bare.casefold().translate(_prototypes()).replace("i", "l")


def _words(text: str) -> list[str]:
    """The skeletons of the words of `text`."""
    seen = _skeleton(text.translate(_READ_AS_LETTERS))
    return "".join(char if char.isalnum() else " " for char in seen).split()


@cache
def _wanted(name: str) -> frozenset[str]:
    """What the words of a protected name come to, in each case that it may be written in."""
    return frozenset("".join(_words(form)) for form in (name, name.casefold(), name.upper()))


def _reads_like(name: str, other: str) -> bool:
    """True when `other` stands in `name`, whichever way it is divided into words, or inside one word when it is too long to
    occur there by chance."""
    long = sum(map(str.isalnum, other)) >= _LONG
    wanted = _wanted(other)
    # Signs such as | may stand for a letter, or between words.
    spaced = "".join(char if char.isalnum() or char in "$@" or _shows_nothing(char) else " " for char in name)
    return any(
        _holds(_words(form), letters, inside=long)
        for form in (name, name.casefold(), spaced, spaced.casefold())
        for letters in wanted
    )


def _holds(words: list[str], letters: str, *, inside: bool) -> bool:
    if inside and any(letters in word for word in words):
        return True
    for start in range(len(words)):
        run = ""
        for word in words[start:]:
            run += word
            if run == letters:
                return True
    return False
