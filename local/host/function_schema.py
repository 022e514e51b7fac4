"""What a function.json may say, for the bindings that this app uses: HTTP and timer.

json.schemastore.org/function; Microsoft Learn, "Azure Functions HTTP trigger" and "Timer trigger for Azure Functions", sections
"Configuration". The real host overlooks a property that it does not know, so that a misspelt one does nothing at all.
"""

from collections.abc import Iterator
from typing import Any

from local.host.description import FunctionDescription
from local.host.schedule import parse_schedule

_TOP = {"$schema", "bindings", "disabled", "scriptFile", "entryPoint", "retry"}
_COMMON = {"name", "type", "direction", "dataType"}
_PROPERTIES = {
    "httptrigger": _COMMON | {"authLevel", "methods", "route"},
    "timertrigger": _COMMON | {"schedule", "runOnStartup", "useMonitor"},
    "http": _COMMON,
}
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
_AUTH_LEVELS = {"anonymous", "function", "admin"}


def schema_problems(function: FunctionDescription, content: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a function.json (`content`) that the host itself would take."""
    for name in sorted(content.keys() - _TOP):
        yield f"the property {name!r} is not known"
    for binding in function.bindings:
        allowed = _PROPERTIES.get(binding.type.lower())
        if allowed is None:
            yield f"binding {binding.name}: this check does not know the type {binding.type!r}"
            continue
        for name in sorted(binding.properties.keys() - allowed):
            yield f"binding {binding.name}: the property {name!r} is not known"
    trigger = function.trigger
    if trigger.direction != "in":
        yield "the trigger's direction is not 'in'"
    if function.is_triggered_by("httpTrigger"):
        yield from _http_problems(function)
    if function.is_triggered_by("timerTrigger"):
        try:
            parse_schedule(str(trigger.properties.get("schedule", "")))
        except ValueError as error:
            yield f"the schedule cannot be read: {error}"


def _http_problems(function: FunctionDescription) -> Iterator[str]:
    properties = function.trigger.properties
    if str(properties.get("authLevel", "function")).lower() not in _AUTH_LEVELS:
        yield f"authLevel is one of {', '.join(sorted(_AUTH_LEVELS))}"
    methods = properties.get("methods")
    if methods is not None and not (isinstance(methods, list) and methods and all(str(m).upper() in _METHODS for m in methods)):
        yield "methods is a list of HTTP methods, at least one; without it, all are meant"
    if not any(binding.type.lower() == "http" and binding.direction == "out" for binding in function.bindings):
        yield "there is no 'http' binding of direction 'out': the function cannot answer"
