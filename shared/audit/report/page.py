"""The report as one HTML file: nothing from elsewhere, readable without its script, everything from strangers escaped."""

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from shared.audit.findings import FindingKind, printable_name
from shared.audit.result import AuditRun, Result, monday_of
from shared.clock import write_time

TITLES = {kind: kind.value.replace("_", " ").capitalize() for kind in FindingKind} | {
    FindingKind.EXCESS: "Too many",
    FindingKind.TOO_LONG: "Too long a life",
}
# How much of what the next run will do is shown.
MOST_PLANNED = 200
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def _asset(name: str) -> str:
    return files("shared.audit.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    """The template; jinja2 is imported only where a page is rendered."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"iso": write_time, "printable": printable_name, "distance": distance, "monday": monday_of}
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

    page: str = _template().render(
        run=run,
        summary=run.summary,
        # The page's own files, of which nothing comes from outside.
        css=Markup(_asset("page.css")),  # noqa: S704
        js=Markup(_asset("page.js")),  # noqa: S704
        policy=content_security_policy(),
        months=MONTHS,
        titles=TITLES,
        weeks=run.summary.timeline(run.started),
        owners=sorted({owner for finding in run.findings for owner in finding.owners}, key=str.casefold),
        plan=[outcome for outcome in run.outcomes if outcome.result is Result.WOULD][:MOST_PLANNED],
        kinds=sorted({finding.kind for finding in run.findings}, key=list(FindingKind).index),
    )
    return page


def distance(due: datetime, now: datetime) -> str:
    """How far a moment is from now, in whole days."""
    days = (due.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    if days == 0:
        return "today"
    number = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"in {number}" if days > 0 else f"{number} ago"
