"""Messages to people in Teams and Slack: one for a run that has news, with the most urgent findings in it.

Everything that came from strangers is sent as plain text, which neither renders: no links, no mentions, no markup. Teams: an
Adaptive Card for a Workflows webhook, whose message may have 28 KB. Slack: blocks for an incoming webhook, at most 50.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from shared.audit.findings import AuditFinding, Severity, printable_name
from shared.audit.result import AuditRun, Ranking
from shared.audit.sinks.webhook import HttpsCaller
from shared.clock import write_time
from shared.retry import Deadline
from shared.secret import Secret

MOST_SHOWN = 15
_COLOURS = {Severity.LOW: "Default", Severity.MEDIUM: "Warning", Severity.HIGH: "Attention", Severity.CRITICAL: "Attention"}


class Chat:
    """A Sink that gathers what is news and posts it at the end. `write` makes the chat's message of the headline, the findings to
    show, and a line on those beyond them, which may be empty."""

    def __init__(
        self, name: str, caller: HttpsCaller, url: Secret, write: Callable[[str, Sequence[AuditFinding], str], dict[str, Any]]
    ) -> None:
        self.name = name
        self._caller = caller
        self._url = url
        self._write = write
        self._counts = dict.fromkeys(reversed(Severity), 0)
        self._shown = Ranking[AuditFinding](MOST_SHOWN, lambda finding: finding.urgency)

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:  # noqa: ARG002
        """Keep them."""
        for finding in findings:
            self._counts[finding.severity] += 1
            self._shown.add(finding)

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """Post one message, if there is anything to say. Slack answers "ok", a Teams connector "1", Workflows 202 and nothing."""
        total = self._shown.seen
        if total:
            severities = ", ".join(f"{count} {severity.label}" for severity, count in self._counts.items() if count)
            headline = f"{total} new finding{'' if total == 1 else 's'} ({severities}) among {run.summary.clients} clients"
            beyond = f"and {total - MOST_SHOWN} more: the audit's report lists them" if total > MOST_SHOWN else ""
            message = json.dumps(self._write(headline, self._shown.first(), beyond)).encode()
            headers = {"Content-Type": "application/json"}
            self._caller.send("POST", self._url, message, headers, deadline, read_answer=True)


def teams_message(headline: str, findings: Sequence[AuditFinding], beyond: str) -> dict[str, Any]:
    """A message with an Adaptive Card, its texts as text runs, which Teams doesn't read as Markdown."""
    body: list[dict[str, Any]] = [{"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": headline}]
    for finding in findings:
        runs = [
            {"type": "TextRun", "weight": "Bolder", "color": _COLOURS[finding.severity], "text": f"{finding.title} "},
            {"type": "TextRun", "isSubtle": True, "text": _facts(finding)},
            {"type": "TextRun", "text": f"\n{printable_name(finding.summary, 300)} {finding.advice}"},
        ]
        body.append({"type": "RichTextBlock", "separator": True, "inlines": runs})
    if beyond:
        body.append({"type": "TextBlock", "isSubtle": True, "wrap": True, "text": beyond})
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def slack_message(headline: str, findings: Sequence[AuditFinding], beyond: str) -> dict[str, Any]:
    """A message of blocks, its texts as plain_text; `text` is what notifications show."""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(headline, 150)}]
    for finding in findings:
        text = f"{finding.title} · {_facts(finding)}\n{printable_name(finding.summary, 500)} {finding.advice}"
        blocks.append({"type": "section", "text": _plain(text, 3000)})
    if beyond:
        blocks.append({"type": "context", "elements": [_plain(beyond, 3000)]})
    return {"text": headline, "blocks": blocks}


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "emoji": False, "text": text[:longest]}


def _facts(finding: AuditFinding) -> str:
    parts = [finding.severity.label, finding.client_id, f"due {write_time(finding.due)}" if finding.due else ""]
    return " · ".join(part for part in parts if part)
