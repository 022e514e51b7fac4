"""The OpenAPI 3.1 description of all doors, out of the models that read their requests. Made when it is first asked for."""

from copy import deepcopy
from functools import cache
from typing import Any

from shared.http.message import JSON, Response, public_response
from shared.openapi.operations import (
    CLIENT_ID,
    FAILING,
    FORM_TYPE,
    MANAGES,
    MANAGING,
    REFUSED_BODY,
    REGISTERING,
    REGISTERS,
    TEXT,
    content_of,
    json_answer,
    object_schema,
    operation,
    reference,
)
from shared.openapi.portal_doors import portal_paths, portal_schemas
from shared.registration.client_type import APPLICATION_TYPES
from shared.registration.metadata import HUMAN_READABLE, ClientMetadata
from shared.registration.policy import AUTH_METHODS, GRANT_TYPES
from shared.strict_json import JsonObject

OPENAPI_VERSION = "3.1.0"
DESCRIPTION_VERSION = "1.0.0"
# Seconds that a reader may keep it.
DESCRIPTION_AGE = 3600

_MOMENT: JsonObject = {"type": "integer", "minimum": 0, "description": "seconds since 1970"}
_LOCALIZED = f"^({'|'.join(HUMAN_READABLE)})#[A-Za-z0-9-]+$"
# Members that a registration always has (`shared.registration.registration`).
_ALWAYS = (
    *("client_id", "client_name", "application_type"),
    *("token_endpoint_auth_method", "grant_types", "response_types", "redirect_uris"),
)
# What managing it takes: both or neither.
_MANAGING = ("registration_client_uri", "registration_access_token")


@cache
def openapi_answer(base_url: str) -> Response:
    """The description as an answer, made once."""
    return public_response(describe_doors(base_url), DESCRIPTION_AGE)


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
        "paths": _paths() | portal_paths(),
        "components": {"schemas": _schemas() | portal_schemas(), "securitySchemes": _SECURITY},
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
    in_path, in_query = {**CLIENT_ID, "in": "path"}, {**CLIENT_ID, "in": "query"}
    metadata = {"get": operation("what the bridge offers (RFC 8414)", {200: json_answer("ServerMetadata")}, (404, *FAILING))}
    probe = {200: json_answer("Health")}
    return {
        "/register": {
            "post": operation(
                "registers a client (RFC 7591)",
                {201: json_answer("ClientInformation")},
                REGISTERING,
                security=REGISTERS,
                body=content_of("ClientMetadata"),
                parameters=[{"name": "Idempotency-Key", "in": "header", "required": False, "schema": TEXT}],
            ),
            **_management(in_query),
        },
        "/register/{client_id}": _management(in_path),
        "/register/{client_id}/new-secret": {
            method: operation(
                "gives a client a new secret",
                {200: json_answer("ClientInformation")},
                (*MANAGING, 409, 411, 413),
                security=MANAGES,
                body=content_of("Rotation"),
                required=False,
                parameters=[in_path],
            )
            for method in ("post", "put", "patch")
        },
        "/introspect": {
            "post": operation(
                "whether a token is active, and whose it is (RFC 7662)",
                {
                    200: {
                        "description": "the answer; signed where the Accept header asks for it (RFC 9701)",
                        "content": {
                            JSON: {"schema": reference("Introspection")},
                            "application/token-introspection+jwt": {"schema": TEXT},
                        },
                    }
                },
                (401, 403, *REFUSED_BODY, *FAILING),
                security=[{"gateway": []}, {"bearer": []}, {}],
                body={FORM_TYPE: {"schema": reference("IntrospectionRequest")}},
            )
        },
        "/introspect/keys": {"get": operation("the keys of signed answers", {200: json_answer("KeySet")}, FAILING)},
        "/.well-known/oauth-authorization-server": metadata,
        "/.well-known/openid-configuration": deepcopy(metadata),
        "/health": {"get": operation("whether the bridge runs", probe, (500,))},
        "/health/{probe}": {
            "get": operation(
                "whether it can reach what it needs",
                probe | {503: json_answer("Health")},
                (404, 500),
                parameters=[{"name": "probe", "in": "path", "required": True, "schema": {"enum": ["live", "ready"]}}],
            )
        },
        "/audit": {
            "get": operation(
                "the state of all secrets",
                {
                    200: {
                        "description": "the report",
                        "content": {JSON: {"schema": reference("AuditReport")}, "text/csv": {}, "text/html": {}},
                    }
                },
                (400, 401, 403, *FAILING),
                security=MANAGES,
                parameters=[
                    {"name": "format", "in": "query", "required": False, "schema": {"enum": ["json", "csv", "html"]}},
                    {
                        "name": "plan",
                        "in": "query",
                        "required": False,
                        "schema": {"type": "boolean", "default": False},
                        "description": "also what the actions of the next run would do",
                    },
                ],
            )
        },
        "/openapi.json": {"get": operation("this description", {200: json_answer({"type": "object"})}, (500,))},
    }


