"""Messages to people in Teams and Slack: one for a run that has news, with the most urgent findings in it.

Everything that came from strangers is sent as plain text, which neither renders: no links, no mentions, no markup. Teams: an
Adaptive Card for a Workflows webhook, whose message may have 28 KB. Slack: blocks for an incoming webhook, at most 50.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from shared.audit.findings import Finding, Severity, urgency
from shared.audit.result import AuditRun
from shared.audit.sinks.posting import Poster
from shared.audit.wording import headline, shown, title
from shared.clock import write_time
from shared.retry import Deadline
from shared.secret import Secret

MOST_SHOWN = 15
# Findings kept until the run is over; beyond them the counts alone say how many there were.
MOST_KEPT = 1000
_COLOURS = {Severity.LOW: "Default", Severity.MEDIUM: "Warning", Severity.HIGH: "Attention", Severity.CRITICAL: "Attention"}

type Form = Callable[[Sequence[Finding], AuditRun], dict[str, Any]]


class Chat:
    """A Sink that gathers what is news and posts it at the end, in a chat's form."""

    def __init__(self, name: str, poster: Poster, url: Secret, form: Form) -> None:
        self.name = name
        self._poster = poster
        self._url = url
        self._form = form
        self._findings: list[Finding] = []

    def tell(self, findings: Sequence[Finding], deadline: Deadline) -> None:  # noqa: ARG002
        """Keep them."""
        room = MOST_KEPT - len(self._findings)
        self._findings += findings[: max(room, 0)]

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:
        """Post one message, if there is anything to say."""
        if self._findings:
            message = self._form(sorted(self._findings, key=urgency), run)
            self._poster.post(self._url, json.dumps(message).encode(), {}, deadline)


def teams_message(findings: Sequence[Finding], run: AuditRun) -> dict[str, Any]:
    """A message with an Adaptive Card, its texts as text runs, which Teams doesn't read as Markdown."""
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": headline(findings, run)}
    ]
    for finding in findings[:MOST_SHOWN]:
        body.append(
            {
                "type": "RichTextBlock",
                "separator": True,
                "inlines": [
                    {"type": "TextRun", "weight": "Bolder", "color": _COLOURS[finding.severity], "text": f"{title(finding)} "},
                    {"type": "TextRun", "isSubtle": True, "text": _facts(finding)},
                    {"type": "TextRun", "text": f"\n{shown(finding.summary, 300)} {finding.advice}"},
                ],
            }
        )
    if len(findings) > MOST_SHOWN:
        body.append({"type": "TextBlock", "isSubtle": True, "wrap": True, "text": _rest(findings)})
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def slack_message(findings: Sequence[Finding], run: AuditRun) -> dict[str, Any]:
    """A message of blocks, its texts as plain_text; `text` is what notifications show."""
    first = headline(findings, run)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(first, 150)}]
    for finding in findings[:MOST_SHOWN]:
        text = f"{title(finding)} · {_facts(finding)}\n{shown(finding.summary, 500)} {finding.advice}"
        blocks.append({"type": "section", "text": _plain(text, 3000)})
    if len(findings) > MOST_SHOWN:
        blocks.append({"type": "context", "elements": [_plain(_rest(findings), 3000)]})
    return {"text": first, "blocks": blocks}


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "emoji": False, "text": text[:longest]}


def _facts(finding: Finding) -> str:
    parts = [finding.severity.label, finding.client_id, f"due {write_time(finding.due)}" if finding.due else ""]
    return " · ".join(part for part in parts if part)


def _rest(findings: Sequence[Finding]) -> str:
    return f"and {len(findings) - MOST_SHOWN} more: the audit's report lists them"
