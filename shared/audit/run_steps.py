"""One run of the audit, step by step: lists, doubts, actions, news, record."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.audit.actions.base import Action, Outcome, Shortlist, Task
from shared.audit.assessment import Assessment, Signs, assess
from shared.audit.clients import Client
from shared.audit.configuration import AuditConfiguration
from shared.audit.confirmations import Doubts
from shared.audit.directory import Principals, Roster
from shared.audit.findings import Finding, Kind, Severity
from shared.audit.membership import Membership
from shared.audit.notifications import LAST_WORDS, Announcements
from shared.audit.result import AuditRun
from shared.audit.sinks.log import AuditLog
from shared.audit.sinks.sink import Sink
from shared.audit.summary import Census, MostUrgent
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
DOUBTED = frozenset({Kind.HALF_REGISTERED, Kind.NO_USABLE_CREDENTIAL})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `step` is what it does, `done` what it has seen or done of that."""

    step: str
    done: int


class AuditPass:
    """The state of one run."""

    def __init__(
        self,
        *,
        configuration: AuditConfiguration,
        roster: Roster,
        clock: Clock,
        now: datetime,
        deadline: Deadline,
        time_limit: float,
        run_id: str,
        actions: Sequence[Action],
        sinks: Sequence[Sink],
        window: Window | None,
        dry_run: bool,
        log: bool,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._configuration = configuration
        self._roster = roster
        self._clock = clock
        self._now = now
        self._began = clock.monotonic()
        self._deadline = deadline
        self._reading = Deadline.after(clock, time_limit * READING) if actions else deadline
        self._run_id = run_id
        self._window = window
        self._dry_run = dry_run
        self._progress = progress or (lambda _: None)
        self._log = AuditLog(run_id, standing=configuration.log_standing) if log else None
        self._news = Announcements(sinks, window, configuration.least_severity, configuration.reminders)
        self._shortlists = [Shortlist(action) for action in actions]
        self._doubts = Doubts(roster, configuration.confirmations)
        self._census = Census()
        self._findings = MostUrgent(configuration.listed)
        self._outcomes: list[Outcome] = []
        self._notes: list[str] = []
        self._principals: Principals | None = None
        self._used: Membership | None = None
        self._pages = 0
        self._last_client = ""
        self._stopped = ""

    def walk(self) -> AuditRun:
        """All steps, each of which leaves the record sound when it fails."""
        self._read_service_principals()
        self._read_usage()
        self._read_clients()
        self._settle_doubts()
        self._act()
        if self._stopped:
            self._take(_incomplete(self._stopped, self._census.clients), event=True)
        self._news.flush(self._deadline.extended(LAST_WORDS))
        self._news.conclude(self._record(), self._deadline)
        run = self._record()
        if self._log:
            self._log.run(run)
        return run

    def _read_service_principals(self) -> None:
        if not self._configuration.check_principals:
            return
        self._progress(Progress("service principals", 0))
        try:
            self._principals = self._roster.principals(self._reading)
            self._progress(Progress("service principals", self._principals.known.size))
        except GraphFailure as failure:
            self._note("half-registered clients were not looked for, because the list of service principals failed", failure)

    def _read_usage(self) -> None:
        if not self._configuration.usage_report:
            return
        self._progress(Progress("sign-in report", 0))
        try:
            self._used = self._roster.used_since(self._now, self._configuration.rules.unused_after, self._reading)
        except GraphFailure as failure:
            self._note("unused clients were not looked for, because the sign-in report failed", failure)

    def _read_clients(self) -> None:
        try:
            for page in self._roster.pages(self._reading):
                self._pages += 1
                for client in page:
                    self._judge(client)
                self._progress(Progress("clients", self._census.clients))
        except DeadlineExceeded:
            self._stopped = "the time was over"
        except GraphFailure as failure:
            over = self._reading.remaining() <= 0
            self._stopped = "the time was over" if over else f"Graph failed: {failure}"

    def _judge(self, client: Client) -> None:
        self._last_client = client.client_id
        signs = self._doubts.presumed(client, self._now, self._signs(client))
        assessment = assess(client, self._configuration.rules, self._now, signs)
        self._census.count(assessment, self._now)
        for finding in assessment.findings:
            self._take(finding)
        self._offer(assessment)

    def _signs(self, client: Client) -> Signs:
        if self._principals is None:
            return Signs(used=self._has_signed_in(client))
        return Signs(
            principal=client.client_id in self._principals.known,
            enabled=client.client_id not in self._principals.barred,
            used=self._has_signed_in(client),
        )

    def _has_signed_in(self, client: Client) -> bool | None:
        return None if self._used is None else client.client_id in self._used

    def _settle_doubts(self) -> None:
        for client, signs in self._doubts.settled(self._reading):
            assessment = assess(client, self._configuration.rules, self._now, signs)
            confirmed = [finding for finding in assessment.findings if finding.kind in DOUBTED]
            self._census.count_confirmed(assessment, confirmed)
            for finding in confirmed:
                self._take(finding)
            self._offer(assessment)
        if self._doubts.open:
            self._notes.append(
                f"{self._doubts.open} clients that may be half registered or without credential were left for later runs"
            )

    def _offer(self, assessment: Assessment) -> None:
        for shortlist in self._shortlists:
            shortlist.consider(assessment, self._now)

    def _act(self) -> None:
        task = Task(self._clock, self._deadline, self._dry_run)
        for shortlist in self._shortlists:
            for outcome in shortlist.action.carry_out(shortlist.clients(), task):
                if self._log:
                    self._log.outcome(outcome)
                if len(self._outcomes) < MOST_OUTCOMES:
                    self._outcomes.append(outcome)
                if outcome.finding is not None:
                    self._census.add(outcome.finding)
                    self._take(outcome.finding, event=True)
                self._progress(Progress(shortlist.action.name, len(self._outcomes)))

    def _take(self, finding: Finding, *, event: bool = False) -> None:
        news = self._news.is_news(finding) or (event and self._window is not None)
        self._findings.add(finding)
        if self._log:
            self._log.finding(finding, news)
        if news:
            self._news.add(finding, self._deadline)

    def _note(self, text: str, failure: GraphFailure) -> None:
        logger.warning("%s: %s", text, failure)
        self._notes.append(f"{text}: {failure}")

    def _record(self) -> AuditRun:
        return AuditRun(
            run_id=self._run_id,
            started=self._now,
            duration=self._clock.monotonic() - self._began,
            complete=not self._stopped,
            stopped=self._stopped,
            pages=self._pages,
            last_client=self._last_client,
            census=self._census,
            findings=self._findings.findings(),
            found=self._findings.seen,
            told=self._news.told,
            outcomes=tuple(self._outcomes),
            window=self._window,
            dry_run=self._dry_run,
            notes=tuple(self._notes),
            failed_sinks=tuple(self._news.failed),
            postponed={
                shortlist.action.name: shortlist.seen - shortlist.action.candidates
                for shortlist in self._shortlists
                if shortlist.seen > shortlist.action.candidates
            },
        )


def _incomplete(why: str, clients: int) -> Finding:
    return Finding(
        kind=Kind.AUDIT_INCOMPLETE,
        severity=Severity.HIGH,
        client_id="",
        name="",
        summary=f"The audit saw {clients} clients and then stopped: {why}.",
        advice="Read its record in the log; give it more time, or see why Graph failed.",
        since=None,
        due=None,
    )