def _management(client_id: JsonObject) -> JsonObject:
    """RFC 7592 section 2: of the client in the path, or in the query for portals that put it there."""
    shared: dict[str, Any] = {"security": MANAGES, "parameters": [client_id]}
    information = {200: json_answer("ClientInformation")}
    return {
        "get": operation("reads a client (RFC 7592)", information, (*MANAGING, 405), **shared),
        "put": operation(
            "replaces what is registered", information, (*MANAGING, 405, 411, 413, 415), body=content_of("ClientUpdate"), **shared
        ),
        "delete": operation("removes a client", {204: {"description": "it is gone"}}, (*MANAGING, 405), **shared),
    }


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
        "scope": TEXT,
        "application_type": {"enum": list(APPLICATION_TYPES)},
        "token_endpoint_auth_method": {"enum": sorted(AUTH_METHODS)},
        "grant_types": {"type": "array", "items": {"enum": sorted(GRANT_TYPES)}},
        "client_id": {"type": "string", "format": "uuid"},
        "client_id_issued_at": _MOMENT,
        "client_secret": TEXT,
        "client_secret_expires_at": _MOMENT | {"description": "seconds since 1970; 0 for never"},
        "registration_client_uri": {"type": "string", "format": "uri", "description": "not of a client that equal ones share"},
        "registration_access_token": TEXT | {"description": "not of a client that equal ones share"},
        "approval": {"enum": ["pending", "granted"], "description": "of a client that an operator has to approve"},
        "old_secrets": {"const": "ending"},
    }
    sent = {"client_id": TEXT, "client_secret": {"type": ["string", "null"]}}
    return {
        **parts,
        "ClientMetadata": asked,
        "ClientUpdate": {"allOf": [reference("ClientMetadata"), {"type": "object", "properties": sent}]},
        "ClientInformation": {
            "type": "object",
            "description": "All that is registered (RFC 7591 section 3.2.1, RFC 7592 section 3).",
            "properties": registered,
            "patternProperties": {_LOCALIZED: TEXT},
            "required": list(_ALWAYS),
            "dependentRequired": {_MANAGING[0]: [_MANAGING[1]], _MANAGING[1]: [_MANAGING[0]]},
            "additionalProperties": False,
        },
        "Rotation": {"type": "object", "properties": {"remove_old": {"type": "boolean", "default": False}}},
        "Error": object_schema({"error": TEXT, "error_description": TEXT}, "error", "error_description", closed=True),
        "IntrospectionRequest": object_schema(
            dict.fromkeys(("token", "token_type_hint", "client_id", "client_secret"), TEXT), "token"
        ),
        "Introspection": {"oneOf": [object_schema({"active": {"const": False}}, "active", closed=True), _ACTIVE]},
        "ServerMetadata": object_schema(
            {"issuer": TEXT, "authorization_endpoint": TEXT, "token_endpoint": TEXT, "jwks_uri": TEXT},
            *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
        ),
        "KeySet": object_schema({"keys": {"type": "array", "items": {"type": "object"}}}, "keys", closed=True),
        "Health": object_schema(
            {
                "status": {"enum": ["ok", "failing"]},
                "checks": {"type": "object", "additionalProperties": {"enum": ["ok", "failing"]}},
            },
            "status",
            closed=True,
        ),
        "AuditReport": object_schema(
            {"complete": {"type": "boolean"}, "clients": {"type": "integer"}, "list": {"type": "array"}},
            *("run_id", "started", "complete", "clients", "findings", "list", "timeline"),
        ),
    }


_ACTIVE: JsonObject = object_schema(
    {
        "active": {"const": True},
        **dict.fromkeys(("scope", "client_id", "token_type", "sub", "aud", "iss", "jti"), TEXT),
        **dict.fromkeys(("exp", "iat", "nbf"), _MOMENT),
        "roles": {"type": "array", "items": TEXT},
    },
    *("active", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss"),
)


def _without_null(member: JsonObject, parts: JsonObject) -> JsonObject:
    """The schema of a member in an answer, where nothing is null."""
    named = parts.get(member.get("$ref", "").rpartition("/")[2], member)
    kinds = [kind for kind in named.get("anyOf", [named]) if kind.get("type") != "null"]
    return dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
