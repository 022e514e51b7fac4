"""The report as one HTML file: nothing from elsewhere, readable without its script, everything from strangers escaped."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from shared.audit.clients import CredentialState
from shared.audit.findings import FindingKind, printable_name
from shared.audit.result import AuditRun, Summary
from shared.clock import write_time

TITLES = {kind: kind.value.replace("_", " ").capitalize() for kind in FindingKind} | {
    FindingKind.EXCESS: "Too many",
    FindingKind.TOO_LONG: "Too long a life",
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The chart: its size, the margins left and right, above and below, the gap between bars, and how many weeks are drawn darker,
# since somebody should act on them by now.
WIDTH, HEIGHT, MARGIN, ABOVE, BELOW, GAP, NEAR_WEEKS = 900, 210, 8, 24, 34, 5, 5


@cache
def _asset(name: str) -> str:
    return files("shared.audit.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    """The template; jinja2 is imported only where a page is rendered."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"iso": write_time, "printable": printable_name, "distance": distance}
    return environment.from_string(_asset("page.html"))


@cache
def content_security_policy() -> str:
    """The policy for the page: its own style and script by their hashes, and nothing else at all."""
    script, style = (
        base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() for name in ("page.js", "page.css")
    )
    return f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"


def render_page(run: AuditRun) -> str:
    """The page for a run's record, as text of an HTML document in UTF-8."""
    from markupsafe import Markup

    findings = run.findings
    page: str = _template().render(
        run=run,
        summary=run.summary,
        # The page's own files, of which nothing comes from outside.
        css=Markup(_asset("page.css")),  # noqa: S704
        js=Markup(_asset("page.js")),  # noqa: S704
        policy=content_security_policy(),
        months=MONTHS,
        titles=TITLES,
        tiles=_tiles(run.summary),
        chart=_chart(run.summary.timeline(run.started)),
        kinds=sorted({finding.kind for finding in findings}, key=list(FindingKind).index),
        severities=[severity.label for severity in sorted({finding.severity for finding in findings}, reverse=True)],
        groups=(
            ("Clients in trouble", [finding for finding in findings if finding.trouble]),
            ("Coming up, by due date", [finding for finding in findings if not finding.trouble and not finding.tidying]),
            ("To tidy up", [finding for finding in findings if finding.tidying]),
        ),
    )
    return page


def distance(due: datetime, now: datetime) -> str:
    """How far a moment is from now, in whole days."""
    days = (due.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    if days == 0:
        return "today"
    number = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"in {number}" if days > 0 else f"{number} ago"


def _tiles(summary: Summary) -> list[tuple[str, int, str]]:
    states = summary.states
    soon = states[CredentialState.EXPIRING]
    return [
        ("clients", summary.clients, ""),
        ("clients in trouble", summary.in_trouble, "alarm" if summary.in_trouble else ""),
        ("credentials near their end", soon, "warn" if soon else ""),
        ("credentials that are over", states[CredentialState.EXPIRED], ""),
        ("superseded", states[CredentialState.SUPERSEDED], ""),
        ("healthy credentials", states[CredentialState.HEALTHY] + states[CredentialState.OVERLAPPING], "good"),
    ]


def _chart(weeks: Sequence[tuple[date, int]]) -> dict[str, Any]:
    """Where the bars of the coming weeks stand."""
    step, floor = (WIDTH - 2 * MARGIN) / max(len(weeks), 1), HEIGHT - BELOW
    tallest = max((count for _, count in weeks), default=0) or 1
    bars = []
    for position, (monday, count) in enumerate(weeks):
        left, height = MARGIN + position * step, round((floor - ABOVE) * count / tallest, 1)
        bars.append(
            {
                "monday": monday,
                "count": count,
                "left": round(left + GAP / 2, 1),
                "middle": round(left + step / 2, 1),
                "top": round(floor - height, 1),
                "width": round(step - GAP, 1),
                "height": height,
                "near": position < NEAR_WEEKS,
                "new_month": position == 0 or monday.month != weeks[position - 1][0].month,
            }
        )
    total = sum(count for _, count in weeks)
    return {"width": WIDTH, "height": HEIGHT, "floor": floor, "total": total, "bars": bars}
