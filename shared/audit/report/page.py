"""The report as one HTML file: nothing from elsewhere, readable without its script, everything from strangers escaped."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

from shared.audit.credential_states import State
from shared.audit.findings import Finding, Kind, Severity
from shared.audit.report import timeline
from shared.audit.result import AuditRun
from shared.audit.summary import Census
from shared.audit.wording import shown
from shared.clock import write_time

TITLES = {
    Kind.NO_USABLE_CREDENTIAL: "No usable credential",
    Kind.HALF_REGISTERED: "Half registered",
    Kind.DISABLED: "Disabled",
    Kind.EXPIRING: "Expiring",
    Kind.EXPIRED: "Expired",
    Kind.SUPERSEDED: "Superseded",
    Kind.EXCESS: "Too many",
    Kind.TOO_LONG: "Too long a life",
    Kind.LIFETIME_OVER: "Lifetime over",
    Kind.UNUSED: "Unused",
    Kind.RENEWED: "Renewed",
    Kind.RENEWAL_FAILED: "Renewal failed",
    Kind.AUDIT_INCOMPLETE: "Audit incomplete",
}


@cache
def _asset(name: str) -> str:
    return files("shared.audit.report").joinpath(name).read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """The policy for the page: its own style and script by their hashes, and nothing else at all."""

    def digest(name: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; script-src {digest('page.js')}; style-src {digest('page.css')}; base-uri 'none'; form-action 'none'"
    )


def render_page(run: AuditRun) -> str:
    """The page for a run's record, as text of an HTML document in UTF-8."""
    now = run.started
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(content_security_policy())}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">',
            f"<title>Client secrets: {run.census.in_trouble} in trouble</title><style>{_asset('page.css')}</style></head><body>",
            '<a class="skip" href="#list">Skip to the list</a><div class="page"><header>',
            "<h1>Client secrets</h1>",
            f'<p class="soft">What the registration bridge looks after, as of {_moment(now)}</p>',
            _notice(run),
            "</header><main>",
            _counts(run.census),
            _timeline(run, now),
            _list(run, now),
            f"</main><footer><p>Run {escape(run.run_id)}, {run.duration:.0f} s, {run.pages} pages. Times are in UTC.</p>",
            "</footer></div>",
            f"<script>{_asset('page.js')}</script></body></html>",
        ]
    )


def _notice(run: AuditRun) -> str:
    lines = [*run.notes]
    if not run.complete:
        lines.insert(0, f"This is not the whole picture: after {run.census.clients} clients {run.stopped}.")
    if lines:
        items = "".join(f"<li>{escape(shown(line, 400))}</li>" for line in lines)
        return f'<div class="notice" role="note"><ul>{items}</ul></div>'
    if not run.census.in_trouble:
        return '<p class="notice calm" role="note">No client is in trouble.</p>'
    return ""


def _counts(census: Census) -> str:
    soon = census.states[State.EXPIRING]
    tiles = [
        ("clients", census.clients, ""),
        ("clients in trouble", census.in_trouble, "alarm" if census.in_trouble else ""),
        ("credentials near their end", soon, "warn" if soon else ""),
        ("credentials that are over", census.states[State.EXPIRED], ""),
        ("superseded", census.states[State.SUPERSEDED], ""),
        ("healthy credentials", census.states[State.HEALTHY] + census.states[State.OVERLAPPING], "good"),
    ]
    items = "".join(f'<div class="{css}"><dt>{name}</dt><dd>{count:,}</dd></div>' for name, count, css in tiles)
    heading = '<h2 id="counts-title" class="unseen">Counts</h2>'
    return f'<section aria-labelledby="counts-title">{heading}<dl class="counts">{items}</dl></section>'


def _timeline(run: AuditRun, now: datetime) -> str:
    weeks = run.census.timeline(now)
    return (
        '<section aria-labelledby="weeks-title"><h2 id="weeks-title">The coming half year</h2>'
        '<figure class="panel"><div class="chart" role="region" aria-label="Expiries by week" tabindex="0">'
        f"{timeline.drawing(weeks)}</div>"
        '<figcaption class="hint">Credentials that end in each week, without those that have a newer one in their place.'
        "</figcaption>"
        f"<details><summary>The figures as a table</summary>{timeline.table(weeks)}</details></figure></section>"
    )


