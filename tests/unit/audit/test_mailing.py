"""The mails of a run: what goes into them, what they say word for word, and what becomes of those that can't be sent."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count
from typing import Any

import pytest

from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.mail.letters import as_message, write_letters
from shared.audit.mail.mail_configuration import MailConfiguration, MailTexts
from shared.audit.mail.mailing import Mailing
from shared.audit.mail.senders import MailFailure
from shared.audit.owners import MOST_OBJECTS, Owner
from shared.audit.result import Outcome, Result
from shared.audit.window import Window
from shared.retry import Deadline
from tests.unit.graph.test_client import MovedClock

END = datetime(2026, 11, 22, 3, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WINDOW = Window(END - DAY, END)
CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
ZOE = Owner("Zoe", "zoe@example.com")


class Sender:
    """Takes mails and needs no time for them; refuses those to addresses at `refused`."""

    pace = 2.0

    def __init__(self, refused: str = "") -> None:
        self.taken: list[EmailMessage] = []
        self._refused = refused

    def send(self, message: EmailMessage, deadline: Deadline) -> None:
        if self._refused and self._refused in message["To"]:
            raise MailFailure("550 no such mailbox")
        self.taken.append(message)

    def check(self, deadline: Deadline) -> None:
        raise AssertionError("nobody asks")


def finding(number: int = 1, **members: Any) -> AuditFinding:
    usual: dict[str, Any] = {
        "kind": FindingKind.EXPIRING,
        "severity": Severity.HIGH,
        "client_id": CLIENT,
        "client_name": "Orders",
        "summary": 'The secret "k" ends within 7 days.',
        "advice": "Rotate it.",
        "since": END,
        "due": END + 7 * DAY,
        "threshold_days": 7,
        "object": f"applications/{number}",
    }
    return AuditFinding(**usual | members)


def mailing(sender: Sender, **configured: Any) -> Mailing:
    return Mailing(MailConfiguration("audit@bridge.example.com", **configured), sender, WINDOW, Severity.MEDIUM)


def carried_out(one: Mailing, seconds: float = 60, owners: int = 3, *, dry_run: bool = False) -> list[Outcome]:
    known = {f"applications/{number}": [Owner("", f"owner{number}@example.com")] for number in range(1, owners + 1)}
    return list(one.carry_out(known, Deadline.after(MovedClock(), seconds), dry_run=dry_run))


@pytest.mark.parametrize(
    ("members", "goes_in"),
    [
        ({}, True),
        ({"since": END - DAY + SECOND}, True),
        ({"since": END - DAY}, False),
        ({"since": END + SECOND}, False),
        ({"since": None}, False),
        ({"severity": Severity.MEDIUM}, True),
        ({"severity": Severity.LOW}, False),
    ],
)
def test_a_mail_is_about_what_came_about_in_the_window_and_matters(members: dict[str, Any], *, goes_in: bool) -> None:
    one = mailing(Sender())
    one.add(finding(**members))
    assert one.objects == (["applications/1"] if goes_in else [])
    assert one.left_out == 0


def test_more_than_owners_can_be_asked_for_is_counted_as_left_out() -> None:
    one = mailing(Sender())
    for number in range(MOST_OBJECTS + 2):
        one.add(finding(number))
    assert (len(one.objects), one.left_out) == (MOST_OBJECTS, 2)


def test_what_has_no_object_is_asked_nothing_about() -> None:
    one = mailing(Sender(), digest="team@example.com")
    one.add(finding(object=""))
    assert one.objects == []
    [outcome] = carried_out(one)
    assert (outcome.client_name, outcome.result) == ("team@example.com", Result.DONE)


def test_a_dry_run_says_which_mails_it_would_send() -> None:
    sender = Sender()
    one = mailing(sender)
    one.add(finding())
    assert carried_out(one, dry_run=True) == [
        Outcome(
            "mail",
            Result.WOULD,
            "",
            "owner1@example.com",
            "Credentials that end within 7 days: 1: would be sent",
        )
    ]
    assert sender.taken == []


def test_a_mail_that_is_refused_keeps_none_of_the_others_back() -> None:
    sender = Sender(refused="owner2")
    one = mailing(sender)
    for number in (1, 2, 3):
        one.add(finding(number))
    outcomes = carried_out(one)
    assert [(outcome.client_name, outcome.result) for outcome in outcomes] == [
        ("owner1@example.com", Result.DONE),
        ("owner2@example.com", Result.FAILED),
        ("owner3@example.com", Result.DONE),
    ]
    assert outcomes[1].detail == "Credentials that end within 7 days: 1: 550 no such mailbox"
    assert [message["To"] for message in sender.taken] == ["owner1@example.com", "owner3@example.com"]


@pytest.mark.parametrize(("seconds", "sent"), [(0, 0), (0.5, 1), (2, 1), (2.1, 2), (4, 2), (4.1, 3)])
def test_mails_keep_their_pace_and_end_with_the_run(seconds: float, sent: int) -> None:
    sender = Sender()
    one = mailing(sender)
    for number in (1, 2, 3):
        one.add(finding(number))
    outcomes = carried_out(one, seconds)
    assert [outcome.result for outcome in outcomes] == [Result.DONE] * sent + [Result.FAILED] * (3 - sent)
    assert len(sender.taken) == sent
    assert {outcome.detail for outcome in outcomes[sent:]} <= {
        "Credentials that end within 7 days: 1: the run's time was over; the next threshold tells of it again"
    }


def parts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_a_mail_word_for_word() -> None:
    second = finding(client_name="", client_id="", summary="<b>It broke off.</b>", due=END + 8 * DAY, key_id="k2")
    [letter] = write_letters([second, finding()], {"applications/1": [ZOE]}, MailTexts())
    message = as_message(letter, "audit@bridge.example.com", MailTexts(), WINDOW)
    plain, html = parts(message)
    assert plain == (
        "You get this because you own these applications in Microsoft Entra ID, or look after the directory.\n"
        "\n"
        f"Orders ({CLIENT})\n"
        '  The secret "k" ends within 7 days. Rotate it.\n'
        "\n"
        "The audit\n"
        "  <b>It broke off.</b> Rotate it.\n"
        "\n"
        "You are notified of each threshold once. Nobody reads answers to this address.\n"
    )
    assert "&lt;b&gt;It broke off.&lt;/b&gt; Rotate it." in html
    assert "<b>It broke" not in html
    assert "more." not in html
    assert message["Subject"] == "Credentials that end within 7 days: 2"
    assert message["Date"] == "Sun, 22 Nov 2026 03:00:00 +0000"
    assert message["Content-Language"] == "en"
    assert message.get_content_type() == "multipart/alternative"


def test_a_mail_in_words_of_the_operator() -> None:
    texts = MailTexts(
        language="de",
        expiring="{count} in {days} Tagen",
        other="{count} andere",
        digest="{count} neue",
        intro="Hallo",
        more="Und {count} weitere.",
        outro="Ende",
        kinds={
            "expiring": "{name}/{client_id}/{due}/{days}/{last_used}",
            "unused": "{name}/{days}/{due}/{last_used}",
        },
    )
    news = [
        finding(last_used=END - DAY),
        finding(kind=FindingKind.UNUSED, threshold_days=None, due=None, last_used=None),
    ]
    digest, other, ending = write_letters(news, {"applications/1": [ZOE]}, texts, digest="all@example.com")
    assert (digest.subject, other.subject, ending.subject) == ("2 neue", "1 andere", "1 in 7 Tagen")
    message = as_message(digest, "audit@bridge.example.com", texts, WINDOW)
    plain, html = parts(message)
    assert plain.splitlines() == [
        "Hallo",
        "",
        f"Orders ({CLIENT})",
        f"  Orders/{CLIENT}/2026-11-29T03:00:00Z/7/2026-11-21T03:00:00Z",
        "",
        f"Orders ({CLIENT})",
        "  Orders///",
        "",
        "Ende",
    ]
    assert message["Content-Language"] == "de"
    assert '<html lang="de">' in html


@pytest.mark.parametrize(("listed", "line"), [(200, ""), (201, "And 1 more."), (203, "And 3 more.")])
def test_beyond_two_hundred_the_rest_is_counted(listed: int, line: str) -> None:
    news = [finding(client_id=f"{number:036d}") for number in range(listed)]
    [letter] = write_letters(news, {"applications/1": [ZOE]}, MailTexts())
    plain, html = parts(as_message(letter, "audit@bridge.example.com", MailTexts(), WINDOW))
    assert plain.count("Orders (") == 200
    assert [text for text in plain.splitlines() if "more." in text] == ([line] if line else [])
    assert (line in html) if line else ("more." not in html)


def test_a_long_sentence_is_cut() -> None:
    [letter] = write_letters([finding(summary="x" * 700)], {"applications/1": [ZOE]}, MailTexts(kinds={}))
    plain, _ = parts(as_message(letter, "a@example.com", MailTexts(), WINDOW))
    assert f"  {'x' * 599}…\n" in plain
    [letter] = write_letters([finding(client_name="y" * 70)], {"applications/1": [ZOE]}, MailTexts())
    plain, _ = parts(as_message(letter, "a@example.com", MailTexts(kinds={"expiring": "{name}" * 10}), WINDOW))
    assert f"  {('y' * 700)[:599]}…\n" in plain


def test_a_mail_has_the_same_id_only_when_it_is_the_same_mail() -> None:
    def message_id(window: Window = WINDOW, owner: Owner = ZOE, **members: Any) -> str:
        [letter] = write_letters([finding(**members)], {"applications/1": [owner]}, MailTexts())
        return str(as_message(letter, "audit@bridge.example.com", MailTexts(), window)["Message-ID"])

    usual = message_id()
    assert usual == message_id()
    others = [
        message_id(Window(END - DAY, END + DAY)),
        message_id(owner=Owner("Zoe", "zoe@example.org")),
        message_id(key_id="k2"),
        message_id(threshold_days=1),
    ]
    assert len({usual, *others}) == 5
    name, _, host = usual.strip("<>").partition("@")
    assert (len(name), host) == (32, "bridge.example.com")


def test_owners_without_an_address_leave_it_to_the_fallback() -> None:
    numbers = count(1)
    news = [finding(next(numbers)), finding(next(numbers))]
    owners = {"applications/1": [Owner("A service"), ZOE], "applications/2": [Owner("A service")]}
    letters = write_letters(news, owners, MailTexts(), fallback="team@example.com")
    assert [(letter.address, letter.findings[0].object) for letter in letters] == [
        ("team@example.com", "applications/2"),
        ("zoe@example.com", "applications/1"),
    ]
