"""Who is notified of what, and how often: over weeks of runs, and when sinks fail."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.audit.configuration import AuditConfiguration
from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.result import AuditRun
from shared.audit.sinks import SinkFailure
from shared.audit.window import Window
from shared.retry import Deadline
from tests.functional.audit.estate import DAY, Estate


class Listener:
    """A sink that remembers what it was notified of; it may fail at the first batch, or at the end."""

    name = "listener"

    def __init__(self, fails: str = "") -> None:
        self.notified: list[AuditFinding] = []
        self.runs: list[AuditRun] = []
        self._fails = fails

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:
        if self._fails == "notify":
            raise SinkFailure("hooks.example.com answered 500")
        self.notified += findings

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        if self._fails == "report_run":
            raise SinkFailure("hooks.example.com answered 500")
        self.runs.append(run)


EVERYTHING = AuditConfiguration(least_severity=Severity.LOW)


def nights(estate: Estate, count: int, listener: Listener, missed: Sequence[int] = (), delay: float = 7) -> None:
    """So many nightly runs as the Functions host would start them; it was away in the missed ones."""
    audit = estate.audit(EVERYTHING, sinks=[listener])
    last = estate.clock.now() - DAY
    for night in range(count):
        if night not in missed:
            called = estate.clock.now()
            status = {"Last": last.isoformat(), "Next": (last + DAY).isoformat()}
            window = Window.of_timer(status, past_due=night - 1 in missed, now=called + timedelta(seconds=delay))
            audit.run(600, window=window)
            last = called
        estate.emulator.clock.set(estate.clock.now().replace(hour=3, minute=0, second=0, microsecond=0) + DAY)


def test_each_threshold_is_notified_once_on_the_way_to_the_end_and_then_the_end(estate: Estate) -> None:
    estate.add_client((-100, 63.4))
    listener = Listener()
    nights(estate, 66, listener)
    seen = Counter((finding.kind, finding.threshold_days) for finding in listener.notified)
    expected = [(FindingKind.EXPIRING, days) for days in (60, 30, 14, 7, 1)] + [
        (FindingKind.EXPIRED, None),
        (FindingKind.NO_USABLE_CREDENTIAL, None),
    ]
    assert seen == Counter(expected)


def test_nights_on_which_the_host_was_away_lose_nothing_that_still_holds(estate: Estate) -> None:
    estate.add_client((-100, 20.5))
    listener = Listener()
    nights(estate, 22, listener, missed=(6, 7, 13))
    assert [finding.threshold_days for finding in listener.notified if finding.kind is FindingKind.EXPIRING] == [14, 7, 1]


def test_trouble_that_lasts_is_notified_again_each_monday(estate: Estate) -> None:
    estate.add_client((-200, -40))
    listener = Listener()
    nights(estate, 28, listener)
    assert Counter(finding.kind for finding in listener.notified) == {FindingKind.NO_USABLE_CREDENTIAL: 4}


def test_what_matters_little_is_for_the_log_alone(estate: Estate) -> None:
    estate.add_client((-200, -0.5), (-100, 82), name="untidy")
    estate.add_client((-176, 6.5), name="soon")
    listener = Listener()
    estate.audit(sinks=[listener]).run(600, window=Window.of_last(DAY, estate.clock.now()))
    assert [finding.client_name for finding in listener.notified] == ["soon"]


def test_a_dry_run_and_a_run_by_hand_notify_nobody(estate: Estate) -> None:
    estate.add_client((-176, 6.5))
    listener = Listener()
    audit = estate.audit(EVERYTHING, sinks=[listener])
    audit.run(600, window=Window.of_last(DAY, estate.clock.now()), dry_run=True)
    audit.run(600)
    assert listener.notified == []
    assert listener.runs == []


@pytest.mark.parametrize("moment", ["notify", "report_run"])
def test_a_sink_that_fails_stops_neither_the_run_nor_the_others(estate: Estate, moment: str) -> None:
    for _ in range(250):
        estate.add_client((-176, 6.5))
    good = Listener()
    run = estate.audit(EVERYTHING, sinks=[Listener(moment), good]).run(600, window=Window.of_last(DAY, estate.clock.now()))
    assert run.complete
    assert run.failed_sinks == ("listener",)
    assert len(good.notified) == 250
    assert len(good.runs) == 1


def test_a_run_in_a_tenant_full_of_trouble_keeps_no_more_than_it_lists(estate: Estate) -> None:
    for _ in range(300):
        estate.add_client((-200, -0.5))
    listener = Listener()
    run = estate.audit(AuditConfiguration(listed=20), sinks=[listener]).run(600, window=Window.of_last(DAY, estate.clock.now()))
    assert len(run.findings) == 20
    assert run.found == 600
    assert len(listener.notified) == 300
