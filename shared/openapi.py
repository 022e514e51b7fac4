"""The OpenAPI 3.1 description of all doors, out of the models that read their requests. Made when it is first asked for.

A portal's own dialect (`portals`) is described by the portal's vendor. Statuses are those of `shared.errors`.
"""

from copy import deepcopy
from functools import cache
from typing import Any

from shared.http.message import JSON, Response, json_response
from shared.registration.client_type import APPLICATION_TYPES
from shared.registration.metadata import HUMAN_READABLE, ClientMetadata
from shared.registration.policy import AUTH_METHODS, GRANT_TYPES
from shared.strict_json import JsonObject

OPENAPI_VERSION = "3.1.0"
DESCRIPTION_VERSION = "1.0.0"
# Seconds that a reader may keep it.
DESCRIPTION_AGE = 3600

_FORM = "application/x-www-form-urlencoded"
_TEXT: JsonObject = {"type": "string"}
_MOMENT: JsonObject = {"type": "integer", "minimum": 0, "description": "seconds since 1970"}
_LOCALIZED = f"^({'|'.join(HUMAN_READABLE)})#[A-Za-z0-9-]+$"
# Members that a registration always has (`shared.registration.registration`), and that managing it takes.
_ALWAYS = (
    *("client_id", "registration_client_uri", "registration_access_token", "client_name", "application_type"),
    *("token_endpoint_auth_method", "grant_types", "response_types", "redirect_uris"),
)
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
_FAILING = (500, 503)
_BODY = (400, 411, 413, 415)
_MANAGING = (400, 401, 403, 404, *_FAILING)
# An empty object is a way in without a credential, which an operator may have opened (RFC 7591 section 3).
_REGISTERS: list[JsonObject] = [{"credential": []}, {"apiKey": []}, {"bearer": []}, {}]
_MANAGES: list[JsonObject] = [{"credential": []}, {"apiKey": []}, {"bearer": []}]
_CLIENT_ID: JsonObject = {"name": "client_id", "required": True, "schema": {"type": "string", "format": "uuid"}}


@cache
def openapi_answer(base_url: str) -> Response:
    """The description as an answer, made once."""
    return json_response(200, describe_doors(base_url), {"Cache-Control": f"public, max-age={DESCRIPTION_AGE}"})


def describe_doors(base_url: str) -> JsonObject:
    """The description for a bridge at `base_url`."""
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "Entra DCR Bridge",
            "version": DESCRIPTION_VERSION,
            "description": "OAuth dynamic client registration (RFC 7591, RFC 7592) and token introspection (RFC 7662) for"
            " Microsoft Entra ID.",
        },
        "servers": [{"url": base_url}],
        "paths": _paths(),
        "components": {"schemas": _schemas(), "securitySchemes": _SECURITY},
    }


_SECURITY: JsonObject = {
    "credential": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "a configured value, as it stands"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-KEY", "description": "a configured value"},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "the client's registration access token, an initial access token, or an Entra token with an app role",
    },
    "gateway": {"type": "http", "scheme": "basic", "description": "a configured gateway; its id and secret may be in the form"},
}


# Paths


