"""The report as JSON and as CSV."""

import csv
import io
import json
from typing import Any

from shared.audit.result import AuditRun

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
)
# What spreadsheets take for the start of a formula, full-width forms included (OWASP: CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render_json(run: AuditRun) -> str:
    """The run's record with the timeline and the listed findings."""
    document: dict[str, Any] = {
        **run.as_json(),
        "listed": len(run.findings),
        "timeline": [{"week_of": monday.isoformat(), "credentials": count} for monday, count in run.census.timeline(run.started)],
        "list": [finding.as_json() for finding in run.findings],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def render_csv(run: AuditRun) -> str:
    """One line for each listed finding, RFC 4180, every value quoted and none of them a formula."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in run.findings:
        members = finding.as_json()
        writer.writerow([harmless(str(members.get(column, ""))) for column in COLUMNS])
    return text.getvalue()


def harmless(value: str) -> str:
    """A value that no spreadsheet reads as a formula: an apostrophe before what could start one, also after leading blanks."""
    return f"'{value}" if value.lstrip(" \u00a0").startswith(FORMULA_STARTS) or value.startswith(("\t", "\r", "\n")) else value
