"""The audit in the tour: an owner gets a mail, and an auditor looks at the page."""

import base64
import email
import email.policy
import json
import re
import secrets
from datetime import timedelta
from typing import Any

from emulator.clock import graph_time
from local.sandbox import RecordKeeper, Sandbox
from local.transcript import Transcript

AUDITOR = "Basic " + base64.b64encode(b"auditor:" + secrets.token_urlsafe(9).encode()).decode()
MAILBOX, OWNER = "dcr-bridge@example.com", "grace@example.com"
ROLES = ("Application.ReadWrite.OwnedBy", "Application.Read.All", "User.Read.All", "Mail.Send")
SETTINGS = {
    "AUDIT_MAIL_FROM": MAILBOX,
    "REGISTRATION_POLICIES": json.dumps({"auditors": {"may_audit": True, "may_register": False}}),
}


class Auditors:
    """Their steps. Each prints what it does and checks what it gets."""

    def __init__(self, place: Sandbox, transcript: Transcript) -> None:
        self.place = place
        self.transcript = transcript

    def walk(self, client_id: str) -> None:
        """From the timer's run to the mail and the page. `client_id`: a client whose secrets are in order."""
        self._add_old_client()
        self.transcript.title("The timer audits the secrets of all clients; one was registered five months ago")
        with RecordKeeper("bridge.audit") as log:
            url = f"{self.place.url}/admin/functions/audit_secrets"
            self.transcript.call("POST", url, status=202, json_body={"input": ""})
            log.wait_for(lambda record: '"audit_run"' in record.getMessage())
        events: list[dict[str, Any]] = [json.loads(record.getMessage()) for record in log.records]
        for event in events:
            self.transcript.show(event)
        runs = [event for event in events if event["event"] == "audit_run"]
        self.transcript.check("the log has one record of the run, which is complete", [run["complete"] for run in runs] == [True])
        self.transcript.check("it saw both clients", bool(runs) and runs[0]["clients"] == 2)
        found = {(event.get("kind"), event.get("client_name")) for event in events}
        self.transcript.check("it found the secret that ends in a week", ("expiring", "spring portal") in found)
        self._read_mail()
        self._look_at_page(client_id)

    def _add_old_client(self) -> None:
        entra = self.place.entra
        now = entra.clock.now()
        owner = entra.directory.users.find("userPrincipalName", OWNER) or entra.add_user(OWNER)
        entra.add_user(MAILBOX)
        secret = {
            "keyId": "7e3d6f0a-2222-4333-8444-a55566677788",
            "displayName": "dcr 2026-06-01 0123abcd",
            "hint": "abc",
            "startDateTime": graph_time(now - timedelta(days=175)),
            # It crossed the threshold of seven days within the last day, which is what a run by hand takes for news.
            "endDateTime": graph_time(now + timedelta(days=6, hours=12)),
        }
        tags = [
            "entra-dcr-bridge",
            "dcr:caller=anypoint",
            "dcr:policy=default",
            "dcr:token_endpoint_auth_method=client_secret_basic",
        ]
        created = graph_time(now - timedelta(days=175))
        state = {"displayName": "spring portal", "tags": tags, "createdDateTime": created, "passwordCredentials": [secret]}
        record = entra.directory.add_application(state, owners=[owner.id])
        entra.directory.add_service_principal(record.state["appId"], {})

    def _read_mail(self) -> None:
        self.transcript.title("The owner of that client gets one mail, of what is new and theirs alone")
        mails = self.place.entra.tenant.mails
        self.transcript.check("one mail was handed to Graph", len(mails) == 1)
        for sender, content in mails:
            message = email.message_from_bytes(content, policy=email.policy.default)
            self.transcript.check(f"it is from {MAILBOX}", sender == MAILBOX)
            self.transcript.check("it is to the owner", message["To"] == OWNER)
            body = message.get_body(("plain",))
            text = body.get_content() if body is not None else ""
            for line in (f"Subject: {message['Subject']}", *text.strip().splitlines()):
                self.transcript.say(line)
            self.transcript.check("it names the client", "spring portal" in text)

    def _look_at_page(self, client_id: str) -> None:
        self.transcript.title("An auditor opens the page, as a browser does")
        headers = {"Authorization": AUDITOR, "Accept": "text/html"}
        page = self.transcript.call("GET", f"{self.place.url}/audit?plan=true", status=200, headers=headers)
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))
        self.transcript.check("it is one page of HTML", page.headers["content-type"].startswith("text/html"))
        self.transcript.check("the client is on it", "spring portal" in text and client_id not in text)
        self.transcript.check("it says what the next run will do", "What the next run will do" in text)
