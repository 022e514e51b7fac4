"""The webhook, and the chats: what is sent, that it can be verified, and what is done when it isn't taken."""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.result import AuditRun, Summary
from shared.audit.sinks import SinkFailure
from shared.audit.sinks.chat import Chat, slack_message, teams_message
from shared.audit.sinks.webhook import HttpsCaller, Webhook, signing_key
from shared.retry import Deadline
from shared.secret import Secret
from tests.functional.audit.test_key_vault import QuickClock

KEY = base64.b64encode(b"k" * 32).decode()
URL = Secret("https://hooks.example.com/services/T000/SECRETPATH")
NASTY = "</script><b>*bold*</b> [x](http://evil.example) <!channel> @here\n\u202egnp.exe"


class Wire(requests.Session):
    """A session whose answers are statuses written beforehand, then 200."""

    def __init__(self, *answers: int | requests.RequestException, retry_after: str = "", text: str = "") -> None:
        super().__init__()
        self._answers: Iterator[int | requests.RequestException] = iter(answers)
        self._retry_after = retry_after
        self._text = text
        self.sent: list[dict[str, Any]] = []

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        self.sent.append({"method": method, "url": url, **kwargs})
        status = next(self._answers, 200)
        if isinstance(status, requests.RequestException):
            raise status
        answer = requests.Response()
        answer.status_code = status
        answer.raw = io.BytesIO(self._text.encode())
        answer.headers["Location"] = "https://elsewhere.example/"
        if self._retry_after:
            answer.headers["Retry-After"] = self._retry_after
        return answer


def finding(name: str = "orders", severity: Severity = Severity.HIGH, number: int = 0) -> AuditFinding:
    return AuditFinding(
        kind=FindingKind.EXPIRING,
        severity=severity,
        client_id=f"0d9e8f7a-2222-4333-8444-{number:012}",
        client_name=name,
        summary="The secret dcr ends within 7 days.",
        advice="Rotate it.",
        due=datetime(2026, 11, 29, tzinfo=UTC),
        threshold_days=7,
    )


def run() -> AuditRun:
    summary = Summary(clients=1234)
    moment = datetime(2026, 11, 22, 3, tzinfo=UTC)
    return AuditRun("run-1", moment, 12.5, True, "", 2, "x", summary, (), 0, 0, ())


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


def webhook(wire: Wire, clock: QuickClock) -> Webhook:
    return Webhook(HttpsCaller(wire, clock), URL, signing_key(Secret(f"whsec_{KEY}")))


def notify(wire: Wire, clock: QuickClock, findings: Sequence[AuditFinding] = (finding(),)) -> None:
    webhook(wire, clock).notify(findings, Deadline.after(clock, 300))