def _list(run: AuditRun, now: datetime) -> str:
    # The roles are what the elements have anyway; browsers drop them where a narrow screen shows a table as blocks.
    groups = (
        ("Clients in trouble", [finding for finding in run.findings if finding.trouble]),
        ("Coming up, by due date", [finding for finding in run.findings if not finding.trouble and not finding.tidying]),
        ("To tidy up", [finding for finding in run.findings if finding.tidying]),
    )
    beyond = run.found - len(run.findings)
    more = f" The {len(run.findings)} most urgent are shown, {beyond} more are not." if beyond > 0 else ""
    head = '<section aria-labelledby="list"><h2 id="list" tabindex="-1">Findings</h2>'
    hint = f'<p class="hint">Clients in trouble first, then what is coming up, by due date.{more}</p>'
    if not run.findings:
        return f'{head}<div class="findings"><p class="empty">There is nothing to do.</p></div></section>'
    columns = "".join(
        f'<th scope="col" role="columnheader">{name}</th>' for name in ("Due", "Client", "Severity", "What, and what to do")
    )
    return (
        f"{head}{hint}{_filters(run.findings)}"
        '<div class="findings"><table role="table"><caption class="unseen">Findings, the most urgent first</caption>'
        f'<thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
        f"{''.join(_group(title, findings, now) for title, findings in groups)}</table>"
        '<p class="empty" id="nothing" hidden>Nothing matches these filters.</p></div></section>'
    )


def _filters(findings: Sequence[Finding]) -> str:
    kinds = sorted({finding.kind for finding in findings}, key=list(Kind).index)
    severities = sorted({finding.severity for finding in findings}, reverse=True)
    kind_options = "".join(f'<option value="{kind.value}">{TITLES[kind]}</option>' for kind in kinds)
    severity_options = "".join(f'<option value="{s.label}">{s.label.capitalize()}</option>' for s in severities)
    return (
        '<form class="filters" id="filters" role="search" aria-label="Filter the findings" hidden>'
        '<label class="wide">Name, client id or text <input type="search" name="text" autocomplete="off"></label>'
        f'<label>Severity <select name="severity"><option value="">All</option>{severity_options}</select></label>'
        f'<label>Finding <select name="kind"><option value="">All</option>{kind_options}</select></label>'
        '<output id="shown" aria-live="polite"></output></form>'
    )


def _group(title: str, findings: Sequence[Finding], now: datetime) -> str:
    if not findings:
        return ""
    rows = "".join(_row(finding, now) for finding in findings)
    heading = f'<tr class="group" role="row"><th colspan="4" scope="rowgroup" role="rowheader">{title}</th></tr>'
    return f'<tbody data-group role="rowgroup">{heading}{rows}</tbody>'


def _row(finding: Finding, now: datetime) -> str:
    severity: Severity = finding.severity
    name = escape(shown(finding.name)) or "(no name)"
    policy = f'<span class="policy">policy {escape(shown(finding.policy))}</span>' if finding.policy else ""
    return (
        f'<tr role="row" data-kind="{finding.kind.value}" data-severity="{severity.label}">'
        f'<td class="due" role="cell">{_due(finding.due, now)}</td>'
        f'<th scope="row" role="rowheader"><bdi class="name">{name}</bdi>'
        f'<span class="id">{escape(shown(finding.client_id))}</span>{policy}</th>'
        f'<td role="cell"><span class="pill {severity.label}">{severity.label.capitalize()}</span></td>'
        f'<td class="what" role="cell"><p><strong>{TITLES[finding.kind]}.</strong> {escape(shown(finding.summary, 600))}</p>'
        f"<p>{escape(finding.advice)}</p></td></tr>"
    )


def _due(due: datetime | None, now: datetime) -> str:
    if due is None:
        return '<span class="soft">no date</span>'
    day = f"{due.day} {timeline.MONTHS[due.month - 1]} {due.year}"
    return f'<time datetime="{write_time(due)}">{day}</time> <small>{distance(due, now)}</small>'


def distance(due: datetime, now: datetime) -> str:
    """How far a moment is from now, in whole days."""
    days = (due.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    if days == 0:
        return "today"
    number = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"in {number}" if days > 0 else f"{number} ago"


def _moment(moment: datetime) -> str:
    text = f"{moment.day} {timeline.MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"
    return f'<time datetime="{write_time(moment)}">{text}</time>'
