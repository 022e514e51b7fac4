"""GET /audit: runs the audit without acting and without notifying anybody, and answers with what it found.

Only callers whose policy has `may_audit` get here; the report shows names and client ids of all clients, no secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from shared.audit.report.formats import render_csv, render_json
from shared.audit.report.page import content_security_policy, render_page
from shared.audit.result import AuditRun
from shared.audit.run import Audit
from shared.errors import InvalidRequest, TemporarilyUnavailable
from shared.http.message import JSON, NO_STORE, Request, Response


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """One form of the report."""

    media_type: str
    render: Callable[[AuditRun], str]
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


FORMATS: Mapping[str, ReportFormat] = MappingProxyType(
    {
        "json": ReportFormat(JSON, render_json, JSON),
        "csv": ReportFormat(
            "text/csv",
            render_csv,
            "text/csv; charset=utf-8; header=present",
            {"Content-Disposition": 'attachment; filename="client-secrets.csv"'},
        ),
        "html": ReportFormat(
            "text/html", render_page, "text/html; charset=utf-8", {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
        ),
    }
)


class ReportEndpoint:
    """The endpoint. `time_limit_seconds` stays below what the platform's load balancer allows an answer."""

    def __init__(self, audit: Audit, time_limit_seconds: float) -> None:
        self._audit = audit
        self._time_limit = time_limit_seconds

    def handle(self, request: Request) -> Response:
        """The report in the form asked for: ?format=json, csv or html, else by Accept, else JSON; with ?plan=true also what the
        actions of the next run would do, which takes some reads for each client concerned. Raises InvalidRequest for another
        format and TemporarilyUnavailable where not even the first page of clients could be read."""
        form = FORMATS[chosen_format(request)]
        plan = request.query.get("plan", "").strip().lower() in {"true", "1", "yes"}
        run = self._audit.run(self._time_limit, act=plan, dry_run=plan, log=False)
        if not run.complete and not run.pages:
            raise TemporarilyUnavailable("the clients can't be read now", detail=run.stopped, retry_after=30)
        headers = {
            "Content-Type": form.content_type,
            **NO_STORE,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": f"{content_security_policy()}; frame-ancestors 'none'",
            **form.headers,
        }
        return Response(200, form.render(run).encode(), headers)


def chosen_format(request: Request) -> str:
    """The name of the format that a request asks for (Accept: RFC 9110 section 12.5.1). Raises InvalidRequest."""
    from werkzeug.datastructures import MIMEAccept
    from werkzeug.http import parse_accept_header

    asked = request.query.get("format", "").strip().lower()
    if asked:
        if asked not in FORMATS:
            raise InvalidRequest(f"format is one of: {', '.join(FORMATS)}")
        return asked
    accept = parse_accept_header(request.headers.get("accept", ""), MIMEAccept)
    # The first one where several are wanted equally, or none at all.
    return max(FORMATS, key=lambda name: accept.quality(FORMATS[name].media_type))
