"""Sending mail: by Microsoft Graph from one mailbox, or by SMTP. A mail whose answer is lost isn't sent again."""

import base64
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import quote

from shared.audit.mail.mail_configuration import SmtpServer
from shared.environment import LOOPBACK_HOSTS
from shared.graph.client import GraphClient
from shared.graph.errors import GraphFailure
from shared.retry import Deadline

# Seconds for one mail.
SENDING = 20.0
# No base64, so certainly no mail.
NO_MAIL = "(no mail)"


class MailFailure(Exception):
    """A mail wasn't sent, or nobody knows whether it was. The text is for the log."""


class MailSender(Protocol):
    """What sends mails. `pace`: seconds between two."""

    @property
    def pace(self) -> float: ...

    def send(self, message: EmailMessage, deadline: Deadline) -> None:
        """Send one. Raises MailFailure."""
        ...

    def check(self, deadline: Deadline) -> None:
        """Find out whether mails could be sent, without sending one. Raises MailFailure."""
        ...


class GraphMail:
    """POST /users/{mailbox}/sendMail with the whole MIME message (learn.microsoft.com/graph/api/user-sendmail), since JSON has
    plain text or HTML, not both. Needs Mail.Send, which Exchange can restrict to the one mailbox."""

    # Exchange Online takes 30 mails a minute of a mailbox.
    pace = 2.0

    def __init__(self, graph: GraphClient, mailbox: str) -> None:
        self._graph = graph
        self._path = f"users/{quote(mailbox, safe='@')}/sendMail"

    def send(self, message: EmailMessage, deadline: Deadline) -> None:
        """Hand one mail to Exchange, which answers 202 before it delivers."""
        content = base64.b64encode(message.as_bytes()).decode()
        try:
            self._graph.call("POST", self._path, deadline, text=content, creates=True)
        except GraphFailure as failure:
            raise MailFailure(f"Graph failed: {failure}") from failure

    def check(self, deadline: Deadline) -> None:
        """Hand in what is no mail. Who may not send is refused for that (403), who may for the text (400): the permission is
        looked at first, as everywhere in Graph, though no page says so of this call."""
        try:
            self._graph.call("POST", self._path, deadline, text=NO_MAIL, creates=True)
        except GraphFailure as failure:
            if failure.status != 400 or not failure.code.startswith("ErrorMime"):
                raise MailFailure(f"Graph failed: {failure}") from failure


class SmtpMail:
    """Sends by SMTP (RFC 5321), each mail over a connection of its own. `tls` says what is trusted; None: the machine's CAs."""

    pace = 0.0

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls

    def send(self, message: EmailMessage, deadline: Deadline) -> None:
        """Hand one mail to the server."""
        with self._connection(deadline) as connection:
            connection.send_message(message)

    def check(self, deadline: Deadline) -> None:
        """Sign in as for a mail."""
        with self._connection(deadline) as connection:
            connection.noop()

    @contextmanager
    def _connection(self, deadline: Deadline) -> Iterator[smtplib.SMTP]:
        server, timeout = self._server, max(min(deadline.remaining(), SENDING), 0.1)
        context = self._tls or ssl.create_default_context()
        try:
            with (
                smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=context)
                if server.implicit_tls
                else smtplib.SMTP(server.host, server.port, timeout=timeout)
            ) as connection:
                connection.ehlo()
                if not server.implicit_tls and (connection.has_extn("starttls") or server.host not in LOOPBACK_HOSTS):
                    connection.starttls(context=context)
                if server.user:
                    connection.login(server.user, server.password.reveal())
                yield connection
        except (OSError, smtplib.SMTPException) as failure:
            # The server's own words may repeat what it was sent, the password included.
            code = getattr(failure, "smtp_code", "")
            raise MailFailure(f"{server.host} took no mail: {type(failure).__name__} {code}".rstrip()) from failure
