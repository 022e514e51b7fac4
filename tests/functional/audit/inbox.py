"""A mail server on loopback that keeps what it takes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.functional.audit.test_mail import read


class Inbox:
    """Keeps what a server takes."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        self.received.append(read(envelope.content))
        return "250 OK"


@contextmanager
def running_inbox() -> Iterator[tuple[Inbox, Controller]]:
    """A server on a free loopback port that lets in whoever knows the password `pass word`."""
    inbox = Inbox()

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == b"pass word"
        return AuthResult(success=right)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, authenticator=check, auth_require_tls=False)
    controller.start()
    yield inbox, controller
    controller.stop()
