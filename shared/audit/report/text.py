"""The report for a terminal: plain lines, without anything that steers it."""

from collections.abc import Iterator

from shared.audit.actions.base import Outcome
from shared.audit.findings import Finding
from shared.audit.report.page import TITLES
from shared.audit.result import AuditRun
from shared.audit.wording import shown
from shared.clock import write_time


def render_text(run: AuditRun) -> str:
    """The run, its findings and what was done, a paragraph each."""
    return "\n".join([*_head(run), *_findings(run), *_actions(run), ""])


def _head(run: AuditRun) -> Iterator[str]:
    census = run.census
    yield f"{census.clients:,} clients, {census.in_trouble:,} in trouble, as of {write_time(run.started)}"
    states = ", ".join(f"{count:,} {state.value}" for state, count in census.states.items() if count)
    yield f"credentials: {states or 'none'}"
    if not run.complete:
        yield f"INCOMPLETE: {run.stopped}"
    for note in run.notes:
        yield f"note: {shown(note, 300)}"


def _findings(run: AuditRun) -> Iterator[str]:
    for finding in run.findings:
        yield ""
        yield from _finding(finding)
    if run.found > len(run.findings):
        yield ""
        yield f"and {run.found - len(run.findings):,} findings that are less urgent"


def _finding(finding: Finding) -> Iterator[str]:
    due = f", due {write_time(finding.due)}" if finding.due else ""
    yield f"{finding.severity.label.upper():<8} {TITLES[finding.kind]}{due}"
    yield f"         {shown(finding.name)}  {shown(finding.client_id)}"
    yield f"         {shown(finding.summary, 300)}"
    yield f"         {finding.advice}"


def _actions(run: AuditRun) -> Iterator[str]:
    if run.outcomes:
        yield ""
        yield "actions, as a dry run:" if run.dry_run else "actions:"
    for outcome in run.outcomes:
        yield _outcome(outcome)


def _outcome(outcome: Outcome) -> str:
    key = f" {outcome.key_id}" if outcome.key_id else ""
    who = f"{shown(outcome.name)} {shown(outcome.client_id)}".strip()
    return f"  {outcome.action} {outcome.result.value}: {who}{key}: {shown(outcome.detail, 300)}"
