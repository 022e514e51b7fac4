"""GET /audit: runs the audit without acting and without telling anybody, and answers with what it found.

The door lets only callers with the audit's own role in before; the page shows names and client ids of all clients, no secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.audit.report.documents import render_csv, render_json
from shared.audit.report.page import content_security_policy, render_page
from shared.audit.result import AuditRun
from shared.audit.run import Audit
from shared.errors import InvalidRequest, TemporarilyUnavailable
from shared.http.message import JSON, NO_STORE, Request, Response


@dataclass(frozen=True, slots=True)
class Format:
    """One form of the report."""

    media_type: str
    render: Callable[[AuditRun], str]
    content_type: str
    headers: Mapping[str, str]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format("application/json", render_json, JSON, {}),
        "csv": Format(
            "text/csv",
            # Excel takes a file for UTF-8 by its byte order mark alone.
            lambda run: "\ufeff" + render_csv(run),
            "text/csv; charset=utf-8; header=present",
            {"Content-Disposition": 'attachment; filename="client-secrets.csv"'},
        ),
        "html": Format(
            "text/html",
            render_page,
            "text/html; charset=utf-8",
            {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"},
        ),
    }
)


class Report:
    """The use case of the door. `time_limit_seconds` stays below what the platform's load balancer allows an answer."""

    def __init__(self, audit: Audit, time_limit_seconds: float) -> None:
        self._audit = audit
        self._time_limit = time_limit_seconds

    def handle(self, request: Request) -> Response:
        """The report in the form asked for: ?format=json, csv or html, else by Accept, else JSON. Raises InvalidRequest for
        another format and TemporarilyUnavailable where not even the first page of clients could be read."""
        form = FORMATS[chosen_format(request)]
        run = self._audit.run(self._time_limit, act=False, log=False)
        if not run.complete and not run.pages:
            raise TemporarilyUnavailable("the clients can't be read now", detail=run.stopped, retry_after=30)
        return respond(form, run)


def respond(form: Format, run: AuditRun) -> Response:
    """The response with a run's record in a form."""
    headers = {
        "Content-Type": form.content_type,
        **NO_STORE,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": f"{content_security_policy()}; frame-ancestors 'none'",
        **form.headers,
    }
    return Response(200, form.render(run).encode(), headers)


def chosen_format(request: Request) -> str:
    """The name of the format that a request asks for. Raises InvalidRequest."""
    asked = request.query.get("format", "").strip().lower()
    if asked:
        if asked not in FORMATS:
            raise InvalidRequest(f"format is one of: {', '.join(FORMATS)}")
        return asked
    best, best_weight = "json", 0.0
    for name, form in FORMATS.items():
        weight = _weight(request.headers.get("accept", ""), form.media_type)
        if weight > best_weight:
            best, best_weight = name, weight
    return best


def _weight(accept: str, media_type: str) -> float:
    """The quality that an Accept header gives a media type (RFC 9110 section 12.5.1), the most exact range deciding."""
    found, exactness = 0.0, -1
    main = media_type.partition("/")[0]
    for part in accept.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        rank = {media_type: 2, f"{main}/*": 1, "*/*": 0}.get(media_range, -1)
        if rank > exactness:
            quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
            try:
                found, exactness = min(max(float(quality), 0.0), 1.0), rank
            except ValueError:
                continue
    return found