def _paths() -> JsonObject:
    in_path, in_query = {**_CLIENT_ID, "in": "path"}, {**_CLIENT_ID, "in": "query"}
    metadata = {"get": _operation("what the bridge offers (RFC 8414)", {200: _json("ServerMetadata")}, (404, *_FAILING))}
    probe = {200: _json("Health")}
    return {
        "/register": {
            "post": _operation(
                "registers a client (RFC 7591)",
                {201: _json("ClientInformation")},
                (401, 403, 409, 429, *_BODY, *_FAILING),
                security=_REGISTERS,
                body=_content("ClientMetadata"),
                parameters=[{"name": "Idempotency-Key", "in": "header", "required": False, "schema": _TEXT}],
            ),
            **_management(in_query),
        },
        "/register/{client_id}": _management(in_path),
        "/register/{client_id}/new-secret": {
            method: _operation(
                "gives a client a new secret",
                {200: _json("ClientInformation")},
                (*_MANAGING, 409, 411, 413),
                security=_MANAGES,
                body=_content("Rotation"),
                required=False,
                parameters=[in_path],
            )
            for method in ("post", "put", "patch")
        },
        "/introspect": {
            "post": _operation(
                "whether a token is active, and whose it is (RFC 7662)",
                {
                    200: {
                        "description": "the answer; signed where the Accept header asks for it (RFC 9701)",
                        "content": {
                            JSON: {"schema": _reference("Introspection")},
                            "application/token-introspection+jwt": {"schema": _TEXT},
                        },
                    }
                },
                (401, 403, *_BODY, *_FAILING),
                security=[{"gateway": []}, {"bearer": []}, {}],
                body={_FORM: {"schema": _reference("IntrospectionRequest")}},
            )
        },
        "/introspect/keys": {"get": _operation("the keys of signed answers", {200: _json("KeySet")}, _FAILING)},
        "/.well-known/oauth-authorization-server": metadata,
        "/.well-known/openid-configuration": deepcopy(metadata),
        "/health": {"get": _operation("whether the bridge runs", probe, (500,))},
        "/health/{probe}": {
            "get": _operation(
                "whether it can reach what it needs",
                probe | {503: _json("Health")},
                (404, 500),
                parameters=[{"name": "probe", "in": "path", "required": True, "schema": {"enum": ["live", "ready"]}}],
            )
        },
        "/audit": {
            "get": _operation(
                "the state of all secrets",
                {
                    200: {
                        "description": "the report",
                        "content": {JSON: {"schema": _reference("AuditReport")}, "text/csv": {}, "text/html": {}},
                    }
                },
                (400, 401, 403, *_FAILING),
                security=_MANAGES,
                parameters=[{"name": "format", "in": "query", "required": False, "schema": {"enum": ["json", "csv", "html"]}}],
            )
        },
        "/openapi.json": {"get": _operation("this description", {200: _json({"type": "object"})}, (500,))},
    }


def _management(client_id: JsonObject) -> JsonObject:
    """RFC 7592 section 2: of the client in the path, or in the query for portals that put it there."""
    shared: dict[str, Any] = {"security": _MANAGES, "parameters": [client_id]}
    information = {200: _json("ClientInformation")}
    return {
        "get": _operation("reads a client (RFC 7592)", information, (*_MANAGING, 405), **shared),
        "put": _operation(
            "replaces what is registered", information, (*_MANAGING, 405, 411, 413, 415), body=_content("ClientUpdate"), **shared
        ),
        "delete": _operation("removes a client", {204: {"description": "it is gone"}}, (*_MANAGING, 405), **shared),
    }


def _operation(
    summary: str,
    answers: dict[int, JsonObject],
    errors: tuple[int, ...],
    *,
    security: list[JsonObject] | None = None,
    body: JsonObject | None = None,
    required: bool = True,
    parameters: list[JsonObject] | None = None,
) -> JsonObject:
    refused = {status: {"description": _SUMMARIES.get(status, "not this method here")} for status in errors}
    described = {status: {**refusal, "content": _content("Error")} for status, refusal in refused.items()} | answers
    operation: JsonObject = {
        "summary": summary,
        "security": security or [],
        "responses": {str(status): described[status] for status in sorted(described)},
    }
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"required": required, "content": body}
    return operation


