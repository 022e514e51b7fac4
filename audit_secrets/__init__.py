"""The timer: client secrets are audited on the schedule of the setting AUDIT_SCHEDULE."""

import azure.functions as func

from shared.bridge import application


def main(timer: func.TimerRequest, context: func.Context) -> None:
    application().run_audit(timer.schedule_status, timer.past_due, context.invocation_id)
