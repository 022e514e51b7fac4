"""The audit: reads the bridge's clients page by page, judges each, tells what is news, and does what it was allowed to do."""

from collections.abc import Callable, Sequence
from datetime import datetime

from shared.audit.actions.base import Action
from shared.audit.configuration import AuditConfiguration
from shared.audit.directory import Roster
from shared.audit.result import AuditRun
from shared.audit.run_steps import AuditPass, Progress
from shared.audit.sinks.sink import Sink
from shared.audit.window import Window
from shared.clock import Clock
from shared.retry import Deadline


class Audit:
    """The use case of the timer, the report and the operator's command. One object serves any number of runs, at once too."""

    def __init__(
        self,
        configuration: AuditConfiguration,
        roster: Roster,
        clock: Clock,
        actions: Sequence[Action] = (),
        sinks: Callable[[], Sequence[Sink]] = tuple,
    ) -> None:
        """`sinks` makes the sinks for one run, since some keep findings until it is over."""
        self._configuration = configuration
        self._roster = roster
        self._clock = clock
        self._actions = tuple(actions)
        self._sinks = sinks

    def run(
        self,
        time_limit_seconds: float,
        *,
        run_id: str = "",
        window: Window | None = None,
        act: bool = True,
        dry_run: bool = False,
        log: bool = True,
        progress: Callable[[Progress], None] | None = None,
    ) -> AuditRun:
        """Run once, and stop by itself when the time is over.

        `window` says what is news; without one nothing is told. `act` False leaves all actions out; `dry_run` has them say what
        they would do, and tells nobody. `log` False writes no records. Raises nothing that Graph may cause: the record says it.
        """
        now = self._clock.now()
        configuration = self._configuration
        audit_pass = AuditPass(
            configuration=configuration,
            roster=self._roster,
            clock=self._clock,
            now=now,
            deadline=Deadline.after(self._clock, time_limit_seconds),
            time_limit=time_limit_seconds,
            run_id=run_id or _run_id(now),
            actions=self._actions if act else (),
            sinks=() if dry_run or window is None else self._sinks(),
            window=window,
            dry_run=dry_run or configuration.dry_run,
            log=log,
            progress=progress,
        )
        return audit_pass.walk()


def _run_id(now: datetime) -> str:
    return now.strftime("audit-%Y%m%dT%H%M%S.%fZ")
