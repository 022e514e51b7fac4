"""Request bodies checked against the schema, with Graph's answers for what does not fit."""

from typing import Any

from emulator.graph.call import Call
from emulator.graph.errors import GraphError, bad_request, invalid_value, not_found
from emulator.schema.body import BodyError, check_action, check_body

OWNERS_AT_CREATION = 20


def checked_body(call: Call, type_name: str) -> dict[str, Any]:
    """The body of a request that creates or changes an object of `type_name`, without its annotations."""
    body = call.body()
    plain = {name: value for name, value in body.items() if "@odata." not in name or name == "@odata.type"}
    for name in call.tenant.cloud.missing_properties & plain.keys():
        raise bad_request(f"Invalid property '{name}'.")
    try:
        check_body(type_name, plain, allow_unknown=not call.tenant.assumptions.unknown_members_are_refused)
    except BodyError as error:
        raise refusal(error, type_name) from None
    return {name: _without_annotations(value) for name, value in plain.items() if name != "@odata.type"}


def checked_parameters(call: Call, action: str, bound_to: str) -> dict[str, Any]:
    """The parameters of an action; a missing body is an empty one."""
    body = call.body() if call.request.body else {}
    try:
        check_action(action, bound_to, body)
    except BodyError as error:
        raise refusal(error, bound_to) from None
    return body


def bound_ids(call: Call, name: str) -> list[str]:
    """The object ids that `name@odata.bind` refers to."""
    references = call.body().get(f"{name}@odata.bind", [])
    if not isinstance(references, list):
        raise bad_request(f"Invalid property '{name}@odata.bind'.")
    return [referenced_id(reference) for reference in references]


def existing_principals(call: Call, ids: list[str]) -> list[str]:
    """The same ids, if each is of a service principal or user that is there; GraphError 404 or 400."""
    if len(ids) > OWNERS_AT_CREATION:
        raise bad_request(f"The number of owners at creation is limited to {OWNERS_AT_CREATION}.")
    for object_id in ids:
        if call.tenant.directory.principal(object_id) is None:
            raise not_found(object_id)
    return ids


def referenced_id(reference: Any) -> str:
    """The object id at the end of a reference such as https://graph.microsoft.com/v1.0/directoryObjects/{id}."""
    if not isinstance(reference, str) or not reference.startswith("https://") or "/v1.0/" not in reference:
        raise bad_request("Invalid entity reference: expected an absolute URL of a directory object.")
    return reference.rstrip("/").rpartition("/")[2].removeprefix("directoryObjects('").removesuffix("')")


def refusal(error: BodyError, type_name: str) -> GraphError:
    """Graph's answer to a body that the schema does not allow."""
    name = error.path[0] if error.path else ""
    resource = type_name[:1].upper() + type_name[1:]
    if error.kind == "unknown":
        return bad_request(f"Invalid property '{error.path[-1]}'.")
    if error.kind == "read_only":
        return bad_request(f"Property '{error.path[-1]}' is read-only and cannot be set.", "ReadOnlyProperty", name)
    if error.kind == "null" and name:
        return invalid_value(name, resource)
    return bad_request(f"Cannot convert a value to the type of property '{name}' of resource '{resource}'.", "InvalidValue", name)


def _without_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_annotations(inner) for name, inner in value.items() if "@odata." not in name}
    if isinstance(value, list):
        return [_without_annotations(item) for item in value]
    return value
