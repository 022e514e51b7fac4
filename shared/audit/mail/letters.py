"""The mails of a run: one for each owner and threshold with all that is theirs, and one digest for the directory's team.

Whom to write to: the owners whom mail reaches, else the fallback. What to write comes from `MailTexts`, so that another language
is a setting. Names come from strangers: they stand on one line, and are escaped in HTML.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from typing import Any

from shared.audit.findings import AuditFinding, printable_name
from shared.audit.mail.mail_configuration import MailTexts
from shared.audit.owners import Owner
from shared.audit.window import Window
from shared.clock import write_time

# Findings that one mail lists; the others are counted.
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one address. `threshold` is that of its findings, in days; None for the others and for a digest."""

    address: str
    subject: str
    threshold: int | None
    findings: tuple[AuditFinding, ...]


def write_letters(
    news: Sequence[AuditFinding],
    owners: Mapping[str, Sequence[Owner]],
    texts: MailTexts,
    *,
    fallback: str = "",
    digest: str = "",
) -> list[Letter]:
    """The mails for what is news: the digest first, then one for each address and threshold, the nearest first."""
    groups: dict[tuple[str, int | None], list[AuditFinding]] = {}
    for finding in sorted(news, key=lambda finding: finding.urgency):
        reached = {owner.address for owner in owners.get(finding.object, ()) if owner.address}
        for address in reached or ({fallback} if fallback else set()):
            groups.setdefault((address, finding.threshold_days), []).append(finding)
    letters = [
        Letter(address, _subject(texts, days, len(found)), days, tuple(found)) for (address, days), found in groups.items()
    ]
    letters.sort(key=lambda letter: (letter.threshold or 0, letter.address))
    if digest and news:
        everything = tuple(sorted(news, key=lambda finding: finding.urgency))
        letters.insert(0, Letter(digest, texts.digest.format(count=len(everything)), None, everything))
    return letters


def as_message(letter: Letter, sender: str, texts: MailTexts, window: Window) -> EmailMessage:
    """The mail in plain text and HTML. The same letter of the same run has the same Message-ID, whoever sends it again."""
    entries = [_entry(finding, texts) for finding in letter.findings[:MOST_LISTED]]
    rest = len(letter.findings) - len(entries)
    more = texts.more.format(count=rest) if rest else ""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.address
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(window.end)
    message["Message-ID"] = f"<{_digest(letter, window)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5
    lines = [texts.intro, ""]
    for title, sentence in entries:
        lines += [title, f"  {sentence}", ""]
    message.set_content("\n".join([*lines, *([more, ""] if more else []), texts.outro]) + "\n")
    html: str = _template().render(letter=letter, texts=texts, entries=entries, more=more)
    message.add_alternative(html, subtype="html")
    # RFC 3282. Last: setting a content takes away what was said of it before.
    message["Content-Language"] = texts.language
    return message


def _subject(texts: MailTexts, days: int | None, count: int) -> str:
    return texts.other.format(count=count) if days is None else texts.expiring.format(days=days, count=count)


def _entry(finding: AuditFinding, texts: MailTexts) -> tuple[str, str]:
    """What a mail says of a finding: whom it is about, and what to do."""
    pattern = texts.kinds.get(finding.kind.value)
    title = f"{finding.title} ({finding.client_id})" if finding.client_id else finding.title
    if pattern is None:
        return title, printable_name(f"{finding.summary} {finding.advice}", 600)
    sentence = pattern.format(
        name=finding.title,
        client_id=finding.client_id,
        due=write_time(finding.due),
        days=finding.threshold_days or "",
        last_used=write_time(finding.last_used),
    )
    return title, printable_name(sentence, 600)


def _digest(letter: Letter, window: Window) -> str:
    parts = [letter.address, letter.subject, write_time(window.end), *(finding.id for finding in letter.findings)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("shared.audit.mail").joinpath("letter.html").read_text(encoding="utf-8"))
