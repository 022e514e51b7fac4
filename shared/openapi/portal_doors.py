"""The doors of portals' own dialects, as `shared.portals` has them."""

from typing import Any

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
from shared.portals.kong import EventHook, KonnectApplication
from shared.portals.wso2 import ConnectorMetadata
from shared.strict_json import JsonObject

_DATE: JsonObject = {"type": "string", "format": "date-time"}
_EMPTY: JsonObject = {"description": "done"}
_GONE: dict[int, JsonObject] = {204: {"description": "it is gone"}}
_ABOUT_A_CLIENT: dict[str, Any] = {"security": MANAGES, "parameters": [{**CLIENT_ID, "in": "path"}]}
_WITH_BODY = (*MANAGING, 405, 411, 413, 415)


def portal_paths() -> JsonObject:
    """The paths below /kong and /wso2."""
    return {f"/kong{path}": item for path, item in _kong().items()} | {f"/wso2{path}": item for path, item in _wso2().items()}


def portal_schemas() -> JsonObject:
    """What the dialects' requests and answers are made of."""
    schemas: JsonObject = {}
    for model in (EventHook, KonnectApplication, ConnectorMetadata):
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= described.pop("$defs", {}) | {model.__name__: described}
    for schema in schemas.values():
        for shown in (schema, *schema.get("properties", {}).values()):
            shown.pop("title", None)
    schemas["ConnectorMetadata"]["description"] = (
        "What a connector sends: the other members are those of ClientMetadata, and null is absent."
    )
    secret: JsonObject = {"client_id": {"type": "string", "format": "uuid"}, "client_secret": TEXT}
    dates = dict.fromkeys(("client_id_issued_at", "client_secret_expires_at"), _DATE)
    token: JsonObject = {"access_token": TEXT, "token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"}}
    event = schemas.pop("EventHook")["properties"]["event"]
    return {
        **schemas,
        "KonnectEvent": event,
        "KonnectCredentials": object_schema(secret | dates, "client_id", "client_secret", closed=True),
        "KonnectSecret": object_schema(secret, *secret, closed=True),
        "CallerTokenRequest": object_schema({"grant_type": {"const": "client_credentials"}, "scope": TEXT}, "grant_type"),
        "CallerToken": object_schema(token, *token, closed=True),
        "Revocation": object_schema({"token": TEXT, "token_type_hint": TEXT}, "token"),
    }


def _kong() -> JsonObject:
    created, renewed = {201: json_answer("KonnectCredentials")}, {200: json_answer("KonnectSecret")}
    body = content_of("KonnectApplication")
    return {
        "/": {"post": operation("Konnect creates an application", created, REGISTERING, security=REGISTERS, body=body)},
        "/{client_id}": {"delete": operation("Konnect deletes an application", _GONE, (*MANAGING, 405), **_ABOUT_A_CLIENT)},
        "/{client_id}/new-secret": {
            "post": operation("Konnect renews a secret, which ends the old one", renewed, (*_WITH_BODY, 409), **_ABOUT_A_CLIENT)
        },
        "/{client_id}/event-hook": {
            "post": operation(
                "what happened to an application in Konnect",
                {200: _EMPTY},
                (*_WITH_BODY, 409),
                body=content_of("KonnectEvent"),
                **_ABOUT_A_CLIENT,
            )
        },
    }


def _wso2() -> JsonObject:
    read, made = {200: json_answer("ClientInformation")}, {201: json_answer("ClientInformation")}
    body = content_of("ConnectorMetadata")
    renewal = operation("Okta's connector renews a secret", read, (*_WITH_BODY, 409), **_ABOUT_A_CLIENT)
    in_query: dict[str, Any] = {"security": MANAGES, "parameters": [{**CLIENT_ID, "in": "query"}]}
    return {
        "/token": {"post": _of_caller("a connector gets an access token", "CallerTokenRequest", json_answer("CallerToken"))},
        "/revoke": {"post": _of_caller("a connector gives its token back (RFC 7009)", "Revocation", _EMPTY)},
        "/register": {
            "post": operation("a connector registers a client", made, REGISTERING, security=REGISTERS, body=body),
            **_managed(in_query),
        },
        "/register/{client_id}": _managed(_ABOUT_A_CLIENT),
        "/register/{client_id}/lifecycle/newSecret": {"put": renewal, "post": renewal},
        "/register/{client_id}/regenerate-consumer-secret": {
            "post": operation("the resident connector renews a secret", made, (*_WITH_BODY, 409), **_ABOUT_A_CLIENT)
        },
        "/register/{client_id}/change-owner": {
            "post": operation("the resident connector names another owner", made, _WITH_BODY, **_ABOUT_A_CLIENT)
        },
    }


def _managed(about: dict[str, Any]) -> JsonObject:
    read, body = {200: json_answer("ClientInformation")}, content_of("ConnectorMetadata")
    return {
        "get": operation("a connector reads a client", read, (*MANAGING, 405), **about),
        "put": operation("a connector replaces what is registered", read, (*_WITH_BODY, 409), body=body, **about),
        "delete": operation("a connector removes a client", _GONE, (*MANAGING, 405), **about),
    }


def _of_caller(summary: str, form: str, answer: JsonObject) -> JsonObject:
    body = {FORM_TYPE: {"schema": reference(form)}}
    return operation(summary, {200: answer}, (401, *REFUSED_BODY, *FAILING), security=[{"gateway": []}], body=body)
