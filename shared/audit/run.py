"""The audit: reads the bridge's clients page by page, judges each, notifies of what is news, and acts where it may."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.audit.actions import Action, Candidates, Task
from shared.audit.assessment import Assessment, assess
from shared.audit.bookmark import Bookmark
from shared.audit.client_lists import ClientLists, PrincipalList
from shared.audit.clients import AuditedClient
from shared.audit.configuration import AuditConfiguration, Scope
from shared.audit.confirmations import Confirmations
from shared.audit.findings import AuditFinding, FindingKind, incomplete_audit
from shared.audit.known_facts import KnownFacts
from shared.audit.mail.mailing import Mailing
from shared.audit.mail.senders import MailSender
from shared.audit.owners import MOST_OBJECTS, Owner
from shared.audit.result import AuditRun, Outcome, Ranking, Summary
from shared.audit.sinks import REPORTING, AuditLog, Notifications, Sink
from shared.audit.window import Window
from shared.clock import Clock
from shared.graph.errors import DeadlineExceeded, GraphFailure
from shared.retry import Deadline

logger = logging.getLogger("bridge.audit")

# The part of the time that reading may take where there are actions to follow.
READING = 0.75
# Outcomes that a record keeps; the log has all.
MOST_OUTCOMES = 2000
# What is found only after asking about a client by itself.
CONFIRMED = frozenset({FindingKind.HALF_REGISTERED, FindingKind.NO_USABLE_CREDENTIAL, FindingKind.IDENTITIES_DIFFER})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `step` is what it does, `done` how much of it is seen or done."""

    step: str
    done: int


