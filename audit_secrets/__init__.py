"""The timer: client secrets are audited on the schedule of the setting AUDIT_SCHEDULE."""

import azure.functions as func

from shared.application import application
from shared.http.door import trace_parent_of
from shared.telemetry import TRACE_PARENT


def main(timer: func.TimerRequest, context: func.Context) -> None:
    # The worker's object has the schedule's status, which the SDK's declared type doesn't know; a run by hand has none.
    status = getattr(timer, "schedule_status", None) or None
    TRACE_PARENT.set(trace_parent_of(context))
    application().run_audit(status, timer.past_due, context.invocation_id)
