"""Owners are told by mail: to whom, how often, in what words, by Graph and by a real SMTP server."""

import email
import email.policy
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditConfiguration, Scope
from shared.audit.findings import Severity
from shared.audit.mail.letters import MOST_LISTED
from shared.audit.mail.mail_configuration import MailConfiguration, MailTexts, parse_mail_texts
from shared.audit.mail.senders import GraphMail, MailSender
from shared.audit.result import AuditRun, Result
from shared.audit.run import Audit
from shared.audit.window import Window
from tests.functional.audit.estate import DAY, TAG, Estate

SENDER = "identity@contoso.com"
MAIL = MailConfiguration(SENDER, fallback="team@contoso.com")


@pytest.fixture
def estate() -> Estate:
    estate = Estate(roles=("Application.Read.All", "User.Read.All", "Mail.Send"))
    estate.emulator.add_user(SENDER)
    return estate


def sent(estate: Estate) -> list[EmailMessage]:
    return [read(content) for _, content in estate.emulator.tenant.mails]


def read(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def audit(estate: Estate, mail: MailConfiguration = MAIL, sender: MailSender | None = None, **changes: Any) -> Audit:
    configuration = AuditConfiguration(scope=Scope.TENANT, mail=mail, least_severity=Severity.LOW, **changes)
    lists = ClientLists(estate.directory, TAG, "https://graph.microsoft.com", Scope.TENANT, estate.emulator.tenant_id)
    return Audit(configuration, lists, estate.clock, mail=sender or GraphMail(estate.graph, SENDER))


def run(estate: Estate, *arguments: Any, **options: Any) -> AuditRun:
    window = Window.of_last(DAY, estate.clock.now())
    return audit(estate, *arguments).run(3600, **{"window": window, **options})


def add_owned(estate: Estate, days: float, *owners: str, name: str = "orders") -> None:
    record = estate.add_client((-100, days), name=name, tags=())
    record.owners = dict.fromkeys(owners or [estate.bridge.service_principal_id])


def add_user(estate: Estate, name: str, **values: Any) -> str:
    return estate.emulator.add_user(name, **values).id


def test_an_owner_gets_one_mail_for_each_threshold_with_all_that_is_theirs(estate: Estate) -> None:
    ann, bob = add_user(estate, "ann@contoso.com", mail="ann.lee@contoso.com"), add_user(estate, "bob@contoso.com")
    for number in range(3):
        add_owned(estate, 6.5, ann, bob, name=f"week {number}")
    add_owned(estate, 29.5, ann, name="month")
    run(estate)
    messages = {(m["To"], m["Subject"]): m for m in sent(estate)}
    assert set(messages) == {
        ("ann.lee@contoso.com", "Credentials that end within 7 days: 3"),
        ("bob@contoso.com", "Credentials that end within 7 days: 3"),
        ("ann.lee@contoso.com", "Credentials that end within 30 days: 1"),
    }
    week = messages["ann.lee@contoso.com", "Credentials that end within 7 days: 3"]
    for kind in ("plain", "html"):
        assert all(f"week {number}" in text_of(week, kind) for number in range(3))
        assert "month" not in text_of(week, kind)
    assert week["From"] == SENDER
    assert week["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "owner",
    [
        {"accountEnabled": False},
        {"user_principal_name": "guest_example.com#EXT#@contoso.onmicrosoft.com"},
        None,
    ],
)
def test_what_no_owner_is_reached_for_goes_to_the_fallback(estate: Estate, owner: dict[str, Any] | None) -> None:
    owners = [] if owner is None else [add_user(estate, owner.pop("user_principal_name", "bob@contoso.com"), **owner)]
    add_owned(estate, 6.5, *owners)
    run(estate)
    assert [message["To"] for message in sent(estate)] == ["team@contoso.com"]


def test_without_a_fallback_nobody_is_written_to(estate: Estate) -> None:
    add_owned(estate, 6.5)
    assert run(estate, MailConfiguration(SENDER)).outcomes == ()
    assert sent(estate) == []


def test_over_weeks_each_threshold_is_told_once(estate: Estate) -> None:
    add_owned(estate, 63.4, add_user(estate, "ann@contoso.com"))
    watching, last = audit(estate), estate.clock.now() - DAY
    for night in range(66):
        if night not in (20, 35, 36):
            called = estate.clock.now()
            status = {"Last": last.isoformat(), "Next": (last + DAY).isoformat()}
            watching.run(600, window=Window.of_timer(status, past_due=False, now=called + timedelta(seconds=7)))
            last = called
        estate.emulator.clock.set(estate.clock.now().replace(hour=3, minute=0, second=0, microsecond=0) + DAY)
    subjects = Counter(str(message["Subject"]) for message in sent(estate))
    within = {f"Credentials that end within {days} days: 1": 1 for days in (60, 30, 14, 7, 1)}
    assert subjects == {**within, "Credentials of your applications: 1 to look at": 1}


def test_a_dry_run_shows_the_mails_and_sends_none(estate: Estate) -> None:
    add_owned(estate, 6.5, add_user(estate, "ann@contoso.com"))
    (outcome,) = run(estate, dry_run=True).outcomes
    assert (outcome.action, outcome.result, outcome.client_name) == ("mail", Result.WOULD, "ann@contoso.com")
    assert "within 7 days: 1" in outcome.detail
    assert sent(estate) == []


def test_a_run_by_hand_writes_to_nobody(estate: Estate) -> None:
    add_owned(estate, 6.5)
    run(estate, window=None)
    assert sent(estate) == []


def test_the_directorys_team_gets_a_digest_first(estate: Estate) -> None:
    ann = add_user(estate, "ann@contoso.com")
    for number in range(MOST_LISTED + 5):
        add_owned(estate, 6.5, ann, name=f"client {number}")
    run(estate, replace(MAIL, digest="directory@contoso.com"))
    first, second = sent(estate)
    assert (first["To"], second["To"]) == ("directory@contoso.com", "ann@contoso.com")
    assert first["Subject"] == f"Audit of credentials: {MOST_LISTED + 5} new findings"
    assert "And 5 more." in text_of(first)


def test_a_name_from_a_stranger_is_a_name_and_no_markup_and_no_line(estate: Estate) -> None:
    add_owned(estate, 6.5, name="<script>x</script>\r\nBcc: all@contoso.com\u202e")
    run(estate)
    (message,) = sent(estate)
    assert message["Bcc"] is None
    assert "<script>" not in text_of(message, "html")
    assert "\u202e" not in text_of(message)


def test_another_language_is_a_setting(estate: Estate) -> None:
    add_owned(estate, 6.5, name="Bestellungen")
    kinds = '{"expiring": "{name} läuft am {due} ab, in weniger als {days} Tagen."}'
    texts = parse_mail_texts(
        f'{{"language": "de", "expiring": "{{count}} Geheimnisse enden in {{days}} Tagen", "kinds": {kinds}}}'
    )
    run(estate, replace(MAIL, texts=texts))
    (message,) = sent(estate)
    assert message["Subject"] == "1 Geheimnisse enden in 7 Tagen"
    assert "Bestellungen läuft am 2026-11-28T15:00:00Z ab, in weniger als 7 Tagen." in text_of(message)
    assert 'lang="de"' in text_of(message, "html")


@pytest.mark.parametrize(
    "text",
    ['{"outro": 5}', '{"unknown": "x"}', '{"intro": "{count}"}', '{"kinds": {"expiring": "{name.__class__}"}}',
     '{"kinds": {"expiring": "{0}"}}', '{"kinds": {"what": "x"}}', '{"digest": "{count!r}"}', '{"digest": "{"}', "[]"],
)  # fmt: skip
def test_texts_with_mistakes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_mail_texts(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"outro": 5}', "outro must be a text"),
        ('{"kinds": {"expiring": "{count}"}}', "a text of kinds must be a text"),
        ('{"unknown": "x"}', "expected members among "),
    ],
)
def test_a_text_with_a_mistake_is_named(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=rf"\A{named}"):
        parse_mail_texts(text)


def test_a_mail_whose_answer_is_lost_is_not_sent_twice_and_the_run_says_so(estate: Estate) -> None:
    add_owned(estate, 6.5)
    estate.emulator.faults.add("reset_after", path="sendMail", times=1)
    (outcome,) = run(estate).outcomes
    assert outcome.result is Result.FAILED
    assert len(sent(estate)) == 1


def test_without_the_permission_the_run_goes_on_and_says_so() -> None:
    estate = Estate(roles=("Application.Read.All",))
    estate.emulator.add_user(SENDER)
    add_owned(estate, 6.5)
    found = run(estate)
    assert found.complete
    assert [(outcome.result, "403" in outcome.detail) for outcome in found.outcomes] == [(Result.FAILED, True)]


def test_texts_are_english_by_default() -> None:
    assert parse_mail_texts("{}") == MailTexts()
