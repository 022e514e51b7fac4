"""The report as JSON, as CSV, and as plain lines for a terminal."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from shared.audit.findings import printable_name
from shared.audit.report.page import TITLES
from shared.audit.result import AuditRun, Result
from shared.clock import write_time

COLUMNS = (
    "due",
    "severity",
    "kind",
    "client_id",
    "client_name",
    "summary",
    "advice",
    "since",
    "threshold_days",
    "key_id",
    "policy",
    "caller",
    "last_used",
    "object",
    "owners",
)
# What spreadsheets take for the start of a formula, full-width forms included (OWASP: CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render_json(run: AuditRun) -> str:
    """The run's record with the timeline and the listed findings."""
    document: dict[str, Any] = {
        **run.as_json(),
        "listed": len(run.findings),
        "timeline": [{"week_of": week.isoformat(), "credentials": count} for week, count in run.summary.timeline(run.started)],
        "list": [finding.as_json() for finding in run.findings],
    }
    if run.dry_run:
        document["plan"] = [
            {"action": o.action, "client_id": o.client_id, "client_name": o.client_name, "key_id": o.key_id, "detail": o.detail}
            for o in run.outcomes
            if o.result is Result.WOULD
        ]
    return json.dumps(document, ensure_ascii=False, indent=1)


def render_csv(run: AuditRun) -> str:
    """One line for each listed finding, RFC 4180, every value quoted and none of them a formula."""
    text = io.StringIO()
    # Excel takes a file for UTF-8 by its byte order mark alone.
    text.write("\ufeff")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in run.findings:
        members = finding.as_json()
        writer.writerow([harmless(_cell(members.get(column, ""))) for column in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def harmless(value: str) -> str:
    """A value that no spreadsheet reads as a formula: an apostrophe before what could start one, also after leading blanks."""
    return f"'{value}" if value.lstrip(" \u00a0").startswith(FORMULA_STARTS) or value.startswith(("\t", "\r", "\n")) else value


def render_text(run: AuditRun) -> str:
    """The run, its findings and what was done, for a terminal: nothing in it steers one."""
    return "\n".join([*_text_lines(run), ""])


def _text_lines(run: AuditRun) -> Iterator[str]:
    summary = run.summary
    yield f"{summary.clients:,} clients, {summary.in_trouble:,} in trouble, as of {write_time(run.started)}"
    states = ", ".join(f"{count:,} {state.value}" for state, count in summary.states.items() if count)
    yield f"credentials: {states or 'none'}"
    if not run.complete:
        yield f"INCOMPLETE: {printable_name(run.stopped, 300)}"
    for note in run.notes:
        yield f"note: {printable_name(note, 300)}"
    for finding in run.findings:
        due = f", due {write_time(finding.due)}" if finding.due else ""
        yield ""
        yield f"{finding.severity.label.upper():<8} {TITLES[finding.kind]}{due}"
        yield f"         {printable_name(finding.client_name)}  {printable_name(finding.client_id)}"
        yield f"         {printable_name(finding.summary, 300)}"
        if finding.owners:
            yield f"         owners: {printable_name(', '.join(finding.owners), 300)}"
        yield f"         {finding.advice}"
    if run.found > len(run.findings):
        yield ""
        yield f"and {run.found - len(run.findings):,} more that are less urgent"
    if run.outcomes:
        yield ""
        yield "actions, as a dry run:" if run.dry_run else "actions:"
    for outcome in run.outcomes:
        key = f" {outcome.key_id}" if outcome.key_id else ""
        who = f"{printable_name(outcome.client_name)} {printable_name(outcome.client_id)}".strip()
        whom = f" {who}{key}:" if who else ""
        yield f"  {outcome.action} {outcome.result.value}:{whom} {printable_name(outcome.detail, 300)}"