def test_a_receiver_can_verify_the_signature(clock: QuickClock) -> None:
    wire = Wire()
    notify(wire, clock)
    (sent,) = wire.sent
    headers, body = sent["headers"], sent["data"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 600
    message = json.loads(body)
    assert (headers["Content-Type"], message["type"]) == ("application/json", "audit.findings")
    assert message["data"]["findings"][0]["severity"] == "high"


def test_the_run_is_reported_after_its_findings(clock: QuickClock) -> None:
    wire = Wire()
    webhook(wire, clock).report_run(run(), Deadline.after(clock, 300))
    message = json.loads(wire.sent[0]["data"])
    assert (message["type"], message["data"]["clients"]) == ("audit.run", 1234)


def test_what_says_the_same_has_the_same_message_id(clock: QuickClock) -> None:
    wire = Wire()
    notify(wire, clock)
    clock.sleep(60)
    notify(wire, clock)
    notify(wire, clock, [finding("other")])
    ids = [sent["headers"]["webhook-id"] for sent in wire.sent]
    assert ids[0] == ids[1] != ids[2]
    assert {(one[:4], len(one)) for one in ids} == {("msg_", 36)}


@pytest.mark.parametrize("trouble", [429, 500, 503, 408, requests.ConnectionError("lost"), requests.ReadTimeout("slow")])
def test_a_passing_trouble_is_tried_again_with_the_same_message(
    clock: QuickClock, trouble: int | requests.RequestException
) -> None:
    wire = Wire(trouble, trouble)
    notify(wire, clock)
    assert len(wire.sent) == 3
    assert len({sent["headers"]["webhook-signature"] for sent in wire.sent}) == 1
    assert clock.slept >= 5


def test_waits_as_long_as_the_receiver_asks_but_not_for_ever(clock: QuickClock) -> None:
    notify(Wire(429, retry_after="30"), clock)
    assert 30 <= clock.slept < 31
    clock.slept = 0
    notify(Wire(429, retry_after="3600"), clock)
    assert clock.slept <= 60


def test_a_receiver_that_stays_away_is_a_failure_that_shows_no_key(clock: QuickClock) -> None:
    wire = Wire(*[503] * 10)
    with pytest.raises(SinkFailure, match=r"hooks\.example\.com answered 503") as failure:
        notify(wire, clock)
    assert len(wire.sent) == 4
    assert "SECRETPATH" not in str(failure.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(clock: QuickClock, status: int) -> None:
    wire = Wire(status)
    with pytest.raises(SinkFailure, match="redirect"):
        notify(wire, clock)
    assert len(wire.sent) == 1
    assert wire.sent[0]["allow_redirects"] is False


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_refusal_is_final(clock: QuickClock, status: int) -> None:
    wire = Wire(status)
    with pytest.raises(SinkFailure):
        notify(wire, clock)
    assert len(wire.sent) == 1


def test_nothing_is_sent_without_tls(clock: QuickClock) -> None:
    wire = Wire()
    with pytest.raises(SinkFailure, match="https"):
        HttpsCaller(wire, clock).send("POST", Secret("http://hooks.example.com/x"), b"{}", {}, Deadline.after(clock, 60))
    assert wire.sent == []


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_short", "whsec_" + base64.b64encode(b"x" * 65).decode(), KEY, "whsec_!!!!"]
)
def test_a_signing_secret_of_the_wrong_form_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as failure:
        signing_key(Secret(text))
    assert not text.removeprefix("whsec_") or text.removeprefix("whsec_") not in str(failure.value)


def chat_message(clock: QuickClock, name: str, findings: Sequence[AuditFinding]) -> dict[str, Any]:
    wire = Wire()
    chat = Chat(name, HttpsCaller(wire, clock), URL, teams_message if name == "teams" else slack_message)
    for start in range(0, len(findings), 100):
        chat.notify(findings[start : start + 100], Deadline.after(clock, 60))
    assert wire.sent == []
    chat.report_run(run(), Deadline.after(clock, 60))
    (sent,) = wire.sent
    message: dict[str, Any] = json.loads(sent["data"])
    return message


def test_teams_gets_one_adaptive_card_whose_strangers_texts_are_not_markdown(clock: QuickClock) -> None:
    message = chat_message(clock, "teams", [finding(NASTY), finding("orders", Severity.CRITICAL)])
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard"
    markdown = [block["text"] for block in card["body"] if block["type"] == "TextBlock"]
    assert markdown == ["2 new findings (1 critical, 1 high) among 1234 clients"]
    runs = [run["text"] for block in card["body"] if block["type"] == "RichTextBlock" for run in block["inlines"]]
    assert any("[x](http://evil.example)" in text for text in runs)
    assert not any("\u202e" in text for text in runs)


def test_slack_gets_one_message_whose_texts_are_all_plain(clock: QuickClock) -> None:
    message = chat_message(clock, "slack", [finding(NASTY)])
    texts = [block["text"] for block in message["blocks"] if "text" in block]
    assert {text["type"] for text in texts} == {"plain_text"}
    assert "<!channel>" not in message["text"]
    assert any("<!channel>" in text["text"] for text in texts)


@pytest.mark.parametrize("name", ["teams", "slack"])
def test_a_message_stays_within_the_chats_limits_however_much_there_is_to_say(clock: QuickClock, name: str) -> None:
    many = [finding("x" * 500, number=number) for number in range(3000)]
    message = chat_message(clock, name, many)
    assert len(json.dumps(message).encode()) < 28_000
    assert len(message.get("blocks", [])) <= 50
    assert "more" in json.dumps(message)


def test_a_run_without_news_sends_no_message(clock: QuickClock) -> None:
    wire = Wire()
    Chat("teams", HttpsCaller(wire, clock), URL, teams_message).report_run(run(), Deadline.after(clock, 60))
    assert wire.sent == []


def chat(wire: Wire, clock: QuickClock) -> Chat:
    sink = Chat("teams", HttpsCaller(wire, clock), URL, teams_message)
    sink.notify([finding()], Deadline.after(clock, 60))
    return sink


@pytest.mark.parametrize(("status", "text"), [(200, "1"), (202, ""), (200, "ok")])
def test_a_chat_that_has_taken_the_message_says_so_in_its_own_way(clock: QuickClock, status: int, text: str) -> None:
    wire = Wire(status, text=text)
    chat(wire, clock).report_run(run(), Deadline.after(clock, 60))
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0",
        "Error: the payload could not be read",
    ],
)
def test_a_chat_that_answers_200_and_names_a_failure_has_failed(clock: QuickClock, text: str) -> None:
    wire = Wire(200, text=text)
    with pytest.raises(SinkFailure, match=r"hooks\.example\.com answered 200 with a text that names a failure") as failure:
        chat(wire, clock).report_run(run(), Deadline.after(clock, 60))
    assert len(wire.sent) == 4
    assert "ContextId" not in str(failure.value)


def test_the_words_of_a_webhooks_receiver_are_its_own_affair(clock: QuickClock) -> None:
    wire = Wire(200, text='{"errors": 0, "failed": false}')
    notify(wire, clock)
    assert len(wire.sent) == 1
