"""What an operator decides about mail: who writes, to whom besides owners, by which server, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from string import Formatter
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from shared.audit.findings import FindingKind
from shared.secret import Secret
from shared.strict_json import read_object

PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailTexts:
    """The texts of mails, with what is filled in: {count}, {days}, and in `kinds`, by kind of finding, {name}, {client_id},
    {due}, {days} and {last_used}. A kind that isn't there has the finding's own English sentences."""

    language: str = "en"
    expiring: str = "Credentials that end within {days} days: {count}"
    other: str = "Credentials of your applications: {count} to look at"
    digest: str = "Audit of credentials: {count} new findings"
    intro: str = "You get this because you own these applications in Microsoft Entra ID, or look after the directory."
    more: str = "And {count} more."
    outro: str = "You are notified of each threshold once. Nobody reads answers to this address."
    kinds: Mapping[str, str] = field(default_factory=dict)


_FILLED = {"expiring": {"days", "count"}, "other": {"count"}, "digest": {"count"}, "more": {"count"}}
_OF_KINDS = {"name", "client_id", "due", "days", "last_used"}


def parse_mail_texts(text: str) -> MailTexts:
    """Texts from JSON, those left out in English. Raises ValueError."""
    given = read_object(text.encode(), 3)
    known = {part.name for part in fields(MailTexts)}
    kinds = given.get("kinds", {})
    if not set(given) <= known or not isinstance(kinds, dict) or not set(kinds) <= {kind.value for kind in FindingKind}:
        raise ValueError(f"expected members among {', '.join(sorted(known))}, and in kinds those of findings")
    for name, value in [*((n, v) for n, v in given.items() if n != "kinds"), *(("", value) for value in kinds.values())]:
        if not isinstance(value, str) or not _placeholders(value) <= (_FILLED.get(name, set()) if name else _OF_KINDS):
            raise ValueError(f"{name or 'a text of kinds'} must be a text, with no other placeholders than it may have")
    return MailTexts(**given)


def mail_texts_schema() -> dict[str, Any]:
    """The JSON Schema of the texts."""
    texts = {part.name: {"type": "string"} for part in fields(MailTexts) if part.name != "kinds"}
    kinds = {kind.value: {"type": "string"} for kind in FindingKind}
    of_kinds = {"type": "object", "additionalProperties": False, "properties": kinds}
    return {"type": "object", "additionalProperties": False, "properties": {**texts, "kinds": of_kinds}}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. `implicit_tls`: TLS from the start (RFC 8314); else STARTTLS, which only a server of this machine may
    lack."""

    host: str
    port: int
    implicit_tls: bool
    user: str = ""
    password: Secret = field(default=Secret(""))

    @classmethod
    def parse(cls, text: str) -> Self:
        """A server from smtps://user:password@host:465 or smtp://host:587. Raises ValueError, which doesn't repeat it."""
        parts = urlsplit(text)
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("expected smtps://user:password@host:465 or smtp://user:password@host:587")
        port = parts.port or PORTS[parts.scheme]
        user, password = unquote(parts.username or ""), Secret(unquote(parts.password or ""))
        return cls(parts.hostname, port, parts.scheme == "smtps", user, password)


@dataclass(frozen=True, slots=True)
class MailConfiguration:
    """Who writes (`sender`: empty turns mail off), who gets what no owner is reached for, who gets a digest, and by which server:
    None for Microsoft Graph."""

    sender: str = ""
    fallback: str = ""
    digest: str = ""
    server: SmtpServer | None = None
    texts: MailTexts = field(default_factory=MailTexts)


def _placeholders(text: str) -> set[str]:
    # A format or a conversion could reach into what is filled in.
    parts = list(Formatter().parse(text))
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise ValueError("placeholders are names alone, such as {count}")
    return {name for _, name, _, _ in parts if name is not None}
