"""Whether Exchange would take mails, asked with what is no mail."""

from contextlib import nullcontext
from typing import Any, cast

import pytest

from shared.audit.mail.senders import GraphMail, MailFailure
from shared.clock import SystemClock
from shared.graph.client import GraphClient
from shared.graph.errors import GraphFailure
from shared.retry import Deadline


class Graph:
    """Answers each call with one failure."""

    def __init__(self, status: int, code: str) -> None:
        self.failure = GraphFailure("refused", status=status, code=code)
        self.calls: list[tuple[str, str]] = []

    def call(self, method: str, path: str, *_: Any, **__: Any) -> None:
        self.calls.append((method, path))
        raise self.failure


@pytest.mark.parametrize(
    ("status", "code", "may"),
    [
        (400, "ErrorMimeContentInvalidBase64String", True),
        (400, "ErrorMimeContentConversionFailed", True),
        (400, "ErrorInvalidUser", False),
        (403, "ErrorAccessDenied", False),
        (503, "ErrorMimeContentInvalid", False),
    ],
)
def test_only_a_refusal_of_the_text_says_that_mails_may_be_sent(status: int, code: str, may: bool) -> None:
    graph = Graph(status, code)
    with nullcontext() if may else pytest.raises(MailFailure, match="refused"):
        GraphMail(cast(GraphClient, graph), "identity@contoso.com").check(Deadline.after(SystemClock(), 10))
    assert graph.calls == [("POST", "users/identity@contoso.com/sendMail")]
