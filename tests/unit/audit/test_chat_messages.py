"""What chats are sent, member by member: Teams' Adaptive Card, Slack's blocks."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.sinks.chat import Chat, slack_message, teams_message
from shared.audit.sinks.webhook import HttpsCaller
from shared.clock import SystemClock
from shared.retry import Deadline
from shared.secret import Secret
from tests.unit.audit.test_forms import CLIENT, EXPIRING, record

INCOMPLETE = AuditFinding(FindingKind.AUDIT_INCOMPLETE, Severity.CRITICAL, "", "", "It broke off.", "Read its record.")


def test_teams_gets_an_adaptive_card_whose_texts_are_no_markdown() -> None:
    message = teams_message("2 new findings", [EXPIRING, INCOMPLETE], "and 3 more")
    [attachment] = message.pop("attachments")
    assert message == {"type": "message"}
    card = attachment.pop("content")
    assert attachment == {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    body = card.pop("body")
    assert card == {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
    }
    assert body == [
        {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": "2 new findings"},
        {
            "type": "RichTextBlock",
            "separator": True,
            "inlines": [
                {"type": "TextRun", "weight": "Bolder", "color": "Attention", "text": "=Orders "},
                {"type": "TextRun", "isSubtle": True, "text": f"high · {CLIENT} · due 2026-11-29T02:00:00Z"},
                {"type": "TextRun", "text": '\nThe secret "k1" ends within 7 days. Rotate it through the bridge.'},
            ],
        },
        {
            "type": "RichTextBlock",
            "separator": True,
            "inlines": [
                {"type": "TextRun", "weight": "Bolder", "color": "Attention", "text": "The audit "},
                {"type": "TextRun", "isSubtle": True, "text": "critical"},
                {"type": "TextRun", "text": "\nIt broke off. Read its record."},
            ],
        },
        {"type": "TextBlock", "isSubtle": True, "wrap": True, "text": "and 3 more"},
    ]


def test_slack_gets_blocks_of_plain_text() -> None:
    message = slack_message("1 new finding", [EXPIRING], "and 3 more")

    def plain(text: str) -> dict[str, object]:
        return {"type": "plain_text", "emoji": False, "text": text}

    text = (
        f'=Orders · high · {CLIENT} · due 2026-11-29T02:00:00Z\nThe secret "k1" ends within 7 days. Rotate it through the bridge.'
    )
    assert message == {
        "text": "1 new finding",
        "blocks": [
            {"type": "header", "text": plain("1 new finding")},
            {"type": "section", "text": plain(text)},
            {"type": "context", "elements": [plain("and 3 more")]},
        ],
    }


def test_nothing_is_said_of_more_where_all_is_shown() -> None:
    assert [block["type"] for block in slack_message("x", [], "")["blocks"]] == ["header"]
    [attachment] = teams_message("x", [], "")["attachments"]
    assert len(attachment["content"]["body"]) == 1


def test_a_headline_is_cut_where_slack_would_refuse_it() -> None:
    assert len(slack_message("x" * 200, [], "")["blocks"][0]["text"]["text"]) == 150


def test_each_severity_has_its_colour() -> None:
    def colour(severity: Severity) -> str:
        [attachment] = teams_message("", [replace(EXPIRING, severity=severity)], "")["attachments"]
        return str(attachment["content"]["body"][1]["inlines"][0]["color"])

    assert [colour(severity) for severity in Severity] == ["Default", "Warning", "Attention", "Attention"]


class Posts:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any], bool]] = []

    def send(
        self, method: str, url: Secret, body: bytes, headers: dict[str, str], deadline: Deadline, *, read_answer: bool = False
    ) -> None:
        assert headers == {"Content-Type": "application/json"}
        self.sent.append((method, url.reveal(), json.loads(body), read_answer))


@pytest.mark.parametrize(
    ("found", "headline", "beyond"),
    [
        (0, None, ""),
        (1, "1 new finding (1 high) among 1234 clients", ""),
        (15, "15 new findings (15 high) among 1234 clients", ""),
        (16, "16 new findings (16 high) among 1234 clients", "and 1 more: the audit's report lists them"),
        (17, "17 new findings (17 high) among 1234 clients", "and 2 more: the audit's report lists them"),
    ],
)
def test_one_message_says_how_much_is_new(found: int, headline: str | None, beyond: str) -> None:
    posts = Posts()
    chat = Chat("slack", cast("HttpsCaller", posts), Secret("https://chat.example.com/key"), said)
    soon = Deadline.after(SystemClock(), 60)
    chat.notify([replace(EXPIRING, client_id=f"{number:02d}") for number in range(found)], soon)
    assert posts.sent == []
    chat.report_run(record(), soon)
    expected = {"headline": headline, "shown": [f"{number:02d}" for number in range(min(found, 15))], "beyond": beyond}
    assert posts.sent == ([("POST", "https://chat.example.com/key", expected, True)] if found else [])


def test_a_headline_names_the_severities_from_the_worst_on() -> None:
    posts = Posts()
    chat = Chat("teams", cast("HttpsCaller", posts), Secret("https://chat.example.com/key"), said)
    soon = Deadline.after(SystemClock(), 60)
    of_each = [replace(EXPIRING, severity=severity) for severity in (*Severity, Severity.LOW)]
    chat.notify([one for one in of_each if one.severity is not Severity.HIGH], soon)
    chat.report_run(record(), soon)
    assert posts.sent[0][2]["headline"] == "4 new findings (1 critical, 1 medium, 2 low) among 1234 clients"


def said(headline: str, findings: Sequence[AuditFinding], beyond: str) -> dict[str, Any]:
    return {"headline": headline, "shown": [finding.client_id for finding in findings], "beyond": beyond}


def test_slack_gets_texts_no_longer_than_it_takes() -> None:
    long = replace(EXPIRING, summary="s" * 900, advice="a" * 4000)
    blocks = slack_message("h" * 151, [long], "b" * 3001)["blocks"]
    header, section, context = blocks
    assert header["text"]["text"] == "h" * 150
    assert len(section["text"]["text"]) == 3000
    assert "s" * 499 + "… aaa" in section["text"]["text"]
    assert context["elements"][0]["text"] == "b" * 3000
    [attachment] = teams_message("", [long], "")["attachments"]
    assert "s" * 299 + "… aaa" in attachment["content"]["body"][1]["inlines"][2]["text"]