def _reference(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(schema: str | JsonObject) -> JsonObject:
    return {JSON: {"schema": _reference(schema) if isinstance(schema, str) else schema}}


def _json(schema: str | JsonObject) -> JsonObject:
    return {"description": "the answer", "content": _content(schema)}


# Schemas


def _schemas() -> JsonObject:
    asked = ClientMetadata.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = asked.pop("$defs")
    asked["description"] = "What a client asks for (RFC 7591 section 2). null is absent; unknown members are ignored."
    asked["patternProperties"] = {_LOCALIZED: {"type": ["string", "null"]}}
    for member in asked["properties"].values():
        for noise in ("default", "title"):
            member.pop(noise, None)
    registered = {name: _without_null(member, parts) for name, member in asked["properties"].items()}
    registered |= {
        "scope": _TEXT,
        "application_type": {"enum": list(APPLICATION_TYPES)},
        "token_endpoint_auth_method": {"enum": sorted(AUTH_METHODS)},
        "grant_types": {"type": "array", "items": {"enum": sorted(GRANT_TYPES)}},
        "client_id": {"type": "string", "format": "uuid"},
        "client_id_issued_at": _MOMENT,
        "client_secret": _TEXT,
        "client_secret_expires_at": _MOMENT | {"description": "seconds since 1970; 0 for never"},
        "registration_client_uri": {"type": "string", "format": "uri"},
        "registration_access_token": _TEXT,
        "approval": {"enum": ["pending", "granted"], "description": "of a client that an operator has to approve"},
        "old_secrets": {"const": "ending"},
    }
    sent = {"client_id": _TEXT, "client_secret": {"type": ["string", "null"]}}
    return {
        **parts,
        "ClientMetadata": asked,
        "ClientUpdate": {"allOf": [_reference("ClientMetadata"), {"type": "object", "properties": sent}]},
        "ClientInformation": {
            "type": "object",
            "description": "All that is registered (RFC 7591 section 3.2.1, RFC 7592 section 3).",
            "properties": registered,
            "patternProperties": {_LOCALIZED: _TEXT},
            "required": list(_ALWAYS),
            "additionalProperties": False,
        },
        "Rotation": {"type": "object", "properties": {"remove_old": {"type": "boolean", "default": False}}},
        "Error": _object({"error": _TEXT, "error_description": _TEXT}, "error", "error_description", closed=True),
        "IntrospectionRequest": _object(
            dict.fromkeys(("token", "token_type_hint", "client_id", "client_secret"), _TEXT), "token"
        ),
        "Introspection": {"oneOf": [_object({"active": {"const": False}}, "active", closed=True), _ACTIVE]},
        "ServerMetadata": _object(
            {"issuer": _TEXT, "authorization_endpoint": _TEXT, "token_endpoint": _TEXT, "jwks_uri": _TEXT},
            *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
        ),
        "KeySet": _object({"keys": {"type": "array", "items": {"type": "object"}}}, "keys", closed=True),
        "Health": _object(
            {
                "status": {"enum": ["ok", "failing"]},
                "checks": {"type": "object", "additionalProperties": {"enum": ["ok", "failing"]}},
            },
            "status",
            closed=True,
        ),
        "AuditReport": _object(
            {"complete": {"type": "boolean"}, "clients": {"type": "integer"}, "list": {"type": "array"}},
            *("run_id", "started", "complete", "clients", "findings", "list", "timeline"),
        ),
    }


def _object(properties: JsonObject, *required: str, closed: bool = False) -> JsonObject:
    schema: JsonObject = {"type": "object", "properties": properties, "required": list(required)}
    return schema | {"additionalProperties": False} if closed else schema


_ACTIVE: JsonObject = _object(
    {
        "active": {"const": True},
        **dict.fromkeys(("scope", "client_id", "token_type", "sub", "aud", "iss", "jti"), _TEXT),
        **dict.fromkeys(("exp", "iat", "nbf"), _MOMENT),
        "roles": {"type": "array", "items": _TEXT},
    },
    *("active", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss"),
)


def _without_null(member: JsonObject, parts: JsonObject) -> JsonObject:
    """The schema of a member in an answer, where nothing is null."""
    named = parts.get(member.get("$ref", "").rpartition("/")[2], member)
    kinds = [kind for kind in named.get("anyOf", [named]) if kind.get("type") != "null"]
    return dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