@dataclass(frozen=True, slots=True)
class Audit:
    """The use case of the timer, the report and the operator's command. One object serves any number of runs, at once too.

    `sinks` makes the sinks for one run, since some keep findings until it is over.
    """

    configuration: AuditConfiguration
    directory: ClientLists
    clock: Clock
    actions: Sequence[Action] = ()
    sinks: Callable[[], Sequence[Sink]] = tuple
    mail: MailSender | None = None
    bookmark: Bookmark = field(default_factory=Bookmark)

    def run(
        self,
        time_limit_seconds: float,
        *,
        run_id: str = "",
        window: Window | None = None,
        act: bool = True,
        dry_run: bool = False,
        log: bool = True,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> AuditRun:
        """Run once, and stop by itself when the time is over. Raises nothing that Graph may cause: the record says it.

        `window` says what is news; without one nobody is notified. `act` False leaves all actions out; `dry_run` has them say
        what they would do, and notifies nobody. `log` False writes no records.
        """
        actions = self.actions if act else ()
        sinks = () if dry_run or window is None else self.sinks()
        return _Run(self, time_limit_seconds, run_id, window, actions, sinks, dry_run, log, progress).carry_out()


class _Run:
    """The state of one run, and its steps."""

    def __init__(
        self,
        audit: Audit,
        time_limit: float,
        run_id: str,
        window: Window | None,
        actions: Sequence[Action],
        sinks: Sequence[Sink],
        dry_run: bool,
        log: bool,
        progress: Callable[[Progress], None],
    ) -> None:
        configuration, clock = audit.configuration, audit.clock
        self._configuration = configuration
        self._directory = audit.directory
        self._clock = clock
        self._window = window
        self._progress = progress
        self._now = clock.now()
        self._began = clock.monotonic()
        # Runs for people see all in the usual order, and leave the timer's place alone.
        self._bookmark = audit.bookmark if window is not None and not dry_run else None
        self._run_id = run_id or self._now.strftime("audit-%Y%m%dT%H%M%S.%fZ")
        self._dry_run = dry_run or configuration.dry_run
        self._candidates = [Candidates(action) for action in actions]
        self._deadline = Deadline.after(clock, time_limit)
        self._reading = Deadline.after(clock, time_limit * READING) if self._candidates else self._deadline
        self._log = AuditLog(self._run_id) if log else None
        self._notifications = Notifications(sinks, window, configuration.least_severity)
        self._confirmations = Confirmations(audit.directory, configuration.confirmations, self._now)
        self._summary = Summary()
        self._findings = Ranking[AuditFinding](configuration.listed, lambda finding: finding.urgency)
        self._outcomes: list[Outcome] = []
        self._notes: list[str] = []
        self._incomplete: list[str] = []
        self._mailing: Mailing | None = None
        if window is not None and audit.mail is not None:
            self._mailing = Mailing(configuration.mail, audit.mail, window, configuration.least_severity)
        self._known = KnownFacts()
        self._owners: Mapping[str, tuple[Owner, ...]] = {}
        self._pages = 0
        self._last_client = ""

    def carry_out(self) -> AuditRun:
        """All steps, each of which leaves the record sound when it fails."""
        steps = [self._read_service_principals, self._read_usage]
        # A whole tenant's service principals are judged as they are read.
        for step in reversed(steps) if self._configuration.scope is Scope.TENANT else steps:
            step()
        self._read_clients()
        self._confirm_findings()
        self._act()
        self._find_owners()
        self._send_mail()
        if self._incomplete:
            self._take(incomplete_audit("; ".join(self._incomplete), self._summary.clients), event=True)
        self._notifications.flush(self._deadline.extended(REPORTING))
        self._notifications.report_run(self._record(), self._deadline)
        run = self._record()
        if self._log:
            self._log.log_run(run)
        return run

    def _read_service_principals(self) -> None:
        self._progress(Progress("service principals", 0))
        found, seen = PrincipalList(), 0
        try:
            for page in self._directory.principal_pages(found, self._reading):
                for watched in page:
                    self._judge(watched)
                seen += len(page)
                self._progress(Progress("service principals", max(seen, len(found.enabled))))
            self._known.principals = found
        except GraphFailure as failure:
            self._note("half-registered clients were not looked for, because the list of service principals failed", failure)
            if self._configuration.scope is Scope.TENANT:
                self._incomplete.append(f"the list of service principals failed: {failure}")

    def _read_usage(self) -> None:
        if not self._configuration.usage_report:
            return
        self._progress(Progress("sign-in reports", 0))
        try:
            if not self._known.read_usage(self._directory, self._reading):
                self._notes.append("the sign-in report is empty, which says nothing of what is used")
        except GraphFailure as failure:
            self._note("what nobody uses was not looked for, because a sign-in report failed", failure)

    def _read_clients(self) -> None:
        try:
            for page in self._directory.client_pages(self._reading, self._bookmark):
                self._pages += 1
                self._look_back(self._bookmark)
                for client in page:
                    self._judge(client)
                self._progress(Progress("clients", self._summary.clients))
        except GraphFailure as failure:
            over = isinstance(failure, DeadlineExceeded) or self._reading.remaining() <= 0
            self._incomplete.append("the time was over" if over else f"Graph failed: {failure}")
            if self._bookmark is not None and self._window is not None:
                self._bookmark.leave(self._window)
        self._look_back(None)

    def _look_back(self, bookmark: Bookmark | None) -> None:
        """Take for news what is news of what is read now: more, of what the last run left out."""
        if self._window is not None:
            window = self._window if bookmark is None else bookmark.reach(self._window)
            self._notifications.window = window
            if self._mailing is not None:
                self._mailing.window = window

    def _judge(self, client: AuditedClient) -> None:
        client, facts = self._known.complete(client), self._known.about(client)
        if client.own:
            self._last_client = client.client_id
            facts = self._confirmations.presume(client, facts)
        assessment = assess(client, self._configuration.rules, self._now, facts)
        self._summary.count_client(assessment, self._now)
        for finding in assessment.findings:
            self._take(finding)
        if client.own:
            self._consider(assessment)

    def _confirm_findings(self) -> None:
        for client, facts in self._confirmations.confirm(self._reading):
            assessment = assess(client, self._configuration.rules, self._now, facts)
            confirmed = [finding for finding in assessment.findings if finding.kind in CONFIRMED]
            self._summary.count_confirmed(assessment, confirmed)
            for finding in confirmed:
                self._take(finding)
            self._consider(assessment)
        if self._confirmations.left:
            self._incomplete.append(
                f"{self._confirmations.left} clients that may be half registered or without credential are left to later runs"
            )

    def _consider(self, assessment: Assessment) -> None:
        for candidates in self._candidates:
            candidates.consider(assessment, self._now)

    def _act(self) -> None:
        task = Task(self._clock, self._deadline, self._dry_run)
        for candidates in self._candidates:
            for outcome in candidates.action.carry_out(candidates.clients(), task):
                self._keep(outcome)
                if outcome.finding is not None:
                    self._summary.count_finding(outcome.finding)
                    self._take(outcome.finding, event=True)
                self._progress(Progress(candidates.action.name, len(self._outcomes)))

    def _find_owners(self) -> None:
        """Ask for the owners of what is mailed, and of what the listed findings are about."""
        paths = dict.fromkeys(() if self._mailing is None else self._mailing.objects)
        if self._configuration.scope is not Scope.BRIDGE:
            paths |= dict.fromkeys(finding.object for finding in self._findings.first() if finding.object)
        if not paths:
            return
        self._progress(Progress("owners", 0))
        try:
            self._owners = self._directory.list_owners(list(paths)[:MOST_OBJECTS], self._deadline)
        except GraphFailure as failure:
            self._note("the findings are without owners, because asking for them failed", failure)

    def _owned(self, finding: AuditFinding) -> AuditFinding:
        owners = self._owners.get(finding.object, ())
        return replace(finding, owners=tuple(map(str, owners))) if owners else finding

    def _send_mail(self) -> None:
        if self._mailing is None:
            return
        for outcome in self._mailing.carry_out(self._owners, self._deadline, dry_run=self._dry_run):
            self._keep(outcome)
        if self._mailing.left_out:
            self._notes.append(f"{self._mailing.left_out} findings were too many for mails")

    def _keep(self, outcome: Outcome) -> None:
        if self._log:
            self._log.log_outcome(outcome)
        if len(self._outcomes) < MOST_OUTCOMES:
            self._outcomes.append(outcome)

    def _take(self, finding: AuditFinding, *, event: bool = False) -> None:
        """Keep and log a finding, and notify of it if it is news; an event of this run always is."""
        news = self._notifications.is_news(finding) or (event and self._window is not None)
        self._findings.add(finding)
        if self._log:
            self._log.log_finding(finding, news)
        if self._mailing is not None:
            self._mailing.add(finding)
        if news:
            self._notifications.add(finding, self._deadline)

    def _note(self, text: str, failure: GraphFailure) -> None:
        self._notes.append(f"{text}: {failure}")
        logger.warning("%s", self._notes[-1])

    def _record(self) -> AuditRun:
        return AuditRun(
            run_id=self._run_id,
            started=self._now,
            duration=self._clock.monotonic() - self._began,
            complete=not self._incomplete,
            stopped="; ".join(self._incomplete),
            pages=self._pages,
            last_client=self._last_client,
            summary=self._summary,
            findings=tuple(map(self._owned, self._findings.first())),
            found=self._findings.seen,
            notified=self._notifications.notified,
            outcomes=tuple(self._outcomes),
            window=self._window,
            dry_run=self._dry_run,
            notes=tuple(self._notes),
            failed_sinks=tuple(self._notifications.failed),
            postponed={candidates.action.name: candidates.postponed for candidates in self._candidates if candidates.postponed},
            portal=self._configuration.portal,
        )
