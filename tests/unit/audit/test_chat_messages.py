"""What chats are sent, member by member: Teams' Adaptive Card, Slack's blocks."""

from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.sinks.chat import slack_message, teams_message
from tests.unit.audit.test_forms import CLIENT, EXPIRING

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
