"""What the audit wants to know of a registration, read from the record that the bridge keeps on the application."""

from shared.audit.clients import Registration
from shared.registration.tags import Record
from shared.strict_json import JsonObject


def describe(application: JsonObject) -> Registration:
    """The registration of an application object."""
    record = Record.from_tags(str(tag) for tag in application.get("tags") or [])
    return Registration(
        policy=record.text("policy") or "",
        caller=record.text("caller") or "",
        auth_method=record.text("token_endpoint_auth_method") or "",
        awaits_approval=record.text("approval") == "required",
    )
