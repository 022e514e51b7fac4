"""Mails by SMTP, to a real server process of its own."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller

from shared.audit.mail import senders
from shared.audit.mail.mail_configuration import SmtpServer
from shared.audit.mail.senders import SmtpMail
from shared.audit.result import Result
from shared.graph.session import DirectorySession
from tests.functional.audit.estate import Estate
from tests.functional.audit.inbox import Inbox, running_inbox
from tests.functional.audit.test_mail import MAIL, add_owned, add_user, run, text_of


@pytest.fixture
def estate() -> Estate:
    return Estate(roles=("Application.Read.All", "User.Read.All"))


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, Controller]]:
    with running_inbox() as running:
        yield running


def test_a_mail_goes_by_smtp(estate: Estate, inbox: tuple[Inbox, Controller]) -> None:
    add_owned(estate, 6.5, add_user(estate, "ann@contoso.com"))
    server = SmtpServer.parse(f"smtp://bridge:pass%20word@127.0.0.1:{inbox[1].port}")
    (outcome,) = run(estate, MAIL, SmtpMail(server)).outcomes
    assert outcome.result is Result.DONE
    (message,) = inbox[0].received
    assert message["To"] == "ann@contoso.com"
    assert "ends within 7 days" in text_of(message)
    assert "<li>" in text_of(message, "html")


@pytest.mark.parametrize("address", ["smtp://bridge:wrong@127.0.0.1:{port}", "smtp://127.0.0.1:9"])
def test_a_server_that_takes_nothing_is_a_failed_mail_and_no_password_is_told(
    estate: Estate, inbox: tuple[Inbox, Controller], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "SENDING", 2.0)
    add_owned(estate, 6.5)
    server = SmtpServer.parse(address.format(port=inbox[1].port))
    found = run(estate, MAIL, SmtpMail(server))
    assert [outcome.result for outcome in found.outcomes] == [Result.FAILED]
    assert "wrong" not in found.outcomes[0].detail + repr(server)
    assert found.complete
    assert inbox[0].received == []


class Servers:
    """Mail servers with a certificate of a CA that no machine knows."""

    def __init__(self, path: Path) -> None:
        authority = trustme.CA()
        self.ca_file = str(path / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1", "127.0.0.2").configure_cert(self.context)

    @contextmanager
    def serving(self, host: str, **options: Any) -> Iterator[tuple[Inbox, int]]:
        with socket.create_server((host, 0)) as free:
            port = free.getsockname()[1]
        inbox = Inbox()
        controller = Controller(inbox, hostname=host, port=port, **options)
        controller.start()
        try:
            yield inbox, port
        finally:
            controller.stop()


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    return Servers(tmp_path)


@pytest.mark.parametrize(
    ("scheme", "host"), [("smtps", "localhost"), ("smtps", "127.0.0.2"), ("smtp", "127.0.0.2"), ("smtp", "localhost")]
)
def test_a_mail_goes_by_tls_to_a_server_that_the_operators_bundle_vouches_for(
    estate: Estate, servers: Servers, scheme: str, host: str
) -> None:
    """TLS from the start, and STARTTLS."""
    options = (
        {"ssl_context": servers.context} if scheme == "smtps" else {"tls_context": servers.context, "require_starttls": True}
    )
    with servers.serving("127.0.0.2" if host == "127.0.0.2" else "127.0.0.1", **options) as (inbox, port):
        server = SmtpServer.parse(f"{scheme}://{host}:{port}")
        add_owned(estate, 6.5)
        tls = DirectorySession(servers.ca_file, usual_too=True).tls
        assert [outcome.result for outcome in run(estate, MAIL, SmtpMail(server, tls)).outcomes] == [Result.DONE]
        assert len(inbox.received) == 1
        outcomes = run(estate, MAIL, SmtpMail(server)).outcomes
        assert [outcome.result for outcome in outcomes] == [Result.FAILED]
        assert "SSLCertVerificationError" in outcomes[0].detail
        assert len(inbox.received) == 1


def test_no_mail_goes_in_the_clear_to_another_machine(estate: Estate, servers: Servers) -> None:
    add_owned(estate, 6.5)
    with servers.serving("127.0.0.2") as (inbox, port):
        outcomes = run(estate, MAIL, SmtpMail(SmtpServer.parse(f"smtp://127.0.0.2:{port}"))).outcomes
    assert [outcome.result for outcome in outcomes] == [Result.FAILED]
    assert inbox.received == []
