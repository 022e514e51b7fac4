"""What the description of a door is made of: operations, answers, references to schemas."""

from shared.http.message import JSON
from shared.strict_json import JsonObject

FORM_TYPE = "application/x-www-form-urlencoded"
TEXT: JsonObject = {"type": "string"}
# Statuses are those of `shared.errors`.
_SUMMARIES = {
    400: "the request or a member of it is refused",
    401: "no credential, or not a good one",
    403: "the credential is good for something else",
    404: "there is no such thing",
    409: "another request, or the state of the client, stands against it",
    411: "a body without Content-Length",
    413: "the body is too large",
    415: "the body has another media type",
    429: "too many registrations",
    500: "the bridge or its right in the directory is at fault",
    503: "the directory can't be asked now; try again",
}
FAILING = (500, 503)
REFUSED_BODY = (400, 411, 413, 415)
MANAGING = (400, 401, 403, 404, *FAILING)
REGISTERING = (401, 403, 409, 429, *REFUSED_BODY, *FAILING)
# How callers who manage clients are known; and those who register, who may need no credential where an operator opened it.
MANAGES: list[JsonObject] = [{"credential": []}, {"apiKey": []}, {"bearer": []}]
REGISTERS: list[JsonObject] = [*MANAGES, {}]
CLIENT_ID: JsonObject = {"name": "client_id", "required": True, "schema": {"type": "string", "format": "uuid"}}


def operation(
    summary: str,
    answers: dict[int, JsonObject],
    errors: tuple[int, ...],
    *,
    security: list[JsonObject] | None = None,
    body: JsonObject | None = None,
    required: bool = True,
    parameters: list[JsonObject] | None = None,
) -> JsonObject:
    """An operation of a path: `answers` by status, and the statuses of the errors that it may come to. `required`: its body."""
    refused = {status: {"description": _SUMMARIES.get(status, "not this method here")} for status in errors}
    described = {status: {**refusal, "content": content_of("Error")} for status, refusal in refused.items()} | answers
    described_operation: JsonObject = {
        "summary": summary,
        "security": security or [],
        "responses": {str(status): described[status] for status in sorted(described)},
    }
    if parameters:
        described_operation["parameters"] = parameters
    if body is not None:
        described_operation["requestBody"] = {"required": required, "content": body}
    return described_operation


def reference(name: str) -> JsonObject:
    """Of a schema among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def content_of(schema: str | JsonObject) -> JsonObject:
    """A JSON body by the name of its schema, or by the schema."""
    return {JSON: {"schema": reference(schema) if isinstance(schema, str) else schema}}


def json_answer(schema: str | JsonObject) -> JsonObject:
    """An answer in JSON."""
    return {"description": "the answer", "content": content_of(schema)}


def object_schema(properties: JsonObject, *required: str, closed: bool = False) -> JsonObject:
    """The schema of an object; `closed`: it has no other members."""
    schema: JsonObject = {"type": "object", "properties": properties, "required": list(required)}
    return schema | {"additionalProperties": False} if closed else schema
