"""A run's record in the forms that people and machines read, word for word: names in them are a public surface."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.audit.credential_states import CredentialState
from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.mail.letters import as_message, write_letters
from shared.audit.mail.mail_configuration import MailTexts
from shared.audit.owners import Owner
from shared.audit.report.formats import render_csv, render_json, render_text
from shared.audit.result import AuditRun, Outcome, Result, Summary
from shared.audit.window import Window

STARTED = datetime(2026, 11, 22, 3, tzinfo=UTC)
CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
OTHER = "1d9e8f7a-2222-4333-8444-a55566677788"
EXPIRING = AuditFinding(
    FindingKind.EXPIRING,
    Severity.HIGH,
    CLIENT,
    "=Orders",
    'The secret "k1" ends within 7 days.',
    "Rotate it through the bridge.",
    since=STARTED - timedelta(hours=1),
    due=STARTED + timedelta(days=6, hours=23),
    key_id="k1",
    threshold_days=7,
    policy="mulesoft",
    caller="anypoint",
    last_used=STARTED - timedelta(days=1),
    object="applications/7",
    owners=("ada@example.com", "Bob"),
)
UNUSED = AuditFinding(FindingKind.UNUSED, Severity.LOW, OTHER, "idle\x1b[2J", "Nobody signed in.", "Ask its owner.")


def record(**changes: object) -> AuditRun:
    summary = Summary(clients=1234, in_trouble=1, with_findings=2, certificates=3)
    summary.states[CredentialState.HEALTHY] += 1230
    summary.states[CredentialState.EXPIRING] += 4
    summary.weeks[date(2026, 11, 23)] += 4
    for finding in (EXPIRING, UNUSED):
        summary.count_finding(finding)
    outcomes = (
        Outcome("prune", Result.WOULD, CLIENT, "Orders", "would remove an expired secret", "k0"),
        Outcome("mail", Result.DONE, "", "", "one mail to ada@example.com"),
    )
    members = {
        "run_id": "run-1",
        "started": STARTED,
        "duration": 12.3456,
        "complete": True,
        "stopped": "",
        "pages": 2,
        "last_client": OTHER,
        "summary": summary,
        "findings": (EXPIRING, UNUSED),
        "found": 3,
        "notified": 1,
        "outcomes": outcomes,
        "window": Window(STARTED - timedelta(days=1), STARTED),
        "dry_run": True,
        "notes": ("usage can't be read",),
        "failed_sinks": ("teams",),
        "postponed": {"prune": 5},
        **changes,
    }
    return AuditRun(**members)  # type: ignore[arg-type]


def test_json_has_the_record_the_coming_weeks_the_findings_and_the_plan() -> None:
    document = json.loads(render_json(record()))
    weeks = document.pop("timeline")
    assert document == {
        "run_id": "run-1",
        "started": "2026-11-22T03:00:00Z",
        "duration_seconds": 12.346,
        "complete": True,
        "stopped": "",
        "pages": 2,
        "last_client_id": OTHER,
        "dry_run": True,
        "window": {"after": "2026-11-21T03:00:00Z", "until": "2026-11-22T03:00:00Z"},
        "clients": 1234,
        "clients_in_trouble": 1,
        "clients_with_findings": 2,
        "credentials": {"pending": 0, "healthy": 1230, "expiring": 4, "overlapping": 0, "superseded": 0, "expired": 0},
        "certificates": 3,
        "findings": {"expiring": 1, "unused": 1},
        "severities": {"high": 1, "low": 1},
        "found": 3,
        "notified": 1,
        "actions": {"prune": {"would": 1}, "mail": {"done": 1}},
        "postponed": {"prune": 5},
        "notes": ["usage can't be read"],
        "failed_sinks": ["teams"],
        "listed": 2,
        "list": [
            {
                "id": f"{CLIENT}/expiring/k1/7d",
                "kind": "expiring",
                "severity": "high",
                "client_id": CLIENT,
                "client_name": "=Orders",
                "summary": 'The secret "k1" ends within 7 days.',
                "advice": "Rotate it through the bridge.",
                "since": "2026-11-22T02:00:00Z",
                "due": "2026-11-29T02:00:00Z",
                "key_id": "k1",
                "threshold_days": 7,
                "policy": "mulesoft",
                "caller": "anypoint",
                "last_used": "2026-11-21T03:00:00Z",
                "object": "applications/7",
                "owners": ["ada@example.com", "Bob"],
            },
            {
                "id": f"{OTHER}/unused",
                "kind": "unused",
                "severity": "low",
                "client_id": OTHER,
                "client_name": "idle\x1b[2J",
                "summary": "Nobody signed in.",
                "advice": "Ask its owner.",
            },
        ],
        "plan": [
            {
                "action": "prune",
                "client_id": CLIENT,
                "client_name": "Orders",
                "key_id": "k0",
                "detail": "would remove an expired secret",
            }
        ],
    }
    assert weeks[0] == {"week_of": "2026-11-16", "credentials": 0}
    assert weeks[1] == {"week_of": "2026-11-23", "credentials": 4}
    assert len(weeks) == 26


def test_a_run_that_acts_has_no_plan_and_one_by_hand_no_window() -> None:
    document = json.loads(render_json(record(dry_run=False, window=None)))
    assert "plan" not in document
    assert document["window"] is None


def test_csv_has_a_line_a_finding_that_no_spreadsheet_computes() -> None:
    text = render_csv(record())
    assert text.startswith('\ufeff"due","severity","kind","client_id","client_name"')
    header, expiring, unused = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    found = dict(zip(header, expiring, strict=True))
    assert found == {
        "due": "2026-11-29T02:00:00Z",
        "severity": "high",
        "kind": "expiring",
        "client_id": CLIENT,
        "client_name": "'=Orders",
        "summary": 'The secret "k1" ends within 7 days.',
        "advice": "Rotate it through the bridge.",
        "since": "2026-11-22T02:00:00Z",
        "threshold_days": "7",
        "key_id": "k1",
        "policy": "mulesoft",
        "caller": "anypoint",
        "last_used": "2026-11-21T03:00:00Z",
        "object": "applications/7",
        "owners": "ada@example.com, Bob",
    }
    assert dict(zip(header, unused, strict=True))["owners"] == ""


def test_text_is_for_a_terminal_that_nothing_steers() -> None:
    assert render_text(record()).splitlines() == [
        "1,234 clients, 1 in trouble, as of 2026-11-22T03:00:00Z",
        "credentials: 1,230 healthy, 4 expiring",
        "note: usage can't be read",
        "",
        "HIGH     Expiring, due 2026-11-29T02:00:00Z",
        f"         =Orders  {CLIENT}",
        '         The secret "k1" ends within 7 days.',
        "         owners: ada@example.com, Bob",
        "         Rotate it through the bridge.",
        "",
        "LOW      Unused",
        f"         idle\N{REPLACEMENT CHARACTER}[2J  {OTHER}",
        "         Nobody signed in.",
        "         Ask its owner.",
        "",
        "and 1 more that are less urgent",
        "",
        "actions, as a dry run:",
        f"  prune would: Orders {CLIENT} k0: would remove an expired secret",
        "  mail done: one mail to ada@example.com",
    ]


def test_text_of_a_run_that_broke_off() -> None:
    lines = render_text(record(complete=False, stopped="its time was over", dry_run=False, found=2, notes=())).splitlines()
    assert "INCOMPLETE: its time was over" in lines
    assert "actions:" in lines
    assert not any("less urgent" in line for line in lines)


def expiring(client_id: str, threshold: int, place: str) -> AuditFinding:
    return AuditFinding(
        FindingKind.EXPIRING, Severity.HIGH, client_id, "x", "", "", due=STARTED, threshold_days=threshold, object=place
    )


def test_letters_come_digest_first_then_the_nearest_threshold_then_by_address() -> None:
    news = [expiring(CLIENT, 30, "applications/1"), expiring(OTHER, 7, "applications/2"), UNUSED]
    owners = {
        "applications/1": [Owner("zoe@example.com", "zoe@example.com"), Owner("ann@example.com", "ann@example.com")],
        "applications/2": [Owner("zoe@example.com", "zoe@example.com")],
    }
    letters = write_letters(news, owners, MailTexts(), fallback="team@example.com", digest="all@example.com")
    assert [(letter.address, letter.threshold, len(letter.findings)) for letter in letters] == [
        ("all@example.com", None, 3),
        ("team@example.com", None, 1),
        ("zoe@example.com", 7, 1),
        ("ann@example.com", 30, 1),
        ("zoe@example.com", 30, 1),
    ]


@pytest.mark.parametrize(("fallback", "digest"), [("", ""), ("", "all@example.com")])
def test_what_reaches_nobody_is_in_the_digest_alone(fallback: str, digest: str) -> None:
    letters = write_letters([UNUSED], {}, MailTexts(), fallback=fallback, digest=digest)
    assert [letter.address for letter in letters] == ([digest] if digest else [])


def test_a_letter_lists_two_hundred_and_counts_the_rest() -> None:
    news = [expiring(f"{number:036d}", 7, "applications/2") for number in range(202)]
    owners = {"applications/2": [Owner("zoe@example.com", "zoe@example.com")]}
    [letter] = write_letters(news, owners, MailTexts())
    message = as_message(letter, "audit@example.com", MailTexts(), Window(STARTED - timedelta(days=1), STARTED))
    text = message.get_body(("plain",))
    assert text is not None
    assert "And 2 more." in text.get_content()
    assert sum(line.startswith("x (") for line in text.get_content().splitlines()) == 200
    assert (message["From"], message["To"], message["Auto-Submitted"]) == (
        "audit@example.com",
        "zoe@example.com",
        "auto-generated",
    )
    assert message["Message-ID"].endswith("@example.com>")


def test_without_news_nobody_gets_a_letter() -> None:
    assert write_letters([], {}, MailTexts(), digest="all@example.com") == []
