"""Owners are notified by mail of what is news: one mail for each owner and threshold, and a digest for the directory's team.

Nothing is stored. A finding goes into a mail in the run in whose window it came about, so nobody is notified of a threshold
twice; unlike sinks, owners aren't reminded.
"""

from collections.abc import Iterator, Mapping, Sequence

from shared.audit.findings import AuditFinding, Severity
from shared.audit.mail.letters import Letter, as_message, write_letters
from shared.audit.mail.mail_configuration import MailConfiguration
from shared.audit.mail.senders import MailFailure, MailSender
from shared.audit.owners import MOST_OBJECTS, Owner
from shared.audit.result import Outcome, Result
from shared.audit.window import Window
from shared.retry import Deadline

ACTION = "mail"


class Mailing:
    """The mails of one run. `window` may be set while it goes on."""

    def __init__(self, configuration: MailConfiguration, sender: MailSender, window: Window, least: Severity) -> None:
        self._configuration = configuration
        self._sender = sender
        self.window = window
        self._of_run = window
        self._least = least
        self._news: list[AuditFinding] = []
        self.left_out = 0

    def add(self, finding: AuditFinding) -> None:
        """Keep a finding if it came about in the window, and matters."""
        if finding.since is None or not self.window.holds(finding.since) or finding.severity < self._least:
            return
        if len(self._news) < MOST_OBJECTS:
            self._news.append(finding)
        else:
            self.left_out += 1

    @property
    def objects(self) -> list[str]:
        """What the findings are about."""
        return [finding.object for finding in self._news if finding.object]

    def carry_out(self, owners: Mapping[str, Sequence[Owner]], deadline: Deadline, *, dry_run: bool) -> Iterator[Outcome]:
        """Send the mails, or in a dry run say what would be sent. Raises nothing."""
        configuration = self._configuration
        letters = write_letters(
            self._news, owners, configuration.texts, fallback=configuration.fallback, digest=configuration.digest
        )
        for number, letter in enumerate(letters):
            if dry_run:
                yield _outcome(letter, Result.WOULD, "would be sent")
                continue
            if deadline.remaining() <= 0 or (number and not deadline.pause(self._sender.pace)):
                yield _outcome(letter, Result.FAILED, "the run's time was over; the next threshold tells of it again")
                continue
            message = as_message(letter, configuration.sender, configuration.texts, self._of_run)
            try:
                self._sender.send(message, deadline)
            except MailFailure as failure:
                yield _outcome(letter, Result.FAILED, str(failure))
            else:
                yield _outcome(letter, Result.DONE, "sent")


def _outcome(letter: Letter, result: Result, what: str) -> Outcome:
    return Outcome(ACTION, result, "", letter.address, f"{letter.subject}: {what}")
